//! What names the running boot of this machine's kernel (Linux, macOS and the BSDs).
//!
//! | system | name | second witness |
//! |---|---|---|
//! | Linux | `/proc/sys/kernel/random/boot_id` | none |
//! | macOS | `kern.bootsessionuuid`, a string | the device number of `/dev`, which the kernel salts at boot |
//! | FreeBSD 13 and later | `kern.boot_id`, 16 bytes | none |
//!
//! A sandbox can refuse the name and allow the witness: the policies of two agents on macOS do.
//! `kern.boottime` is no name: it moves with the clock.

use std::io;
use std::sync::Mutex;

/// Names the running kernel by its boot. `None` if the system has no such name, or keeps it from
/// us. That it could not be read this time (for want of descriptors, or in a sandbox) is not
/// remembered.
///
/// What was read once stays: a program can change its root to one without `/proc`. Nothing is
/// waited for: another thread may have been in the middle of this when this process was forked.
pub(crate) fn kernel_id() -> Option<String> {
    static KNOWN: Mutex<Option<String>> = Mutex::new(None);
    if let Ok(known) = KNOWN.try_lock()
        && known.is_some()
    {
        return known.clone();
    }
    let id = usable(&read().ok()?)?;
    if let Ok(mut known) = KNOWN.try_lock() {
        *known = Some(id.clone());
    }
    Some(id)
}

/// A name that can stand in a record: one word of 8 to 64 characters.
fn usable(text: &str) -> Option<String> {
    let id = text.trim();
    let is_word = id.bytes().all(|byte| byte.is_ascii_graphic());
    ((8..=64).contains(&id.len()) && is_word).then(|| id.to_owned())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn read() -> io::Result<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
fn read() -> io::Result<String> {
    use sysctl::{Ctl, CtlValue, Sysctl as _, SysctlError};

    const NAME: &str =
        if cfg!(target_os = "freebsd") { "kern.boot_id" } else { "kern.bootsessionuuid" };
    let value = Ctl::new(NAME).and_then(|control| control.value());
    match value {
        Ok(CtlValue::String(text)) => Ok(text),
        Ok(CtlValue::Struct(bytes) | CtlValue::Node(bytes)) => Ok(hexadecimal(&bytes)),
        Ok(_) | Err(SysctlError::NotFound(_)) => Err(io::ErrorKind::NotFound.into()),
        Err(SysctlError::IoError(error)) => Err(error),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
)))]
fn read() -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

#[cfg(any(test, target_vendor = "apple", target_os = "freebsd"))]
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("because it writes to memory");
        text
    })
}

/// The second witness of this boot: what the kernel names `/dev` by, the same in all processes and
/// another number after each boot. `None` where it is not that.
pub(crate) fn boot_device() -> Option<u64> {
    // XNU fills it with a hash that is salted at boot (`devfs_vnops.c`). Read, not seen.
    if cfg!(target_vendor = "apple") {
        super::directory_id(std::path::Path::new("/dev")).map(|id| id.device)
    } else {
        None
    }
}

/// Whether one kernel only mounts each file system that is trusted here: apfs, hfs, ufs, zfs. Then
/// a holder of another boot is gone. (On Linux overlayfs is among the trusted ones.)
pub(crate) const MOUNTED_BY_ONE_KERNEL: bool =
    cfg!(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_of_a_sensible_length() {
        assert_eq!(usable("0ec8f6a4-1\n").as_deref(), Some("0ec8f6a4-1"));
        for text in ["", "short", "two words here", &"x".repeat(65), "caf\u{e9}-caf\u{e9}"] {
            assert_eq!(usable(text), None, "{text:?}");
        }
        let bytes = hexadecimal(&[0, 0x1f, 0xa0, 0xff]);
        assert_eq!((&*bytes, usable(&bytes)), ("001fa0ff", Some(bytes.clone())));
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd"))]
    #[test]
    fn a_boot_has_a_name_that_stays() {
        assert!(kernel_id().is_some());
        assert_eq!(kernel_id(), usable(&read().unwrap()));
        assert_eq!(boot_device(), boot_device());
        assert_eq!(boot_device().is_some(), cfg!(target_vendor = "apple"));
    }
}
