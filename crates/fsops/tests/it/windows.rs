//! What is different on Windows: paths, the read-only attribute, and who keeps whom from what by
//! having a file open.

use std::fs::{self, File};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fsops::{ReplaceError, append_record, read, write_atomic};

use crate::support::{Lab, NEW, OLD};

#[test]
fn a_version_that_was_read_keeps_nobody_from_replacing_the_file() {
    let lab = Lab::new();
    let contents = read(&lab.old_target()).unwrap();
    assert!(contents.version.is_current(&lab.target()).unwrap());
    write_atomic(&lab.target(), NEW).unwrap();
    assert!(!contents.version.is_current(&lab.target()).unwrap());
    fs::remove_file(lab.target()).unwrap();
    assert!(!contents.version.is_current(&lab.target()).unwrap());
}

/// Others let files that they have open be read and written, but not replaced. After half a
/// second that is an error, the old file stands, and nothing is left.
#[test]
fn a_file_that_others_have_open_is_replaced_once_they_close_it() {
    const FILE_SHARE_READ_WRITE: u32 = 3;
    let lab = Lab::new();
    let path = lab.old_target();
    let reader = File::options().read(true).share_mode(FILE_SHARE_READ_WRITE).open(&path).unwrap();
    let error = write_atomic(&path, NEW).unwrap_err();
    assert!(matches!(error, ReplaceError::Io { verb: "rename into place", .. }), "{error:?}");
    assert!(!error.is_committed());
    assert_eq!(fs::read(&path).unwrap(), OLD);
    assert_eq!(lab.names(), ["state.json"]);
    drop(reader);
    write_atomic(&path, NEW).unwrap();
    assert_eq!(fs::read(&path).unwrap(), NEW);
}

/// However often they look, as long as they close it again.
#[test]
fn readers_who_come_and_go_keep_nobody_from_replacing_the_file() {
    let lab = Lab::new();
    let path = lab.old_target();
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let bytes = fs::read(&path).unwrap();
                assert!(bytes == OLD || bytes == NEW, "neither old nor new");
                // Wine lets nobody replace a file that is open, whatever its readers share.
                thread::sleep(Duration::from_millis(10));
            }
        });
        for round in 0..100 {
            let content = if round % 2 == 0 { NEW } else { OLD };
            let written = write_atomic(&path, content);
            if written.is_err() {
                done.store(true, Ordering::Relaxed);
            }
            written.unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(lab.names(), ["state.json"]);
}

#[test]
fn a_read_only_file_is_refused_at_once_and_stays() {
    let lab = Lab::new();
    let path = lab.old_target();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    let error = write_atomic(&path, NEW).unwrap_err();
    let ReplaceError::Io { verb: "replace", source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(source.to_string().contains("read-only"), "{source}");
    assert_eq!(fs::read(&path).unwrap(), OLD);
    assert_eq!(lab.names(), ["state.json"]);
    #[allow(clippy::permissions_set_readonly_false, reason = "there is one attribute on Windows")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    write_atomic(&path, NEW).unwrap();
}

#[test]
fn what_was_written_is_not_marked_as_temporary() {
    const FILE_ATTRIBUTE_TEMPORARY: u32 = 0x100;
    let lab = Lab::new();
    write_atomic(&lab.target(), NEW).unwrap();
    assert_eq!(fs::metadata(lab.target()).unwrap().file_attributes() & FILE_ATTRIBUTE_TEMPORARY, 0);
}

#[test]
fn a_path_longer_than_260_characters_is_written_read_and_appended_to() {
    let lab = Lab::new();
    let deep: PathBuf = (0..8).fold(lab.root().to_owned(), |path, _| path.join("n".repeat(60)));
    let path = deep.join("state.json");
    fsops::create_parents(&path, fsops::Durability::Full).unwrap();
    write_atomic(&path, OLD).unwrap();
    write_atomic(&path, NEW).unwrap();
    assert_eq!(read(&path).unwrap().bytes.as_deref(), Some(NEW));
    append_record(&path, b"{}").unwrap();
    assert_eq!(fs::read_dir(deep).unwrap().count(), 1);
}

#[test]
fn slashes_backslashes_and_verbatim_paths_lead_to_one_file() {
    let lab = Lab::new();
    let plain = lab.target().into_os_string().into_string().unwrap();
    for (n, path) in
        [plain.clone(), plain.replace('\\', "/"), format!(r"\\?\{plain}")].iter().enumerate()
    {
        write_atomic(path, n.to_string()).unwrap();
        assert_eq!(fs::read_to_string(lab.target()).unwrap(), n.to_string());
    }
    assert_eq!(lab.names(), ["state.json"]);
}
