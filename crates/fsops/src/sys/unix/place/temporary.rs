//! A file in the making, in the directory in which it is to get its name.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Mode, OFlags, openat, renameat};
use rustix::io::{Errno, retry_on_intr};

use super::super::{is, rename_new_at};
use super::{Found, Place};
use crate::sys::FileState;

/// How link(2) says that a file system has no further links.
const NO_LINKS: [Errno; 4] = [Errno::PERM, Errno::NOTSUP, Errno::NOSYS, Errno::MLINK];

/// How an exchange is refused that could be a rename. The file system or the system has none. Two
/// files of one directory can belong to different projects (XDEV), and a sandbox can refuse this
/// call alone. What forbids a rename, too, will say so.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const NO_EXCHANGE: [Errno; 6] =
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::XDEV, Errno::PERM, Errno::ACCESS];

/// A file in the making. Dropping it removes what has its name from its directory, wherever that is
/// by then.
#[derive(Debug)]
pub(crate) struct Temporary {
    place: Place,
    file: File,
    /// Until it has another name.
    name: Option<OsString>,
}

impl Place {
    /// Creates a file in the directory, with what the umask leaves of `mode`. Its name is the first
    /// one of `names` that is free.
    pub(crate) fn create(self, names: impl Fn() -> OsString, mode: u32) -> io::Result<Temporary> {
        const TRIES: u32 = 1000;
        let how = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = mode_of(mode);
        let mut tries = 0;
        loop {
            let name = names();
            match retry_on_intr(|| openat(&self.directory, &*name, how, mode)) {
                Ok(file) => {
                    return Ok(Temporary { place: self, file: file.into(), name: Some(name) });
                }
                Err(Errno::EXIST) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Temporary {
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn name(&self) -> &OsStr {
        self.name.as_deref().unwrap_or(&self.place.name)
    }

    /// Takes the name of the place; with `over` from what is there.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if something is there, unless `over`.
    pub(crate) fn persist(&mut self, over: bool) -> io::Result<()> {
        let (directory, from, to) = (&self.place.directory, self.name(), &*self.place.name);
        let rename = || retry_on_intr(|| renameat(directory, from, directory, to));
        if over {
            rename()?;
        } else {
            match rename_new_at((directory, from), (directory, to)) {
                // This file system can neither rename exclusively nor link.
                Err(error) if is(&error, &NO_LINKS) && self.place.look()?.is_none() => {
                    rename()?;
                }
                // It was linked, and only its first name could not be removed: it is in place.
                Err(_) if self.is_in_place() => {}
                other => other?,
            }
        }
        self.name = None;
        Ok(())
    }

    /// Exchanges its name and that of the place. Its name has `at_temporary`; if that is not known,
    /// then not itself. `false`: this system, or this file system, has no such call, or refuses it,
    /// and nothing was done.
    pub(crate) fn exchange(&self, at_temporary: Option<&FileState>) -> io::Result<bool> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            let (directory, from, to) = (&self.place.directory, self.name(), &*self.place.name);
            loop {
                match renameat_with(directory, from, directory, to, RenameFlags::EXCHANGE) {
                    Ok(()) => return Ok(true),
                    Err(error) if NO_EXCHANGE.contains(&error) => return Ok(false),
                    // A second exchange would undo the first.
                    Err(Errno::INTR) if self.is_exchanged(at_temporary) => return Ok(true),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        {
            let _ = at_temporary;
            Ok(false)
        }
    }

    /// Whether its name has another file than before an exchange that was interrupted.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn is_exchanged(&self, before: Option<&FileState>) -> bool {
        let now = self.state_at_name().ok().flatten();
        match before {
            Some(before) => !now.is_some_and(|now| now.is_same_file(before)),
            None => !self.is_in_place(),
        }
    }

    /// Whether it has no name any more.
    pub(crate) fn is_removed(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
    }

    /// Gives its own name, which nobody else uses, to what has the name of the place. `false`: it
    /// has no name of its own any more, and nothing was done.
    pub(crate) fn take_target(&self) -> io::Result<bool> {
        let Some(name) = &self.name else { return Ok(false) };
        let directory = &self.place.directory;
        retry_on_intr(|| renameat(directory, &*self.place.name, directory, &**name))?;
        Ok(true)
    }

    /// What has the name of the place.
    pub(crate) fn state_at_target(&self) -> io::Result<Option<FileState>> {
        Ok(self.place.look()?.as_ref().map(FileState::of))
    }

    /// What it is itself, whatever its name.
    pub(crate) fn own_state(&self) -> io::Result<FileState> {
        let stat = retry_on_intr(|| rustix::fs::fstat(&self.file))?;
        Ok(FileState::of(&Found(stat)))
    }

    /// What has its name.
    pub(crate) fn state_at_name(&self) -> io::Result<Option<FileState>> {
        Ok(self.place.look_at(self.name())?.as_ref().map(FileState::of))
    }

    /// Leaves what has its name there, and gives that another `name`, if nothing has it. Returns
    /// whether it got it.
    pub(crate) fn leave_as(&mut self, name: &OsStr) -> bool {
        let directory = &self.place.directory;
        let own = self.name.take();
        own.is_some_and(|own| rename_new_at((directory, &*own), (directory, name)).is_ok())
    }

    fn is_in_place(&self) -> bool {
        let (Ok(own), Ok(Some(found))) = (self.file.metadata(), self.place.look()) else {
            return false;
        };
        let found = found.fingerprint();
        (own.dev(), own.ino()) == (found.device, found.inode)
    }

    /// Removes what has its name.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        self.name.take().map_or(Ok(()), |name| self.place.remove_entry(&name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = self.place.remove_entry(name);
        }
    }
}

impl FileState {
    fn of(found: &Found) -> Self {
        let (owner, mode) = (found.owner(), found.mode());
        Self { version: found.fingerprint().without_change(), rights: Some((owner, mode)) }
    }
}

#[allow(clippy::useless_conversion, reason = "its type differs by system")]
fn mode_of(bits: u32) -> Mode {
    Mode::from_raw_mode(bits.try_into().expect("because they are nine bits"))
}
