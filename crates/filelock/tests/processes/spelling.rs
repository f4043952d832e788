//! File systems that list a name in another spelling than it was given, and answer to both.

use std::fs;
use std::time::Duration;

use testkit::{ChildTest, Preload, names};

use crate::support::{Lab, age, brief, expect_gone, now, record};

/// `é` as one character, as it is typed; and as HFS+ lists it.
const TYPED: &str = "caf\u{e9}.json";
const LISTED: &str = "cafe\u{301}.json";

#[test]
fn child_clears_and_sweeps() {
    let Some(parent) = testkit::parent() else { return };
    let target = parent.path("TARGET");
    let listed = names(target.parent().expect("because it lies in a directory"));
    parent.at("listed", &listed.join(" "));
    expect_gone(&brief(), &target);
    parent.at("swept", "");
}

#[test]
fn leftovers_are_swept_that_are_listed_in_another_spelling() {
    let library = match Preload::of_another_spelling() {
        Ok(library) => library,
        Err(why) => return testkit::skip(&why),
    };
    let lab = Lab::new();
    // A dead holder, and what one left that died while preparing. And another lock's, which stays.
    let lock = lab.join(format!("{TYPED}.lock"));
    let left = lab.join(format!("{TYPED}.lock.prep-00c0ffee00c0ffee"));
    let others = lab.join("tea.json.lock.prep-00c0ffee00c0ffee");
    for directory in [&lock, &left, &others] {
        fs::create_dir(directory).unwrap();
        let written = now() - 3_600_000_000_000;
        fs::write(directory.join("holder"), record(written, "")).unwrap();
        age(directory, Duration::from_secs(3600));
    }
    let mut child = ChildTest::new(module_path!(), "child_clears_and_sweeps")
        .through(library.wrapper())
        .var("TARGET", lab.join(TYPED))
        .spawn();
    let listed = child.await_point("listed");
    assert!(listed.contains(LISTED) && !listed.contains(TYPED), "{listed}");
    child.await_point("swept");
    child.succeed();
    assert_eq!(lab.names(), ["tea.json.lock.prep-00c0ffee00c0ffee"]);
}
