//! What a large document costs in memory. A process each, since only a process's peak can be told.

use std::fs;

use agentslock_core::Flushed;
use testkit::{ChildTest, peak_memory, skip};

use crate::support::{Lab, quick};

const SIZE: usize = 15_000_000;

fn peak() -> u64 {
    peak_memory().unwrap()
}

#[test]
fn child_opens_and_flushes() {
    let Some(parent) = testkit::parent() else { return };
    let before = peak();
    let lockfile = quick().open(parent.path("DOCUMENT")).unwrap();
    parent.at("opened", &(peak() - before).to_string());
    lockfile.set_section("install", "demo").unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    parent.at("flushed", &(peak() - before).to_string());
}

/// The handle's document, the one that the flush reads, and no copy of either.
#[test]
fn opening_takes_the_document_once_and_flushing_twice() {
    if peak_memory().is_none() {
        skip("opening_takes_the_document_once_and_flushing_twice", "no /proc/self/status");
        return;
    }
    let lab = Lab::with(testkit::document(SIZE));
    let size = fs::metadata(lab.path()).unwrap().len();
    let mut child = ChildTest::new(module_path!(), "child_opens_and_flushes")
        .var("DOCUMENT", lab.path())
        .spawn();
    let opened: u64 = child.await_point("opened").parse().unwrap();
    let flushed: u64 = child.await_point("flushed").parse().unwrap();
    child.succeed();
    assert!(opened > size * 9 / 10, "{opened} bytes cannot hold {size}");
    assert!(opened < size * 5 / 4, "opening {size} bytes took {opened}");
    assert!(flushed < size * 9 / 4, "flushing {size} bytes took {flushed}");
}
