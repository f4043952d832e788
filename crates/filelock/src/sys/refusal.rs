//! Which refusals last: the system will answer so each time (Linux, macOS and the BSDs).

use std::io;

use rustix::io::Errno;

/// Not permitted, or no such thing here. ENOTSUP and EOPNOTSUPP are two on macOS; std's kinds know
/// one of them.
const LASTING: [Errno; 5] =
    [Errno::PERM, Errno::ACCESS, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS];

/// Whether `error` says that modes cannot be changed here: FAT, network shares and FUSE refuse it,
/// if they keep none.
pub(crate) fn is_refused(error: &io::Error) -> bool {
    LASTING.iter().any(|number| error.raw_os_error() == Some(number.raw_os_error()))
}

/// Whether what is denied now can be allowed soon: here modes and sandboxes deny, and stay as they
/// are.
pub(crate) const DENIALS_PASS: bool = false;

/// Whether what was denied is worth another try, where denials pass.
pub(crate) fn can_pass(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// Whether `error` says that nobody is ever asked for an OS lock here: a sandbox refuses it, or the
/// file system has none. Any other error is one of this moment.
pub(crate) fn is_never_locked(error: &io::Error) -> bool {
    is_refused(error) || error.raw_os_error() == Some(Errno::INVAL.raw_os_error())
}

/// Why the system refuses something, as far as the number of its error tells, and what to do.
pub(crate) fn cause(error: &io::Error) -> &'static str {
    cause_on(error, cfg!(target_vendor = "apple"))
}

/// EPERM is not EACCES: only the second one speaks of modes. On macOS the first one comes from a
/// sandbox or from a privacy setting, and can come and go while a program runs.
fn cause_on(error: &io::Error, is_apple: bool) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM) if is_apple => {
            "a matter of permissions, not of a held lock; if the modes allow it: a sandbox or a \
             privacy setting, which must let this program create, rename and remove directories"
        }
        Some(Errno::PERM) => {
            "a matter of permissions, not of a held lock; if the modes allow it: a sandbox, a sticky \
             directory, or an immutable one (`lsattr -d`)"
        }
        Some(Errno::ROFS) => "the file system is read-only; not a matter of a held lock",
        _ => "a matter of permissions, not of a held lock",
    }
}

/// Whether this process acts as `user`.
pub(crate) fn is_this_user(user: u32) -> bool {
    rustix::process::geteuid().as_raw() == user
}

/// The error that each `flock` of this process fails with, if its environment asks for that: see
/// [`FLOCK_FAILS`](super::FLOCK_FAILS).
#[cfg(feature = "testing")]
pub(super) fn of_flock() -> Option<io::Error> {
    static NUMBER: std::sync::OnceLock<Option<Errno>> = std::sync::OnceLock::new();
    let number = *NUMBER.get_or_init(|| {
        let name = std::env::var(super::FLOCK_FAILS).ok()?;
        let known = NAMES.iter().find(|(known, _)| *known == name);
        // What is misspelt must be noticed: no test expects this one.
        Some(known.map_or(Errno::NOTTY, |(_, number)| *number))
    });
    number.map(io::Error::from)
}

#[cfg(feature = "testing")]
const NAMES: [(&str, Errno); 9] = [
    ("EPERM", Errno::PERM),
    ("EACCES", Errno::ACCESS),
    ("ENOTSUP", Errno::NOTSUP),
    ("EOPNOTSUPP", Errno::OPNOTSUPP),
    ("ENOSYS", Errno::NOSYS),
    ("EINVAL", Errno::INVAL),
    ("EIO", Errno::IO),
    ("ENOLCK", Errno::NOLCK),
    ("EMFILE", Errno::MFILE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_told_from_modes() {
        let cause = |number: Errno, is_apple| cause_on(&number.into(), is_apple);
        assert!(cause(Errno::PERM, true).contains("a sandbox or a privacy setting"));
        assert!(cause(Errno::PERM, false).contains("immutable"));
        for is_apple in [false, true] {
            assert_eq!(
                cause(Errno::ACCESS, is_apple),
                "a matter of permissions, not of a held lock"
            );
            assert!(cause(Errno::ROFS, is_apple).contains("read-only"));
        }
    }

    #[test]
    fn refusals_that_last_are_told_from_those_of_a_moment() {
        for number in LASTING {
            assert!(is_refused(&number.into()) && is_never_locked(&number.into()), "{number}");
        }
        assert!(is_never_locked(&Errno::INVAL.into()) && !is_refused(&Errno::INVAL.into()));
        for number in [Errno::IO, Errno::NOLCK, Errno::MFILE, Errno::NFILE, Errno::NOMEM] {
            assert!(!is_never_locked(&number.into()), "{number}");
        }
    }
}
