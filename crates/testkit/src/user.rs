//! Another user than the one who runs the tests.

/// The number of an unprivileged user that a child can run as
/// ([`ChildTest::user`](crate::ChildTest::user)). `None` if we are not root and so cannot start
/// one.
pub fn other_user() -> Option<u32> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        // "nobody", or nobody at all: no file is expected to belong to it.
        return Some(65534);
    }
    None
}

/// The numbers of three unprivileged users, different from [`other_user`], each with a group of the
/// same number. `None` if we are not root and so cannot start a process as one of them.
pub fn users() -> Option<[u32; 3]> {
    other_user().map(|_| [2001, 2002, 2003])
}
