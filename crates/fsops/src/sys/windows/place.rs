//! The place of a file. No directory is kept open here: each step goes by path. So a directory that
//! is exchanged between two steps goes unnoticed, if what was read is found in it again.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::Builder;

use super::{fingerprint_at, patiently};
use crate::sys::{self, FileState, Fingerprint};

/// The path of a file, absolute.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

/// What is at a path.
pub(crate) struct Found(Metadata);

impl Place {
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(crate) fn open(path: &Path, _to_sync: bool) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    /// What is at the place now; a link is not followed.
    pub(crate) fn look(&self) -> io::Result<Option<Found>> {
        match self.0.symlink_metadata() {
            Ok(metadata) => Ok(Some(Found(metadata))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Which version of a file is here.
    pub(crate) fn fingerprint(&self, _: &Found) -> io::Result<Fingerprint> {
        fingerprint_at(&self.0)
    }

    fn directory(&self) -> &Path {
        self.0.parent().unwrap_or(&self.0)
    }

    /// Creates a file beside it, without the attribute by which `tempfile` says that it is a
    /// temporary: the file is to stay. Its name is the first one of `names` that is free.
    pub(crate) fn create(self, names: impl Fn() -> OsString, _mode: u32) -> io::Result<Temporary> {
        const TRIES: u32 = 1000;
        let new =
            |path: &Path| OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let mut tries = 0;
        loop {
            let name = names();
            let made = Builder::new().prefix(&name).rand_bytes(0).make_in(self.directory(), new);
            match made {
                Ok(made) => {
                    let (file, path) = made.into_parts();
                    return Ok(Temporary { place: self, file, path: Some(path) });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        patiently(|| std::fs::remove_file(&self.0))
    }

    pub(crate) fn rename_new(&self, to: &Path, _to_sibling: bool) -> io::Result<()> {
        super::rename_new(&self.0, to)
    }

    /// Removes the files that are `meant` and that were not written to for `age`. `meant` is given
    /// each entry's name, and says which name it means by it, if any. Returns how many. One that
    /// cannot be removed is passed over.
    pub(crate) fn remove_old(
        &self,
        meant: impl Fn(&OsStr) -> Option<OsString>,
        age: Duration,
    ) -> io::Result<usize> {
        let mut removed = 0;
        for entry in std::fs::read_dir(self.directory())?.flatten() {
            let Some(name) = meant(&entry.file_name()) else { continue };
            let path = self.directory().join(name);
            let is_old = path.symlink_metadata().is_ok_and(|metadata| {
                let modified = metadata.modified();
                metadata.is_file()
                    && modified.is_ok_and(|at| at.elapsed().is_ok_and(|since| since > age))
            });
            if is_old && std::fs::remove_file(path).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// After `file` was renamed: syncing it writes its name down, too.
    #[allow(clippy::unused_self, reason = "on Unix the directory is synced")]
    pub(crate) fn sync_renamed(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Only directories can be.
    #[allow(clippy::unused_self, reason = "on Linux, files can be, too")]
    pub(crate) fn is_mount_point(&self, _: &io::Error) -> bool {
        false
    }
}

/// FAT has no further links: invalid function (1), not supported (50); see winerror.h.
fn has_no_links(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(1 | 50))
}

impl Found {
    pub(crate) fn is_link(&self) -> bool {
        self.0.is_symlink()
    }

    /// What it is, if it is no regular file.
    pub(crate) fn not_regular(&self) -> Option<&'static str> {
        sys::not_regular(&self.0)
    }

    /// A read-only file is left alone, as everything on Windows leaves it alone.
    pub(crate) fn may_be_replaced(&self) -> io::Result<()> {
        if self.0.permissions().readonly() {
            let set = "its read-only attribute is set";
            return Err(io::Error::new(ErrorKind::PermissionDenied, set));
        }
        Ok(())
    }
}

/// A file in the making. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Temporary {
    place: Place,
    file: File,
    /// Until it has another name. Dropping it removes the file.
    path: Option<tempfile::TempPath>,
}

impl Temporary {
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn name(&self) -> &OsStr {
        let path = self.path.as_deref().unwrap_or(&self.place.0);
        path.file_name().unwrap_or_default()
    }

    /// Takes the name of the place; with `over` from what is there. std asks for POSIX semantics
    /// where the system has them, so that a reader who shares deletion is no obstacle.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] if something is there, unless `over`.
    pub(crate) fn persist(&mut self, over: bool) -> io::Result<()> {
        let Some(path) = &mut self.path else { return Ok(()) };
        if over {
            patiently(|| std::fs::rename(&*path, &self.place.0))?;
        } else {
            match super::rename_new(path, &self.place.0) {
                Err(error) if has_no_links(&error) && self.place.look()?.is_none() => {
                    patiently(|| std::fs::rename(&*path, &self.place.0))?;
                }
                other => other?,
            }
        }
        path.disable_cleanup(true);
        self.path = None;
        Ok(())
    }

    /// No call exchanges two names here.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "other systems have one")]
    pub(crate) fn exchange(&self, _: Option<&FileState>) -> io::Result<bool> {
        Ok(false)
    }

    /// A file that others have open cannot be counted on to be renamed here.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "other systems do it")]
    pub(crate) fn take_target(&self) -> io::Result<bool> {
        Ok(false)
    }

    /// What has the name of the place.
    pub(crate) fn state_at_target(&self) -> io::Result<Option<FileState>> {
        match fingerprint_at(&self.place.0) {
            Ok(version) => Ok(Some(FileState { version: version.without_change(), rights: None })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What it is itself, whatever its name.
    pub(crate) fn own_state(&self) -> io::Result<FileState> {
        let version = super::fingerprint(&self.file, &self.file.metadata()?)?;
        Ok(FileState { version: version.without_change(), rights: None })
    }

    /// What has its name: always itself.
    pub(crate) fn state_at_name(&self) -> io::Result<Option<FileState>> {
        self.own_state().map(Some)
    }

    /// Leaves what has its name there, and under that name.
    pub(crate) fn leave_as(&mut self, _: &OsStr) -> bool {
        if let Some(mut path) = self.path.take() {
            path.disable_cleanup(true);
        }
        false
    }

    /// It keeps its name until it is renamed.
    #[allow(clippy::unused_self, reason = "other systems ask")]
    pub(crate) fn is_removed(&self) -> bool {
        false
    }

    /// Removes it.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        self.path.take().map_or(Ok(()), tempfile::TempPath::close)
    }
}
