//! What a user may not do is an error that changes nothing.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, chown};

use fsops::{
    AppendError, Durability, ReadFileError, ReplaceError, append_record, create_parents, read,
    remove_left_over_temporaries, write_atomic,
};
use testkit::{ChildTest, other_user, skip};

use crate::support::{Lab, NEW, OLD, mode_of, set_mode};

/// Runs `function` as the other user, in `lab`. `false`: not possible here.
#[track_caller]
fn run_as_other(function: &str, lab: &Lab) -> bool {
    let Some(other) = other_user() else {
        skip("only root can start a process as another user");
        return false;
    };
    let child = ChildTest::new(module_path!(), function).user(other);
    child.var("DIRECTORY", lab.root()).spawn().succeed();
    true
}

#[test]
fn child_may_not_write_here() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    for name in ["state.json", "new.json"] {
        let error = write_atomic(directory.join(name), NEW).unwrap_err();
        assert!(!error.is_committed());
        let ReplaceError::Io { source, path, .. } = error else { panic!("{error:?}") };
        assert_eq!((source.kind(), path), (ErrorKind::PermissionDenied, directory.clone()));
    }
    for name in ["new.log", "unwritable.log", "unreadable.log"] {
        let error = append_record(directory.join(name), b"{}").unwrap_err();
        let AppendError::Io { source, path, .. } = error else { panic!("{error:?}") };
        assert_eq!((source.kind(), path), (ErrorKind::PermissionDenied, directory.join(name)));
    }
    let error = create_parents(directory.join("new/file"), Durability::Full).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let error = read(directory.join("unreadable.log")).unwrap_err();
    let ReadFileError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::PermissionDenied);
    // What it may not remove is passed over.
    let age = std::time::Duration::ZERO;
    assert_eq!(remove_left_over_temporaries(directory.join("state.json"), age).unwrap(), 0);
}

#[test]
fn in_a_directory_that_one_may_not_write_to_nothing_changes() {
    let lab = Lab::new();
    // The file itself is open to all: it is the directory that counts.
    set_mode(&lab.old_target(), 0o666);
    fs::write(lab.join("state.json.tmp-01234567hPbO"), "").unwrap();
    for (name, mode) in [("unwritable.log", 0o644), ("unreadable.log", 0o622)] {
        fs::write(lab.join(name), "{}\n").unwrap();
        set_mode(&lab.join(name), mode);
    }
    set_mode(lab.root(), 0o755);
    let before = lab.snapshot();
    if run_as_other("child_may_not_write_here", &lab) {
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn child_replaces_what_is_not_its_own() {
    let Some(parent) = testkit::parent() else { return };
    write_atomic(parent.path("DIRECTORY").join("state.json"), NEW).unwrap();
}

#[test]
fn who_may_not_give_the_file_back_to_its_owner_still_replaces_it() {
    let lab = Lab::new();
    lab.old_target();
    set_mode(&lab.target(), 0o640);
    set_mode(lab.root(), 0o777);
    if run_as_other("child_replaces_what_is_not_its_own", &lab) {
        assert_eq!(fs::read(lab.target()).unwrap(), NEW);
        assert_eq!(Some(fs::metadata(lab.target()).unwrap().uid()), other_user());
        assert_eq!(mode_of(&lab.target()) & 0o700, 0o600);
        assert_eq!(lab.names(), ["state.json"]);
    }
}

#[test]
fn child_cannot_follow_the_way() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("DIRECTORY").join("closed/state.json");
    let error = write_atomic(&path, NEW).unwrap_err();
    let ReplaceError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::PermissionDenied);
    let error = read(&path).unwrap_err();
    let ReadFileError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_file_that_one_cannot_see_is_not_taken_for_a_missing_one() {
    let lab = Lab::new();
    fs::create_dir(lab.join("closed")).unwrap();
    fs::write(lab.join("closed/state.json"), OLD).unwrap();
    set_mode(&lab.join("closed"), 0o700);
    set_mode(lab.root(), 0o755);
    let before = lab.snapshot();
    if run_as_other("child_cannot_follow_the_way", &lab) {
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn who_may_not_keep_the_group_gives_its_rights_to_no_other_group() {
    let Some(other) = other_user() else { return skip("not root") };
    // Another group gets what all others get, and nothing runs as somebody else. Where the old
    // group had less than all others, they get no more than that: its members are others now.
    for (mode, expected) in
        [(0o660, 0o600), (0o664, 0o644), (0o607, 0o600), (0o2670, 0o600), (0o6755, 0o755)]
    {
        let lab = Lab::new();
        lab.old_target();
        chown(lab.target(), None, Some(12_345)).unwrap();
        set_mode(&lab.target(), mode);
        set_mode(lab.root(), 0o777);
        run_as_other("child_replaces_what_is_not_its_own", &lab);
        assert_eq!(fs::read(lab.target()).unwrap(), NEW);
        let look = fs::metadata(lab.target()).unwrap();
        assert_eq!((look.uid(), look.gid()), (other, other));
        assert_eq!(mode_of(&lab.target()), expected, "{mode:o}");
    }
}

#[test]
fn who_is_not_the_owner_but_of_the_group_keeps_the_group_and_its_rights() {
    let Some(other) = other_user() else { return skip("not root") };
    let lab = Lab::new();
    lab.old_target();
    chown(lab.target(), None, Some(other)).unwrap();
    set_mode(&lab.target(), 0o664);
    set_mode(lab.root(), 0o777);
    run_as_other("child_replaces_what_is_not_its_own", &lab);
    let look = fs::metadata(lab.target()).unwrap();
    assert_eq!((look.uid(), look.gid(), mode_of(&lab.target())), (other, other, 0o664));
}
