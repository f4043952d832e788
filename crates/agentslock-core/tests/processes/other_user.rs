//! A user who may read the document but not write it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use agentslock_core::{FileError, FlushError, Lockfile, OpenError};
use filelock::AcquireError;
use testkit::{ChildTest, other_user, skip};

use crate::support::{DOCUMENT, Lab};

#[test]
fn child_may_only_read() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("DOCUMENT");
    let lockfile = Lockfile::open(&path).unwrap();
    assert_eq!(lockfile.text(), DOCUMENT);
    lockfile.set_section("a", &1).unwrap();
    for error in [
        lockfile.flush().unwrap_err(),
        Lockfile::update(&path, |_| Ok::<_, FlushError>(())).unwrap_err(),
    ] {
        // At once, since waiting would not help.
        assert!(!error.is_contention());
        assert!(
            matches!(error, FlushError::File(FileError::Lock(AcquireError::Denied { .. }))),
            "{error:?}"
        );
    }
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
    let error = Lockfile::open(path.with_file_name("closed")).unwrap_err();
    assert!(matches!(error, OpenError::Read(_)), "{error:?}");
}

#[test]
fn who_may_not_write_reads_and_is_told_so_when_flushing() {
    let Some(other) = other_user() else {
        return skip("not root");
    };
    let lab = Lab::with(DOCUMENT);
    fs::write(lab.join("closed"), "{}").unwrap();
    for (name, mode) in [("closed", 0o600), (".agentsrc.lock", 0o666), (".", 0o755)] {
        fs::set_permissions(lab.join(name), Permissions::from_mode(mode)).unwrap();
    }
    let before = lab.snapshot();
    let child = ChildTest::new(module_path!(), "child_may_only_read").user(other);
    child.var("DOCUMENT", lab.path()).spawn().succeed();
    assert_eq!(lab.snapshot(), before);
}
