//! What a directory's file system can do, and how much room it has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::room::Room;

/// Which command tells more of an error, about a file.
pub(crate) fn look(errno: i32, path: &Path) -> Option<String> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).display();
    match Errno::from_raw_os_error(errno) {
        Errno::NOSPC | Errno::DQUOT => Some(format!("df -h {directory}; df -i {directory}")),
        Errno::ROFS => Some(format!("findmnt -T {directory}")),
        Errno::ACCESS | Errno::PERM => Some(format!("ls -ld {directory} {}", path.display())),
        _ => None,
    }
}

/// What is left for this user; `None` if the file system does not say.
pub(crate) fn room(directory: &Path) -> io::Result<Option<Room>> {
    let told = rustix::fs::statvfs(directory)?;
    // Those without a fixed number of files, and those that say nothing at all, have 0 of 0.
    let files = (told.f_files > 0).then_some(told.f_favail);
    let bytes = told.f_bavail.saturating_mul(told.f_frsize);
    Ok((told.f_blocks > 0).then_some(Room { bytes, files }))
}

/// Whether a directory is renamed in one step onto a name that must be free: by which a lock is
/// published whole. `None`: this system has no such call.
pub(crate) fn has_exclusive_rename(directory: &Path) -> io::Result<Option<bool>> {
    let name = |which| directory.join(format!(".agentslock-doctor-{}-{which}", std::process::id()));
    let probes = Probes([name("a"), name("b")]);
    for probe in &probes.0 {
        fs::create_dir(probe)?;
    }
    probes.rename()
}

/// Two directories, removed at the end.
struct Probes([PathBuf; 2]);

impl Probes {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn rename(&self) -> io::Result<Option<bool>> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        let [from, to] = &self.0;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => Ok(Some(true)),
            // If it succeeds, the empty directory was replaced: the flag was overlooked.
            Ok(()) | Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(Some(false)),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "elsewhere it is asked")]
    fn rename(&self) -> io::Result<Option<bool>> {
        Ok(None)
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        for probe in &self.0 {
            let _ = fs::remove_dir(probe);
        }
    }
}
