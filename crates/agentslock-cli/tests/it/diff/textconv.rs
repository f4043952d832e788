//! `diff --textconv`: a document as git compares it.

use super::{A, B, adapter, lab_with};
use crate::support::DOCUMENT;

#[test]
fn textconv_has_a_line_for_each_entry_with_whole_values() {
    let lab = lab_with(adapter(B, "ready", "registered"));
    let out = lab.cli(["diff", "--textconv", DOCUMENT]).run().exits(0).out().to_owned();
    assert_eq!(
        out,
        format!(
            "adapter kuzu: activated_at 2026-01-01T00:00:00Z, schema_digest {B}, source_digest {A}\n\
             adapter kuzu view calls: last_validation_at registered, state_history \
             [{{\"at\":\"2026-01-01T00:00:00Z\",\"to\":\"ready\",\"trigger\":\"registered\"}}], \
             view_digest {A}, view_status ready\n"
        )
    );
    let lab =
        lab_with("{\"u\":{},\"lock_version\":1,\"inputs_digest\":\"d\",\"install\":{\"a\":1}}");
    let out = lab.cli(["diff", "--textconv", DOCUMENT]).run().exits(0).out().to_owned();
    assert_eq!(out, "lock_version 1\ninputs_digest d\ninstall a: 1\nu {}\n");
}

#[test]
fn textconv_shows_what_is_no_document_as_it_is() {
    let lab = lab_with("{\n<<<<<<< HEAD\n");
    let out = lab.cli(["diff", "--textconv", DOCUMENT]).run().exits(0).out().to_owned();
    assert_eq!(out, "{\n<<<<<<< HEAD\n");
    lab.write(DOCUMENT, b"{\"\xe4\": 1}");
    assert_eq!(lab.cli(["diff", "--textconv", DOCUMENT]).run().exits(0).stdout, b"{\"\xe4\": 1}");
    std::fs::create_dir(lab.join("directory")).unwrap();
    lab.cli(["diff", "--textconv", "directory"]).run().exits(2).complaint();
}

#[test]
fn textconv_takes_one_document_and_no_other() {
    let lab = lab_with("{}");
    for flags in [&["b"][..], &["--file", "x"]] {
        let ended = lab.cli(["diff", "--textconv", DOCUMENT]).args(flags).run().exits(2);
        assert!(ended.stderr.contains("cannot be used with"), "{}", ended.stderr);
    }
}
