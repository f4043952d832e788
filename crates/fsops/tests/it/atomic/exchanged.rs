//! The file that is replaced is the file that was read, whatever becomes of the path meanwhile.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use fsops::{AtomicFile, Durability, ReplaceError, read};

use crate::support::{Lab, NEW, OLD, names};

const OTHER: &[u8] = b"another file, which nobody read\n";

/// Two directories with a file of one name.
fn two_directories(lab: &Lab) {
    for (directory, content) in [("d", OLD), ("e", OTHER)] {
        fs::create_dir(lab.join(directory)).unwrap();
        fs::write(lab.join(directory).join("state.json"), content).unwrap();
    }
}

/// Each name gets what the other one had.
fn exchange(lab: &Lab, one: &str, other: &str) {
    for (from, to) in [(one, "third"), (other, one), ("third", other)] {
        fs::rename(lab.join(from), lab.join(to)).unwrap();
    }
}

#[track_caller]
fn assert_content(path: &Path, expected: &[u8]) {
    let found = fs::read(path).unwrap();
    assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(expected));
}

#[test]
fn another_file_at_the_path_is_not_taken_for_the_one_that_was_read() {
    for durability in [Durability::Full, Durability::Atomic] {
        let lab = Lab::new();
        two_directories(&lab);
        let path = lab.join("d/state.json");
        let contents = read(&path).unwrap();
        exchange(&lab, "d", "e");
        let error = AtomicFile::replacing(&path, &contents.version, durability).unwrap_err();
        assert!(matches!(&error, ReplaceError::Changed { path: of } if *of == path), "{error:?}");
        assert!(error.to_string().contains("another program"), "{error}");
        assert!(!error.is_committed());
        assert_content(&path, OTHER);
        assert_eq!(names(&lab.join("d")), ["state.json"]);
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_exchanged_before_the_rename_is_the_one_that_is_written_to() {
    let lab = Lab::new();
    two_directories(&lab);
    let path = lab.join("d/state.json");
    let contents = read(&path).unwrap();
    let mut file = AtomicFile::replacing(&path, &contents.version, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    let file = file.make_ready().unwrap();
    exchange(&lab, "d", "e");
    // The caller's look by path says so.
    assert!(!contents.version.is_current(&path).unwrap());
    file.commit().unwrap();
    assert_content(&path, OTHER);
    assert_content(&lab.join("e/state.json"), NEW);
    for directory in ["d", "e"] {
        assert_eq!(names(&lab.join(directory)), ["state.json"]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_comes_to_be_at_the_path_is_not_followed() {
    let lab = Lab::new();
    two_directories(&lab);
    let path = lab.join("d/state.json");
    let contents = read(&path).unwrap();
    let mut file = AtomicFile::replacing(&path, &contents.version, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("../e/state.json", &path).unwrap();
    let error = file.commit().unwrap_err();
    assert!(matches!(error, ReplaceError::Changed { .. }), "{error:?}");
    assert_content(&lab.join("e/state.json"), OTHER);
    assert_eq!(names(&lab.join("d")), ["state.json"]);
}

#[test]
fn a_change_until_the_rename_is_noticed_and_the_temporary_goes() {
    let overwrite: fn(&Path) = |path| fs::write(path, OTHER).unwrap();
    let replace: fn(&Path) = |path| {
        fs::write(path.with_file_name("new"), OTHER).unwrap();
        fs::rename(path.with_file_name("new"), path).unwrap();
    };
    for change in [overwrite, replace] {
        let lab = Lab::new();
        lab.old_target();
        let contents = read(lab.target()).unwrap();
        let mut file =
            AtomicFile::replacing(lab.target(), &contents.version, Durability::Full).unwrap();
        file.write_all(NEW).unwrap();
        change(&lab.target());
        let error = file.commit().unwrap_err();
        assert!(matches!(error, ReplaceError::Changed { .. }), "{error:?}");
        assert_content(&lab.target(), OTHER);
        assert_eq!(lab.names(), ["state.json"]);
    }
}

#[test]
fn a_file_that_was_removed_is_not_made_again() {
    let lab = Lab::new();
    lab.old_target();
    let contents = read(lab.target()).unwrap();
    let mut file =
        AtomicFile::replacing(lab.target(), &contents.version, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    fs::remove_file(lab.target()).unwrap();
    assert!(matches!(file.commit().unwrap_err(), ReplaceError::Changed { .. }));
    let error = AtomicFile::replacing(lab.target(), &contents.version, Durability::Full);
    assert!(matches!(error.unwrap_err(), ReplaceError::Changed { .. }));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn where_there_was_no_file_one_that_came_meanwhile_stays() {
    let lab = Lab::new();
    let contents = read(lab.target()).unwrap();
    for at_the_rename in [true, false] {
        let file = AtomicFile::replacing(lab.target(), &contents.version, Durability::Full);
        let error = if at_the_rename {
            let mut file = file.unwrap();
            file.write_all(NEW).unwrap();
            fs::write(lab.target(), OTHER).unwrap();
            file.commit().unwrap_err()
        } else {
            file.unwrap_err()
        };
        assert!(matches!(error, ReplaceError::Changed { .. }), "{error:?}");
        assert_content(&lab.target(), OTHER);
        assert_eq!(lab.names(), ["state.json"]);
    }
    fs::remove_file(lab.target()).unwrap();
    let mut file =
        AtomicFile::replacing(lab.target(), &contents.version, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    file.commit().unwrap();
    assert_content(&lab.target(), NEW);
}

#[cfg(unix)] // Windows removes no directory in which a file is open.
#[test]
fn a_directory_that_was_removed_is_not_made_again() {
    let lab = Lab::new();
    fs::create_dir(lab.join("d")).unwrap();
    let path = lab.join("d/state.json");
    let contents = read(&path).unwrap();
    fs::remove_dir(lab.join("d")).unwrap();
    let error = AtomicFile::replacing(&path, &contents.version, Durability::Full).unwrap_err();
    let ReplaceError::Io { source, verb, .. } = error else { panic!("{error:?}") };
    assert_eq!((source.kind(), verb), (ErrorKind::NotFound, "open the directory"));
    assert_eq!(lab.names(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn in_a_directory_that_was_moved_the_temporary_is_removed() {
    let lab = Lab::new();
    two_directories(&lab);
    let path = lab.join("d/state.json");
    let contents = read(&path).unwrap();
    let file = AtomicFile::replacing(&path, &contents.version, Durability::Full).unwrap();
    fs::rename(lab.join("d"), lab.join("moved")).unwrap();
    file.discard().unwrap();
    assert_eq!(names(&lab.join("moved")), ["state.json"]);
    assert_eq!(lab.names(), ["e", "moved"]);
}

#[cfg(unix)]
#[test]
fn what_is_renamed_aside_or_removed_is_in_the_directory_that_was_opened() {
    for remove in [true, false] {
        let lab = Lab::new();
        two_directories(&lab);
        let path = lab.join("d/state.json");
        let contents = read(&path).unwrap();
        let file = AtomicFile::replacing(&path, &contents.version, Durability::Full).unwrap();
        let mut file = file.make_ready().unwrap();
        exchange(&lab, "d", "e");
        if remove {
            file.remove_target().unwrap();
            assert_eq!(names(&lab.join("e")), [""; 0]);
        } else {
            file.move_target_aside("archive").unwrap();
            file.commit().unwrap();
            assert_eq!(names(&lab.join("e")), ["archive", "state.json"]);
            assert_content(&lab.join("e/archive"), OLD);
            assert_content(&lab.join("e/state.json"), b"");
        }
        assert_content(&path, OTHER);
        assert_eq!(names(&lab.join("d")), ["state.json"]);
    }
}

#[test]
fn what_was_missing_when_it_was_read_is_not_removed_when_it_is_there() {
    let lab = Lab::new();
    for there in [false, true] {
        let contents = read(lab.target()).unwrap();
        let file = AtomicFile::replacing(lab.target(), &contents.version, Durability::Full);
        let file = file.unwrap().make_ready().unwrap();
        if !there {
            file.remove_target().unwrap();
            continue;
        }
        lab.old_target();
        let error = file.remove_target().unwrap_err();
        assert!(matches!(error, ReplaceError::Changed { .. }), "{error}");
        assert_content(&lab.target(), OLD);
    }
}

#[test]
fn nothing_is_renamed_aside_over_a_file_and_a_name_that_is_taken_meanwhile_stays() {
    let lab = Lab::new();
    lab.old_target();
    fs::write(lab.join("archive"), OTHER).unwrap();
    let file = AtomicFile::create(lab.target(), Durability::Full).unwrap();
    let mut file = file.make_ready().unwrap();
    let error = file.move_target_aside("archive").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_content(&lab.target(), OLD);
    fs::create_dir(lab.join("below")).unwrap();
    file.move_target_aside("below/archive").unwrap();
    fs::write(lab.target(), OTHER).unwrap();
    assert!(matches!(file.commit().unwrap_err(), ReplaceError::Changed { .. }));
    assert_content(&lab.target(), OTHER);
    assert_content(&lab.join("below/archive"), OLD);
}
