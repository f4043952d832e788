//! Opening a file without waiting for anything but another program's lease.
//!
//! A program can lease a file (fcntl(2), `F_SETLEASE`): Samba does it for oplocks, knfsd for
//! delegations. Opening such a file breaks the lease: its holder is told, and the call waits until
//! it is given up, or for 45 s (`/proc/sys/fs/lease-break-time`). With `O_NONBLOCK` it fails at
//! once.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens `path` without waiting for a FIFO's other end (open(2), `O_NONBLOCK`). A regular file that
/// is leased is waited for, as without the flag. The descriptor is close-on-exec, as all of std's.
pub(crate) fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let mut waited_for: Option<File> = None;
    loop {
        match options.custom_flags(flags(OFlags::NONBLOCK)).open(path) {
            // Kept open, so that nobody is granted a lease that would be in our way again.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                waited_for = Some(wait_for_lease(path, options, waited_for.as_ref(), error)?);
            }
            other => return other,
        }
    }
}

fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).expect("because it is one low bit")
}

/// Waits until the lease of the file at `path` is given up, and returns the file, open. `before` is
/// what the call before this one returned.
///
/// # Errors
///
/// `refused`, if this is not what the file must be waited for, or if it cannot be waited for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn wait_for_lease(
    path: &Path,
    options: &OpenOptions,
    before: Option<&File>,
    refused: io::Error,
) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    // `O_PATH` opens no content, so that it breaks no lease and waits for nobody.
    let Ok(found) = OpenOptions::new().read(true).custom_flags(flags(OFlags::PATH)).open(path)
    else {
        return Err(refused);
    };
    let before = before.and_then(|file| file.metadata().ok());
    let id = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
    match found.metadata() {
        Ok(now) if now.is_file() && before.as_ref().map(id) != Some(id(&now)) => {}
        _ => return Err(refused),
    }
    // This is the file that we looked at, whatever is at the path by now: no FIFO.
    let itself = format!("/proc/self/fd/{}", found.as_raw_fd());
    match options.clone().create(false).custom_flags(0).open(itself) {
        // There is no /proc here.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(refused),
        other => other,
    }
}

/// There are no leases here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn wait_for_lease(
    _: &Path,
    _: &OpenOptions,
    _: Option<&File>,
    refused: io::Error,
) -> io::Result<File> {
    Err(refused)
}
