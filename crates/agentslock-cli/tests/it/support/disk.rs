//! A disk without room.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use testkit::{ChildTest, skip};

use crate::support::Lab;

const PAGE: u64 = 4096;

/// Runs the test `function` in `module` as a process that sees a file system of 64 KiB at `DIRECTORY`:
/// that process alone, so that nothing stays mounted whatever happens.
pub(crate) fn run_on_small_disk(test: &str, module: &str, function: &str) {
    const MOUNT: &str = "mount -t tmpfs -o size=64k tmpfs \"$0\" && exec \"$@\"";
    let lab = Lab::new();
    let directory = lab.root().to_str().expect("because the test chose the name");
    let disk = ["unshare", "-m", "sh", "-c", MOUNT, directory];
    match Command::new(disk[0]).args(&disk[1..]).arg("true").output() {
        Ok(output) if output.status.success() => {}
        _ => return skip(test, "no small file system can be mounted"),
    }
    let child = ChildTest::new(module, function).through(disk);
    child.var("DIRECTORY", directory).spawn().succeed();
    assert_eq!(lab.names(), [""; 0], "it was not the small disk that was written to");
}

/// Puts a `filler` into `directory` that leaves room for so many pages.
pub(crate) fn fill_but(directory: &Path, pages: u64) {
    let mut filler = File::create(directory.join("filler")).unwrap();
    let mut length = 0;
    while let Ok(written @ 1..) = filler.write(&[b'x'; 4096]) {
        length += written as u64;
        assert!(length < 1_000_000, "this disk is too large");
    }
    filler.set_len((length / PAGE - pages) * PAGE).unwrap();
}
