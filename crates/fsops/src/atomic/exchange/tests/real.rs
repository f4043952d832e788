//! Real files, and what another program does to them before one of our calls.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::{Exchanged, Names, exchange};
use crate::sys::{FileState, Place, Temporary};

type Meddle = fn(&Path);

/// The other program `meddle`s before the second exchange, by which its file is put back.
struct Meddled<'a>(&'a Temporary, &'a Path, Option<Meddle>, u32);

impl Names for Meddled<'_> {
    type File = FileState;

    fn exchange(&mut self, at_temporary: Option<&FileState>) -> io::Result<bool> {
        self.3 += 1;
        if let Some(meddle) = self.2.take_if(|_| self.3 == 2) {
            meddle(self.1);
        }
        self.0.exchange(at_temporary)
    }

    fn at_temporary(&mut self) -> io::Result<Option<FileState>> {
        self.0.state_at_name()
    }

    fn is_same(one: &FileState, other: &FileState) -> bool {
        one.is_same_file(other)
    }

    fn is_new_removed(&mut self) -> bool {
        self.0.is_removed()
    }
}

/// The new file takes a name that has another program's file by then. That program `meddle`s
/// with the new one, which has that name for a moment. Returns what came of it, and all
/// contents.
fn meddled(meddle: Meddle) -> (Exchanged, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    let place = Place::open(&path, true).unwrap();
    let mut temporary = place.create(|| "f.tmp-".into(), 0o600).unwrap();
    temporary.file().write_all(b"ours").unwrap();
    fs::write(&path, "theirs").unwrap();
    let own = temporary.own_state().unwrap();
    let mut names = Meddled(&temporary, &path, Some(meddle), 0);
    let ended = exchange(&mut names, own, |_| false);
    if matches!(ended, Exchanged::Unclear(_)) {
        temporary.leave_as(OsStr::new("left"));
    }
    drop(temporary);
    let mut left = Vec::new();
    for entry in directory.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        left.push(format!("{name}: {}", fs::read_to_string(entry.path()).unwrap()));
    }
    left.sort_unstable();
    (ended, left)
}

#[test]
fn a_file_of_another_program_stays_whatever_that_does_to_ours_in_its_place() {
    let append = |path: &Path| {
        OpenOptions::new().append(true).open(path).unwrap().write_all(b", more").unwrap();
    };
    let unclear: [(Meddle, &[&str]); 4] = [
        (
            |path| fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap(),
            &["f: theirs", "left: ours"],
        ),
        (append, &["f: theirs", "left: ours, more"]),
        (
            |path| {
                let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
                OpenOptions::new().write(true).open(path).unwrap().set_modified(hour).unwrap();
            },
            &["f: theirs", "left: ours"],
        ),
        (
            |path| fs::rename(path, path.with_file_name("backup")).unwrap(),
            &["backup: ours", "left: theirs"],
        ),
    ];
    for (meddle, expected) in unclear {
        let (ended, left) = meddled(meddle);
        assert!(matches!(ended, Exchanged::Unclear(_)), "{expected:?}: {ended:?}");
        assert_eq!(left, expected);
    }
    let changed: [(Meddle, &[&str]); 3] = [
        (|_| {}, &["f: theirs"]),
        // It means its own file.
        (|path| fs::remove_file(path).unwrap(), &[]),
        (
            |path| {
                fs::write(path.with_file_name("new"), "later").unwrap();
                fs::rename(path.with_file_name("new"), path).unwrap();
            },
            &["f: later"],
        ),
    ];
    for (meddle, expected) in changed {
        let (ended, left) = meddled(meddle);
        assert!(matches!(ended, Exchanged::Changed), "{expected:?}: {ended:?}");
        assert_eq!(left, expected);
    }
}
