//! The names of temporaries, and those that killed processes left.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::resolve::Resolved;
use super::unique::{UNIQUE, fnv1a, is_unique, unique};
use crate::durability::Durability;

const INFIX: &str = ".tmp-";

/// How many bytes a name can have (`NAME_MAX`; elsewhere as many UTF-16 units).
const LONGEST: usize = 255;

/// How many bytes of a name that is too long its temporaries begin with.
const BEGINNING: usize = 64;

/// Makes names for temporaries of `target`, another one each time.
pub(super) fn temporary_names(target: &Path) -> impl Fn() -> OsString {
    let prefix = temporary_prefix(target);
    move || {
        let mut name = OsString::with_capacity(prefix.len() + UNIQUE);
        name.push(&prefix);
        name.push(unique());
        name
    }
}

/// What the names of the temporaries of `target` begin with.
fn temporary_prefix(target: &Path) -> OsString {
    prefix(target, INFIX)
}

/// The name of what has the name of a `temporary`, but is another program's.
pub(super) fn displaced_name(target: &Path, temporary: &OsStr) -> OsString {
    let unique = temporary.as_encoded_bytes();
    let unique = &unique[unique.len().saturating_sub(UNIQUE)..];
    let mut name = prefix(target, ".displaced-");
    name.push(&*String::from_utf8_lossy(unique));
    name
}

/// The target's name and `infix`, with room for the unique part. Of a name that leaves no such room
/// only the beginning, and a number that tells it from others that begin alike.
fn prefix(target: &Path, infix: &str) -> OsString {
    let name = target.file_name().unwrap_or_default();
    if name.len() + infix.len() + UNIQUE > LONGEST {
        let text = name.to_string_lossy();
        let ends = (0..=BEGINNING).rev().find(|end| text.is_char_boundary(*end));
        let beginning = &text[..ends.unwrap_or_default()];
        let number = fnv1a(name.as_encoded_bytes());
        return format!("{beginning}~{number:016x}{infix}").into();
    }
    let mut prefix = OsString::with_capacity(name.len() + infix.len() + UNIQUE);
    prefix.push(name);
    prefix.push(infix);
    prefix
}

/// Removes temporaries of `path` that a killed process left behind and that were not written to for
/// `age`. Returns how many.
///
/// Only whoever keeps all others from writing `path` may call it: a temporary of somebody who
/// merely is slow looks the same. A file that a person called alike stays: the last four characters
/// of a temporary's name are a check of the eight before them.
///
/// # Errors
///
/// The operating system's when the directory cannot be read, and those of
/// [`AtomicFile::create`](super::AtomicFile::create) for a path that is no file. A temporary that
/// cannot be removed is passed over.
pub fn remove_left_over_temporaries(path: impl AsRef<Path>, age: Duration) -> io::Result<usize> {
    // Read from, as a directory that is to be synced is.
    let resolved = Resolved::of(path.as_ref(), Durability::Full).map_err(io::Error::from)?;
    let prefix = temporary_prefix(&resolved.target);
    // As we spell it. HFS+ lists `é` as two characters, and other volumes keep the spelling, or the
    // case, of who made it. All of them answer to ours. Elsewhere another file's temporary leads to
    // a name at which there is nothing.
    let own = |entry: &OsStr| {
        let entry = entry.as_encoded_bytes();
        let (name, unique) = entry.split_at(entry.len().checked_sub(UNIQUE)?);
        let is_ours = name.ends_with(INFIX.as_bytes()) && is_unique(unique);
        let mut own = prefix.clone();
        own.push(&*String::from_utf8_lossy(unique));
        is_ours.then_some(own)
    };
    resolved.place.remove_old(own, age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_room_for_more_is_shortened_and_stays_distinct() {
        let prefix = |name: String| temporary_prefix(Path::new(&name)).into_string().unwrap();
        let name = "y".repeat(LONGEST - INFIX.len() - UNIQUE);
        assert_eq!(prefix(name.clone()), format!("{name}{INFIX}"));
        for end in ["z", "zz", "ü", "zzzzzzzzzzzz"] {
            let long = prefix(format!("{name}{end}"));
            assert!(long.len() + UNIQUE <= LONGEST && long.ends_with(INFIX), "{long}");
            assert_ne!(long, prefix(format!("{name}{end}x")));
        }
        let displaced = displaced_name(Path::new(&name), OsStr::new("t.tmp-0123456789ab"));
        assert!(displaced.len() <= LONGEST, "{displaced:?}");
        assert!(displaced.to_str().unwrap().ends_with(".displaced-0123456789ab"), "{displaced:?}");
        // Two bytes each, the 64th one the second of its letter or the first.
        for start in ["", "y"] {
            let umlauts = format!("{start}{}", "ü".repeat(120));
            assert!(prefix(umlauts.clone()).starts_with(&umlauts[..BEGINNING - start.len()]));
        }
    }

    #[test]
    fn left_overs_of_a_long_name_go_and_those_of_one_that_begins_alike_stay() {
        let directory = tempfile::tempdir().unwrap();
        let [own, other] = ["a", "b"].map(|end| {
            let target = directory.path().join("y".repeat(240) + end);
            std::fs::write(&target, "").unwrap();
            let left = target.with_file_name(temporary_names(&target)());
            std::fs::write(&left, "").unwrap();
            left
        });
        let target = directory.path().join("y".repeat(240) + "a");
        assert_eq!(remove_left_over_temporaries(target, Duration::ZERO).unwrap(), 1);
        assert!(!own.exists() && other.exists());
    }
}
