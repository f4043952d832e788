//! The names: the target that the caller gives, its lock, and the preparations beside it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::AcquireError;

/// The names that one lock lives under. All absolute: a later `chdir` changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// What the lock protects, as named by the caller. Need not exist.
    pub(crate) target: PathBuf,
    /// The lock itself: a directory while it is held.
    pub(crate) lock: PathBuf,
    /// The directory that both lie in.
    pub(crate) parent: PathBuf,
}

impl Names {
    /// Drops `.` components and trailing separators and makes `path` absolute. Resolves nothing
    /// else, no link and no `..`. All programs that name the same path get the same lock, whatever
    /// the path leads to at the moment.
    pub(crate) fn of(path: &Path) -> Result<Self, AcquireError> {
        let unusable = |reason| AcquireError::UnusablePath { path: path.to_owned(), reason };
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(unusable("it contains a NUL byte"));
        }
        if path.file_name().is_none() {
            return Err(unusable("it has no file name"));
        }
        let absolute = std::path::absolute(path).map_err(|source| AcquireError::Io {
            verb: "make absolute",
            path: path.to_owned(),
            source,
        })?;
        // Going through the components is what drops `.` and trailing separators.
        let target: PathBuf = absolute.components().collect();
        let parent = target.parent().ok_or_else(|| unusable("it has no parent directory"))?;
        Ok(Self { lock: with_suffix(&target, ".lock"), parent: parent.to_owned(), target })
    }

    /// The names of several targets, each once, in the order in which all programs take them.
    pub(crate) fn of_all<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Vec<Self>, AcquireError> {
        let names = paths.into_iter().map(|path| Self::of(path.as_ref()));
        let mut names = names.collect::<Result<Vec<_>, _>>()?;
        names.sort_by(|one, other| one.target.cmp(&other.target));
        names.dedup();
        Ok(names)
    }

    /// Where a claim is prepared. Never `….stale-…`: the file generation deletes those.
    pub(crate) fn preparation(&self, unique: &str) -> PathBuf {
        with_suffix(&self.lock, &format!("{PREPARATION_INFIX}{unique}"))
    }

    /// The preparation of this lock that `entry`, found in the parent, can be. Only the end of its
    /// name counts, all of it: nobody's own `….prep-notes` is taken for one.
    ///
    /// The rest is as we spell it. HFS+ lists `é` as two characters, and other volumes keep the
    /// spelling, or the case, of who made it. All of them answer to ours. Elsewhere another lock's
    /// preparation leads to a name at which there is nothing.
    pub(crate) fn preparation_of(&self, entry: &OsStr) -> Option<PathBuf> {
        let length = PREPARATION_INFIX.len() + 16;
        let entry = entry.as_encoded_bytes();
        let unique =
            entry[entry.len().checked_sub(length)?..].strip_prefix(PREPARATION_INFIX.as_bytes())?;
        let is_unique = unique.iter().all(u8::is_ascii_hexdigit);
        is_unique.then(|| self.preparation(&String::from_utf8_lossy(unique)))
    }
}

/// Between a lock's name and the unique part.
const PREPARATION_INFIX: &str = ".prep-";

/// Appends to the name itself, not through the extension: `a.json` and `a` have different locks,
/// and a name that is not UTF-8 works.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_of(path: &str) -> PathBuf {
        Names::of(Path::new(path)).unwrap().lock
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_is_appended_to_the_name_and_nothing_is_resolved() {
        assert_eq!(lock_of("/a/b.json"), Path::new("/a/b.json.lock"));
        assert_eq!(lock_of("/a/../b"), Path::new("/a/../b.lock"));
        assert_eq!(lock_of("/a/./b/"), Path::new("/a/b.lock"));
        assert_eq!(lock_of("/a//b/."), Path::new("/a/b.lock"));
    }

    #[test]
    fn a_relative_path_becomes_absolute() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(lock_of("x"), here.join("x.lock"));
        assert_eq!(lock_of("./x"), here.join("x.lock"));
    }

    #[test]
    fn a_path_without_a_file_name_is_refused() {
        for path in ["", "/", ".", "..", "a/.."] {
            let error = Names::of(Path::new(path)).unwrap_err();
            assert!(matches!(error, AcquireError::UnusablePath { .. }), "{path:?}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_works_and_nul_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let names = Names::of(Path::new(OsStr::from_bytes(b"/t/\xff"))).unwrap();
        assert_eq!(names.lock.as_os_str().as_bytes(), b"/t/\xff.lock");
        let own = Path::new(OsStr::from_bytes(b"/t/\xff.lock.prep-00c0ffee00c0ffee"));
        for entry in [&b"\xff.lock.prep-00c0ffee00c0ffee"[..], b"\xfe.lock.prep-00c0ffee00c0ffee"] {
            assert_eq!(names.preparation_of(OsStr::from_bytes(entry)).as_deref(), Some(own));
        }
        for entry in [
            &b"\xff.lock.prep-notes"[..],
            b"\xff.lock.prep-00c0ffee00c0fees",
            b"\xff.lock.prep-00c0ffee00c0ffee0",
            b"\xff.lock.stale-00c0ffee00c0ffee",
            b"prep-00c0ffee",
            b"",
        ] {
            assert_eq!(names.preparation_of(OsStr::from_bytes(entry)), None, "{entry:?}");
        }
        let nul = Names::of(Path::new(OsStr::from_bytes(b"/t/a\0b"))).unwrap_err();
        assert!(matches!(nul, AcquireError::UnusablePath { .. }));
    }
}
