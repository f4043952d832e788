//! `read`, and which version of a file was read.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Write};
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use fsops::{Contents, ReadFileError, Version, read, write_atomic};
use testkit::{wait_until, within};

use crate::support::{Lab, NEW, OLD, WATCHDOG, no_files};

#[test]
fn the_whole_file_is_read() {
    for lab in Lab::everywhere() {
        for content in [&b""[..], b"\0\xff", &vec![b'x'; 3_000_001]] {
            fs::write(lab.target(), content).unwrap();
            let Contents { bytes, version, .. } = read(lab.target()).unwrap();
            assert_eq!(bytes.unwrap(), content);
            assert!(!version.is_missing());
            assert!(version.is_current(lab.target()).unwrap());
        }
    }
}

/// `<(command)` and standard input.
#[test]
#[cfg(unix)] // No path stands for a pipe.
fn a_pipe_that_is_open_is_read_until_its_writer_closes_it() {
    use std::os::fd::AsRawFd;

    for descriptors in ["/dev/fd", "/proc/self/fd"] {
        if !std::path::Path::new(descriptors).exists() {
            continue;
        }
        let (reader, mut writer) = std::io::pipe().unwrap();
        let path = format!("{descriptors}/{}", reader.as_raw_fd());
        // More than a pipe holds.
        let writing = std::thread::spawn(move || writer.write_all(&vec![b'x'; 300_000]));
        let bytes = within(WATCHDOG, || read(path).unwrap().bytes.unwrap());
        assert_eq!(bytes, vec![b'x'; 300_000]);
        writing.join().unwrap().unwrap();
    }
}

#[test]
fn a_missing_file_and_a_missing_directory_are_no_errors() {
    let lab = Lab::new();
    for path in [lab.target(), lab.join("missing/state.json")] {
        let contents = read(&path).unwrap();
        assert_eq!(contents.bytes, None);
        assert!(contents.version.is_missing());
        assert!(contents.version.is_current(&path).unwrap());
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_is_followed() {
    let lab = Lab::new();
    lab.old_target();
    symlink("state.json", lab.join("link")).unwrap();
    symlink(lab.join("link"), lab.join("chain")).unwrap();
    for link in ["link", "chain"] {
        let contents = read(lab.join(link)).unwrap();
        assert_eq!(contents.bytes.unwrap(), OLD);
        // The same version by whatever name.
        assert!(contents.version.is_current(lab.target()).unwrap());
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_that_leads_nowhere_is_an_error_and_not_a_missing_file() {
    let lab = Lab::new();
    symlink("nowhere", lab.join("dangling")).unwrap();
    symlink("dangling", lab.join("chain")).unwrap();
    for link in ["dangling", "chain"] {
        let error = read(lab.join(link)).unwrap_err();
        assert!(error.to_string().contains(link), "{error}");
        let ReadFileError::DanglingLink { path } = error else { panic!("{error:?}") };
        assert_eq!(path, lab.join(link));
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let lab = Lab::new();
    let things = no_files(&lab);
    let before = lab.snapshot();
    for (path, expected) in things {
        let asked = path.clone();
        let error = within(WATCHDOG, move || read(&asked)).unwrap_err();
        let ReadFileError::NotAFile { kind, path: named } = error else { panic!("{error:?}") };
        assert_eq!((kind, named), (expected, path));
    }
    assert_eq!(lab.snapshot(), before);
}

#[cfg(unix)] // Windows says "not found" of both.
#[test]
fn a_file_in_place_of_the_directory_is_an_error() {
    let lab = Lab::new();
    let error = read(lab.old_target().join("inside")).unwrap_err();
    let ReadFileError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::NotADirectory);
}

#[test]
#[cfg(unix)] // Windows has no such names.
fn a_name_that_is_not_utf8_works() {
    let lab = Lab::new();
    let path = lab.join(OsStr::from_bytes(b"st\xffte"));
    fs::write(&path, OLD).unwrap();
    assert_eq!(read(&path).unwrap().bytes.unwrap(), OLD);
}

/// The version of the target in `lab`, which holds [`OLD`].
fn old_version(lab: &Lab) -> Version {
    read(lab.old_target()).unwrap().version
}

#[test]
fn an_untouched_file_is_current() {
    for lab in Lab::everywhere() {
        let version = old_version(&lab);
        read(lab.target()).unwrap();
        fs::write(lab.join("another"), NEW).unwrap();
        assert!(version.is_current(lab.target()).unwrap());
    }
}

#[test]
fn a_file_rewritten_in_place_is_not_current() {
    for lab in Lab::everywhere() {
        let version = old_version(&lab);
        fs::write(lab.target(), NEW).unwrap();
        assert!(!version.is_current(lab.target()).unwrap(), "another length");

        let version = old_version(&lab);
        let read_at = testkit::stat(&lab.target()).modified;
        // The same bytes again, once the file system's clock has gone on.
        wait_until(WATCHDOG, || {
            fs::write(lab.target(), OLD).unwrap();
            testkit::stat(&lab.target()).modified != read_at
        });
        assert!(!version.is_current(lab.target()).unwrap(), "the same length");
    }
}

#[test]
fn an_appended_file_is_not_current() {
    let lab = Lab::new();
    let version = old_version(&lab);
    fs::File::options().append(true).open(lab.target()).unwrap().write_all(b"x").unwrap();
    assert!(!version.is_current(lab.target()).unwrap());
}

#[test]
fn a_replaced_file_is_not_current_even_if_it_holds_the_same() {
    for lab in Lab::everywhere() {
        let version = old_version(&lab);
        // Often, since file systems hand out the numbers of deleted files again.
        for _ in 0..20 {
            write_atomic(lab.target(), OLD).unwrap();
            assert!(!version.is_current(lab.target()).unwrap());
        }
        if cfg!(windows) {
            // Windows gives a file's number away with another sequence number in it; Wine does not.
            continue;
        }
        let version = old_version(&lab);
        let modified = fs::metadata(lab.target()).unwrap().modified().unwrap();
        for _ in 0..20 {
            fs::remove_file(lab.target()).unwrap();
            fs::write(lab.target(), OLD).unwrap();
            let file = fs::File::options().write(true).open(lab.target()).unwrap();
            file.set_modified(modified).unwrap();
            assert!(!version.is_current(lab.target()).unwrap());
        }
    }
}

#[test]
fn a_file_of_the_same_size_and_times_is_another_version() {
    for lab in Lab::everywhere() {
        // File systems count time in steps: soon both fall into one.
        let has_twins = (0..1000).any(|_| {
            let version = old_version(&lab);
            fs::write(lab.join("new"), OLD).unwrap();
            assert!(!version.is_current(lab.join("new")).unwrap());
            let [old, new] = ["state.json", "new"].map(|name| testkit::stat(&lab.join(name)));
            (old.modified, old.changed) == (new.modified, new.changed)
        });
        if !has_twins {
            // Where time is counted finely enough, the times alone tell.
            return;
        }
    }
}

#[test]
fn a_deleted_file_is_not_current() {
    let lab = Lab::new();
    let version = old_version(&lab);
    fs::remove_file(lab.target()).unwrap();
    assert!(!version.is_current(lab.target()).unwrap());
}

#[test]
fn a_file_created_since_is_not_current() {
    let lab = Lab::new();
    let version = read(lab.target()).unwrap().version;
    fs::write(lab.target(), "").unwrap();
    assert!(!version.is_current(lab.target()).unwrap());
    fs::remove_file(lab.target()).unwrap();
    assert!(version.is_current(lab.target()).unwrap());
}

#[test]
fn a_directory_in_place_of_the_file_is_not_current() {
    let lab = Lab::new();
    let version = old_version(&lab);
    fs::remove_file(lab.target()).unwrap();
    fs::create_dir(lab.target()).unwrap();
    assert!(!version.is_current(lab.target()).unwrap());
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_turned_to_another_file_is_not_current() {
    let lab = Lab::new();
    for name in ["one", "two"] {
        fs::write(lab.join(name), OLD).unwrap();
    }
    symlink("one", lab.join("link")).unwrap();
    let version = read(lab.join("link")).unwrap().version;
    fs::remove_file(lab.join("link")).unwrap();
    symlink("two", lab.join("link")).unwrap();
    assert!(!version.is_current(lab.join("link")).unwrap());
}

#[cfg(unix)] // Windows says "not found" of both.
#[test]
fn not_being_able_to_look_is_an_error_and_not_an_answer() {
    let lab = Lab::new();
    fs::create_dir(lab.join("directory")).unwrap();
    let path = lab.join("directory/state.json");
    fs::write(&path, OLD).unwrap();
    let version = read(&path).unwrap().version;
    fs::remove_dir_all(lab.join("directory")).unwrap();
    fs::write(lab.join("directory"), "").unwrap();
    version.is_current(&path).unwrap_err();
}
