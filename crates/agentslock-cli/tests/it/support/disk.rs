//! A disk without room.

use testkit::{ChildTest, skip, small_disk};

use crate::support::Lab;

/// Runs the test `function` in `module` as a process that sees a file system of 64 KiB at
/// `DIRECTORY`. Only that process sees it, so that nothing stays mounted.
#[track_caller]
pub(crate) fn run_on_small_disk(module: &str, function: &str) {
    let lab = Lab::new();
    let disk = match small_disk(lab.root()) {
        Ok(disk) => disk,
        Err(why) => return skip(&why),
    };
    let child = ChildTest::new(module, function).through(disk);
    child.var("DIRECTORY", lab.root()).spawn().succeed();
    assert_eq!(lab.names(), [""; 0], "it was not the small disk that was written to");
}
