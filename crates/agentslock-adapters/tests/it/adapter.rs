//! The example of an adapter, on a schema of its own.

#[allow(dead_code, reason = "its main is not called")]
#[path = "../../examples/adapter.rs"]
mod example;

use agentslock_adapters::{Activation, Status, Timestamp};

use self::example::step;
use crate::support::{Lab, digest};

const SCHEMA: &str = "edge Calls(Function -> Function)\nedge Imports(File -> File)\n";

/// A repository with this schema.
fn with_schema(lab: &Lab, schema: &str) {
    let directory = lab.path().with_file_name("adapters");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("kuzu.schema"), schema).unwrap();
}

fn run(lab: &Lab, round: u32) -> String {
    step(lab.path().parent().unwrap(), &lab.adapter("kuzu"), round).unwrap()
}

fn statuses(lab: &Lab) -> [Status; 2] {
    ["calls", "imports"].map(|view| lab.view("kuzu", view).view_status)
}

#[test]
fn a_restart_is_no_change_and_a_bump_ends_with_views_that_fit() {
    let lab = Lab::with("{}");
    with_schema(&lab, SCHEMA);
    assert_eq!(run(&lab, 0), "");
    assert_eq!(statuses(&lab), [Status::Ready, Status::Ready]);
    let text = lab.text();
    assert_eq!(run(&lab, 0), "");
    assert_eq!(lab.text(), text);

    with_schema(&lab, &format!("{SCHEMA}node Package(name)\n"));
    assert_eq!(
        run(&lab, 1),
        "bumped: kuzu/calls is to be checked\nbumped: kuzu/imports is to be checked\n\
         rebuilt: calls\nrebuilt: imports\n"
    );
    assert_eq!(statuses(&lab), [Status::Ready, Status::Ready]);
    assert!(lab.lock.outdated().unwrap().is_empty());
}

#[test]
fn a_view_that_does_not_fit_waits_for_a_new_definition() {
    let lab = Lab::with("{}");
    with_schema(&lab, SCHEMA);
    run(&lab, 0);
    with_schema(&lab, "edge Calls(Function -> Function)\n");
    let told = run(&lab, 1);
    assert!(told.ends_with("rebuilt: calls\nfailed: imports needs a new definition\n"), "{told}");
    assert_eq!(statuses(&lab), [Status::Ready, Status::DslUpdateRequired]);
    assert_eq!(run(&lab, 1), "");
}

#[test]
fn the_next_run_goes_on_from_wherever_the_last_one_died() {
    let lab = Lab::with("{}");
    with_schema(&lab, SCHEMA);
    run(&lab, 0);
    // It died right after it went live with a schema that is not the one on the disk by now.
    let (source_digest, schema_digest) = (digest(1), digest(2));
    let activation = Activation { source_digest, schema_digest, at: Timestamp::now() };
    lab.adapter("kuzu").activate(&activation).unwrap();
    assert_eq!(statuses(&lab), [Status::PendingRecompatCheck, Status::PendingRecompatCheck]);
    run(&lab, 1);
    assert_eq!(statuses(&lab), [Status::Ready, Status::Ready]);
    assert!(lab.lock.outdated().unwrap().is_empty());
}

#[test]
fn the_example_fits_on_few_screens() {
    let source = include_str!("../../examples/adapter.rs");
    assert!(source.lines().count() < 120, "{}", source.lines().count());
}
