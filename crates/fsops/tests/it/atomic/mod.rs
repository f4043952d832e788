//! `AtomicFile` and `write_atomic`: what replaces a file, and what is left when nothing does.

mod exchanged;
mod left_overs;
mod readers;
mod targets;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use fsops::{AtomicFile, Durability, write_atomic};

#[cfg(unix)]
use crate::support::set_mode;
use crate::support::{Lab, NEW, OLD, mode_of};

const BOTH: [Durability; 2] = [Durability::Full, Durability::Atomic];

fn replace(path: &Path, durability: Durability) {
    let mut file = AtomicFile::create(path, durability).unwrap();
    file.write_all(NEW).unwrap();
    file.commit().unwrap();
}

#[test]
fn the_new_content_takes_the_place_of_the_old() {
    for lab in Lab::everywhere() {
        let path = lab.old_target();
        let old_inode = testkit::stat(&path).inode;
        write_atomic(&path, NEW).unwrap();
        assert_eq!(fs::read(&path).unwrap(), NEW);
        assert_ne!(testkit::stat(&path).inode, old_inode);
        assert_eq!(lab.names(), ["state.json"]);
        write_atomic(&path, b"").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(lab.names(), ["state.json"]);
    }
}

#[test]
fn a_missing_file_is_created() {
    let lab = Lab::new();
    for (index, durability) in BOTH.into_iter().enumerate() {
        let path = lab.join(index.to_string());
        replace(&path, durability);
        assert_eq!(fs::read(&path).unwrap(), NEW);
    }
    assert_eq!(lab.names(), ["0", "1"]);
}

#[test]
fn content_arrives_whole_however_it_is_written() {
    let lab = Lab::new();
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let mut file = AtomicFile::create(lab.target(), Durability::Atomic).unwrap();
    for (index, part) in bytes.chunks(70_001).enumerate() {
        file.write_all(part).unwrap();
        if index % 2 == 0 {
            file.flush().unwrap();
        }
    }
    file.commit().unwrap();
    assert_eq!(fs::read(lab.target()).unwrap(), bytes);
}

#[test]
#[cfg(unix)] // Windows has no modes and owners.
fn the_mode_of_the_replaced_file_is_kept() {
    for lab in Lab::everywhere() {
        for mode in [0o640, 0o600, 0o755, 0o444, 0o666, 0o4755, 0o2750] {
            for durability in BOTH {
                let path = lab.old_target();
                set_mode(&path, mode);
                replace(&path, durability);
                assert_eq!(fs::read(&path).unwrap(), NEW);
                assert_eq!(mode_of(&path), mode, "{mode:o}");
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

#[test]
#[cfg(unix)] // Windows has no modes and owners.
fn a_mode_that_changes_while_the_file_is_written_is_kept() {
    let lab = Lab::new();
    let path = lab.old_target();
    set_mode(&path, 0o644);
    let file = AtomicFile::create(&path, Durability::Full).unwrap();
    set_mode(&path, 0o600);
    file.commit().unwrap();
    assert_eq!(mode_of(&path), 0o600);
}

#[test]
#[cfg(unix)] // Windows has no modes and owners.
fn the_owner_of_the_replaced_file_is_kept_if_we_may() {
    let Some(other) = testkit::other_user() else {
        return testkit::skip("not root");
    };
    for lab in Lab::everywhere() {
        // Changing the owner clears the set-id bits, which must be there all the same afterwards.
        for mode in [0o640, 0o6755] {
            let path = lab.old_target();
            chown(&path, Some(other), Some(other - 1)).unwrap();
            set_mode(&path, mode);
            write_atomic(&path, NEW).unwrap();
            let look = fs::metadata(&path).unwrap();
            assert_eq!((look.uid(), look.gid()), (other, other - 1));
            assert_eq!(mode_of(&path), mode);
            assert_eq!(fs::read(&path).unwrap(), NEW);
        }
    }
}

#[test]
#[cfg(unix)] // Windows has no modes and owners.
fn a_file_in_the_making_is_closed_to_others() {
    let lab = Lab::new();
    let path = lab.old_target();
    set_mode(&path, 0o600);
    let file = AtomicFile::create(&path, Durability::Full).unwrap();
    assert_eq!(mode_of(&temporary(&lab)) & 0o077, 0);
    file.discard().unwrap();
}

#[cfg(unix)] // A temporary that is open keeps its name on Windows.
#[test]
fn nobody_sees_the_new_content_before_the_commit() {
    let lab = Lab::new();
    let path = lab.old_target();
    let before = lab.snapshot();
    let mut file = AtomicFile::create(&path, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    assert_eq!(file.target(), path);
    assert_eq!(fs::read(&path).unwrap(), OLD);
    let ready = file.make_ready().unwrap();
    assert_eq!(fs::read(&path).unwrap(), OLD);
    fs::remove_file(temporary(&lab)).unwrap();
    assert_eq!(lab.snapshot(), before, "something else than the temporary was made");
    ready.commit().unwrap_err();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_temporary_is_named_after_its_target_and_lies_beside_it() {
    let lab = Lab::new();
    let files: Vec<_> =
        (0..20).map(|_| AtomicFile::create(lab.target(), Durability::Atomic).unwrap()).collect();
    let names = lab.names();
    assert_eq!(names.len(), files.len());
    for name in &names {
        let unique = name.strip_prefix("state.json.tmp-").unwrap_or_else(|| panic!("{name}"));
        assert!(unique.len() >= 8 && unique.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
    }
    drop(files);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn what_is_not_committed_leaves_nothing() {
    type GiveUp = fn(AtomicFile);
    let ways: [(&str, GiveUp); 3] = [
        ("drop", |file| drop(file)),
        ("discard", |file| file.discard().unwrap()),
        ("ready, then drop", |file| drop(file.make_ready().unwrap())),
    ];
    for durability in BOTH {
        for (way, give_up) in ways {
            let lab = Lab::new();
            for path in [lab.old_target(), lab.join("new.json")] {
                let before = lab.snapshot();
                let mut file = AtomicFile::create(&path, durability).unwrap();
                file.write_all(NEW).unwrap();
                assert_ne!(lab.snapshot(), before);
                give_up(file);
                assert_eq!(lab.snapshot(), before, "{way}");
            }
        }
    }
}

#[test]
fn a_panic_in_the_middle_leaves_nothing() {
    let lab = Lab::new();
    let path = lab.old_target();
    let before = lab.snapshot();
    let writer = std::thread::spawn(move || {
        let mut file = AtomicFile::create(&path, Durability::Full).unwrap();
        file.write_all(NEW).unwrap();
        std::panic::resume_unwind(Box::new("no message"));
    });
    assert!(writer.join().is_err());
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn another_link_to_the_old_file_keeps_the_old_content() {
    let lab = Lab::new();
    let path = lab.old_target();
    fs::hard_link(&path, lab.join("other name")).unwrap();
    write_atomic(&path, NEW).unwrap();
    assert_eq!(fs::read(lab.join("other name")).unwrap(), OLD);
    assert_eq!(fs::read(&path).unwrap(), NEW);
}

#[test]
#[cfg(unix)] // Windows has no such names.
fn a_name_that_is_not_utf8_works() {
    let lab = Lab::new();
    let path = lab.join(OsStr::from_bytes(b"st\xff\xc3te.json"));
    write_atomic(&path, OLD).unwrap();
    write_atomic(&path, NEW).unwrap();
    assert_eq!(fs::read(&path).unwrap(), NEW);
    assert_eq!(fs::read_dir(lab.root()).unwrap().count(), 1);
}

#[cfg(unix)] // Not from one drive to another.
#[test]
fn a_relative_path_counts_from_the_current_directory() {
    let lab = Lab::new();
    let here = std::env::current_dir().unwrap();
    let mut relative: PathBuf = here.components().skip(1).map(|_| "..").collect();
    relative.extend(lab.target().components().skip(1));
    assert!(relative.is_relative());
    let file = AtomicFile::create(&relative, Durability::Full).unwrap();
    assert!(file.target().is_absolute());
    file.commit().unwrap();
    assert!(lab.target().exists());
}

#[test]
fn a_file_that_vanishes_while_its_successor_is_written_is_created() {
    let lab = Lab::new();
    let path = lab.old_target();
    let mut file = AtomicFile::create(&path, Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    fs::remove_file(&path).unwrap();
    file.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), NEW);
    assert_eq!(lab.names(), ["state.json"]);
}

/// The only temporary in `lab`.
fn temporary(lab: &Lab) -> PathBuf {
    let mut names = lab.names();
    names.retain(|name| name.contains(".tmp-"));
    assert_eq!(names.len(), 1, "{names:?}");
    lab.join(names.remove(0))
}
