//! A disk without room.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const PAGE: usize = 4096;

/// The start of a command that runs a program with a file system of 64 KiB mounted on `directory`.
/// It is mounted for that program alone, so that nothing stays mounted.
///
/// # Errors
///
/// Why that is not possible here.
///
/// # Panics
///
/// If `directory` is not UTF-8.
pub fn small_disk(directory: &Path) -> Result<Vec<String>, String> {
    disk(directory, "size=64k")
}

/// As [`small_disk`], with room for this many files and directories beside the one that it is
/// mounted on.
///
/// # Errors
///
/// Why that is not possible here.
///
/// # Panics
///
/// If `directory` is not UTF-8.
pub fn disk_of_few_inodes(directory: &Path, free: u32) -> Result<Vec<String>, String> {
    disk(directory, &format!("nr_inodes={}", free + 1))
}

fn disk(directory: &Path, options: &str) -> Result<Vec<String>, String> {
    let directory = directory.to_str().expect("because the test chose the name");
    let mount = format!("mount -t tmpfs -o {options} tmpfs \"$0\" && exec \"$@\"");
    let mut why = String::new();
    // Who is not root may be root among mounts of their own.
    for own_mounts in ["-m", "-rm"] {
        let wrapper = ["unshare", own_mounts, "sh", "-c", &mount, directory];
        match Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output() {
            Ok(output) if output.status.success() => return Ok(wrapper.map(str::to_owned).into()),
            Ok(output) => why = String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => why = format!("unshare: {error}"),
        }
    }
    Err(format!("no small file system can be mounted: {}", why.trim()))
}

/// Puts a `filler` into `directory`, on a small disk, that leaves room for this many pages of 4
/// KiB.
///
/// # Panics
///
/// If the disk is not small, or the file cannot be made.
pub fn fill_but(directory: &Path, pages: usize) {
    let created = File::create(directory.join("filler"));
    let mut filler = created.expect("because a file can be created there");
    let mut length = 0;
    while let Ok(written @ 1..) = filler.write(&[b'x'; PAGE]) {
        length += written;
        assert!(length < 1_000_000, "this disk is too large");
    }
    let length = (length / PAGE).saturating_sub(pages) * PAGE;
    filler.set_len(length as u64).expect("because a file can be made shorter");
}
