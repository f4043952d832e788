//! Which file systems belong to one kernel alone (Linux, macOS and the BSDs).

use std::io;
use std::path::Path;

use rustix::io::retry_on_intr;

/// Whether `dir` lies on a file system that belongs to one kernel alone, so that an OS lock granted
/// here is granted nowhere else. An allowlist: on NFS, SMB, FUSE, 9p, virtiofs and whatever we do
/// not know, two machines can each be granted one lock.
pub(crate) fn file_system_is_local(dir: &Path) -> io::Result<bool> {
    Ok(is_local(&retry_on_intr(|| rustix::fs::statfs(dir))?))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "f_type is a 32-bit magic number in a word whose width and sign differ by architecture"
)]
fn is_local(stat: &rustix::fs::StatFs) -> bool {
    // The numbers of linux/magic.h and of the file systems' own headers; statfs(2) lists them.
    const LOCAL: [u32; 12] = [
        0x0000_ef53, // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0x0102_1994, // tmpfs
        0x8584_58f6, // ramfs
        0x794c_7630, // overlayfs
        0x2fc1_2fc1, // zfs
        0xf2f5_2010, // f2fs
        0xca45_1a4e, // bcachefs
        0x3153_464a, // jfs
        0x5265_4973, // reiserfs
        0x0000_3434, // nilfs2
    ];
    LOCAL.contains(&(stat.f_type as u32))
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd"))]
fn is_local(stat: &rustix::fs::StatFs) -> bool {
    let name: Vec<u8> = stat
        .f_fstypename
        .iter()
        .map(|byte| byte.to_ne_bytes()[0])
        .take_while(|byte| *byte != 0)
        .collect();
    [&b"apfs"[..], b"hfs", b"ufs", b"ffs", b"zfs", b"tmpfs"].contains(&name.as_slice())
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd"
)))]
fn is_local(_: &rustix::fs::StatFs) -> bool {
    false
}
