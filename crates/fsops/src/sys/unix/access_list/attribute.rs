//! The extended attribute that an access list is kept in.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr, lgetxattr};
use rustix::io::{Errno, retry_on_intr};

const NAME: &str = "system.posix_acl_access";

/// Reads the attribute of what is at `path`, itself no link, with `parse`.
pub(super) fn of_path<T>(path: &Path, parse: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
    read(|buffer| lgetxattr(path, NAME, buffer), parse)
}

/// Reads the attribute of `file` with `parse`.
pub(super) fn of_file<T>(file: &File, parse: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
    read(|buffer| fgetxattr(file, NAME, buffer), parse)
}

fn read<T>(
    get: impl Fn(&mut [u8]) -> Result<usize, Errno>,
    parse: impl Fn(&[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    /// Enough for nearly all lists: 32 entries.
    const SHORT: usize = 4 + 32 * 8;
    /// No attribute is longer (`XATTR_SIZE_MAX` in `linux/limits.h`).
    const LONGEST: usize = 64 * 1024;
    let mut short = [0; SHORT];
    let parsed = match retry_on_intr(|| get(&mut short)) {
        Ok(length) => parse(&short[..length]),
        Err(Errno::RANGE) => {
            let mut long = vec![0; LONGEST];
            let length = retry_on_intr(|| get(&mut long))?;
            parse(&long[..length])
        }
        // It has none, or its file system has no such thing.
        Err(Errno::NODATA | Errno::NOTSUP | Errno::NOSYS) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "its access list is malformed");
    parsed.map(Some).ok_or_else(malformed)
}

pub(super) fn set(file: &File, bytes: &[u8]) -> io::Result<()> {
    Ok(retry_on_intr(|| fsetxattr(file, NAME, bytes, XattrFlags::empty()))?)
}

pub(super) fn remove(file: &File) -> io::Result<()> {
    match retry_on_intr(|| fremovexattr(file, NAME)) {
        Err(error) if error != Errno::NODATA => Err(error.into()),
        _ => Ok(()),
    }
}
