//! `show`: what it prints is what stands in the file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::support::{DOCUMENT, Lab, OtherUser, Program, set_mode};

/// Spelled as no encoder would.
const ODD: &str = "\n{ \"units\" :{\"git:acme/base@1.4.0\" : [ 1 ,2.50 ], \
    \"\\u0061.b\":\"\\u00e9 <\" ,\"twice\":1,\n\"twice\": 2 },\n\t\"a.b\": { \"c\":1e2 },\
    \"a\":{\"b\": \"shadowed\"}, \"n\":null, \"list\":[], \"lock_version\" :1,\n\
    \"inputs_digest\":\"sha256:0f\" }\n\n";

fn shown(what: &str) -> String {
    Lab::with(ODD).cli(["show", what]).run().exits(0).out().to_owned()
}

#[test]
fn the_whole_document_is_printed_byte_for_byte() {
    let lab = Lab::with(ODD);
    let ended = lab.cli(["show"]).run().exits(0);
    assert_eq!((ended.out(), &*ended.stderr), (ODD, ""));
}

#[test]
fn a_document_without_a_final_newline_is_printed_without_one() {
    let lab = Lab::with("{\"a\":1}");
    assert_eq!(lab.cli(["show"]).run().exits(0).out(), "{\"a\":1}");
}

#[test]
fn a_section_is_printed_as_it_is_spelled() {
    assert_eq!(shown("list"), "[]\n");
    assert_eq!(shown("n"), "null\n");
    assert_eq!(
        shown("units"),
        "{\"git:acme/base@1.4.0\" : [ 1 ,2.50 ], \"\\u0061.b\":\"\\u00e9 <\" ,\"twice\":1,\n\
         \"twice\": 2 }\n"
    );
}

#[test]
fn an_entry_is_named_after_the_first_dot_and_printed_as_it_is_spelled() {
    assert_eq!(shown("units.git:acme/base@1.4.0"), "[ 1 ,2.50 ]\n");
    // By its name, however that is escaped.
    assert_eq!(shown("units.a.b"), "\"\\u00e9 <\"\n");
}

#[test]
fn of_an_entry_that_occurs_twice_the_last_one_is_printed() {
    assert_eq!(shown("units.twice"), "2\n");
}

#[test]
fn a_section_with_a_dot_in_its_name_is_reached_by_a_pointer_only() {
    assert_eq!(shown("/a.b"), "{ \"c\":1e2 }\n");
    assert_eq!(shown("/a.b/c"), "1e2\n");
    assert_eq!(shown("a.b"), "\"shadowed\"\n");
    Lab::with(ODD).cli(["show", "a.b.c"]).run().exits(1).complaint();
}

#[test]
fn reserved_names_are_shown_though_they_are_no_sections() {
    assert_eq!(shown("lock_version"), "1\n");
    assert_eq!(shown("inputs_digest"), "\"sha256:0f\"\n");
    let bare = Lab::with("{\"inputs_digest\":\"\"}");
    assert_eq!(bare.cli(["show", "lock_version"]).run().exits(0).out(), "1\n");
    let ended = bare.cli(["show", "inputs_digest"]).run().exits(1);
    assert!(ended.complaint().contains("no inputs_digest"), "{ended:?}");
    for what in ["lock_version.x", "inputs_digest.x"] {
        let ended = Lab::with(ODD).cli(["show", what]).run().exits(1);
        assert!(ended.complaint().contains(what), "{ended:?}");
    }
}

#[test]
fn reserved_names_are_shown_as_they_are_spelled() {
    for (version, digest) in
        [("1", "\"sha256:\\u0030f\""), ("1e0", "\"\\ud800\""), ("\"next\"", "{ }")]
    {
        let document = format!("{{\"lock_version\":{version},\"inputs_digest\":{digest}}}");
        let lab = Lab::with(document);
        let show = |what| lab.cli(["show", what]).run().exits(0).out().to_owned();
        assert_eq!(show("inputs_digest"), format!("{digest}\n"));
        assert_eq!(show("lock_version"), format!("{version}\n"));
    }
}

#[test]
fn depth_is_no_limit() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let lab = Lab::with(format!("{{\"s\":{{\"e\":{deep}}}}}"));
    assert_eq!(lab.cli(["show", "s.e"]).run().exits(0).out(), format!("{deep}\n"));
    let wrapped = lab.cli(["show", "s.e", "--json"]).run().exits(0);
    assert!(wrapped.out().contains(&deep));
}

#[test]
fn what_is_absent_is_a_no_and_named() {
    let lab = Lab::with(ODD);
    let complaint = |arguments: &[&str]| lab.cli(arguments).run().exits(1).complaint().to_owned();
    let section = complaint(&["show", "cache"]);
    assert!(section.contains(DOCUMENT) && section.contains("\"cache\""), "{section}");
    let of_no_section = complaint(&["show", "cache.x"]);
    assert!(of_no_section.contains("section \"cache\""), "{of_no_section}");
    let entry = complaint(&["show", "units.git:acme/other"]);
    assert!(entry.contains("\"units\"") && entry.contains("\"git:acme/other\""), "{entry}");
    let file = complaint(&["show", "--file", "none.lock"]);
    assert!(file.contains("none.lock"), "{file}");
    assert!(complaint(&["show", "/"]).contains("\"\""));
    assert_eq!(lab.names(), [DOCUMENT], "nothing is created by looking");
}

#[test]
fn an_entry_of_what_has_no_entries_is_an_error_that_names_the_section() {
    for section in ["list", "n"] {
        let ended = Lab::with(ODD).cli(["show", &format!("{section}.x")]).run().exits(2);
        let complaint = ended.complaint();
        assert!(complaint.contains(DOCUMENT) && complaint.contains(section), "{complaint}");
    }
}

#[test]
fn json_wraps_the_value_and_says_where_it_comes_from() {
    let lab = Lab::with(ODD);
    let path = lab.join(DOCUMENT);
    let envelope = |value| json!({"agentslock": 1, "ok": true, "path": path, "value": value});
    let shown = |what: &str| lab.cli(["show", "--json", what]).run().exits(0).json();
    assert_eq!(shown("units.git:acme/base@1.4.0"), envelope(json!([1, 2.5])));
    assert_eq!(shown("/a.b"), envelope(json!({"c": 100.0})));
    assert_eq!(shown("n"), envelope(json!(null)));
    assert_eq!(shown("lock_version"), envelope(json!(1)));
    assert_eq!(shown("inputs_digest"), envelope(json!("sha256:0f")));
    let whole: serde_json::Value = serde_json::from_str(ODD).unwrap();
    assert_eq!(lab.cli(["show", "--json"]).run().exits(0).json(), envelope(whole));
}

#[test]
fn json_tells_what_is_absent_on_standard_output() {
    let lab = Lab::with(ODD);
    for arguments in [&["show", "--json", "cache"][..], &["show", "--json", "--file", "none"]] {
        let told = lab.cli(arguments).run().exits(1).json();
        assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("absent")));
        assert!(told["error"]["message"].is_string(), "{told}");
        assert!(told["path"].is_string(), "{told}");
    }
}

/// More than a pipe holds.
fn large() -> Lab {
    Lab::with(format!("{{\"big\":\"{}\"}}\n", "x".repeat(1_000_000)))
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let lab = large();
    for arguments in [&["show"][..], &["show", "big"], &["show", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        let running = lab.cli(arguments).stdout(writer).start();
        drop(reader);
        running.finish().exits(0).says_nothing();
    }
}

#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return testkit::skip("there is no /dev/full");
    };
    let lab = Lab::with(ODD);
    let ended = lab.cli(["show"]).stdout(full.try_clone().unwrap()).run().exits(2);
    assert!(ended.complaint().contains("standard output"), "{ended:?}");
    lab.cli(["show", "--json"]).stdout(full).run().exits(2);
}

#[test]
fn closed_streams_do_no_harm() {
    let lab = Lab::with(ODD);
    let script = "\"$0\" show >&- && \"$0\" show <&- && \"$0\" show cache 2>&-";
    let ended = Program::shell(script).in_directory(lab.root()).run().exits(1);
    assert_eq!((ended.out(), &*ended.stderr), (ODD, ""));
}

#[test]
fn reading_needs_no_lock() {
    let lab = Lab::with(ODD);
    let holder = lab.hold(DOCUMENT);
    let before = lab.names();
    assert_eq!(lab.cli(["show", "list"]).run().exits(0).out(), "[]\n");
    assert_eq!(lab.names(), before, "and looks at none");
    holder.finish().exits(0);
    // Whatever stands at the lock's name.
    lab.make_fifo(".agentsrc.lock.lock");
    assert_eq!(lab.cli(["show", "list"]).run().exits(0).out(), "[]\n");
}

#[test]
fn reading_works_where_one_may_not_write() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = Lab::with(ODD);
    set_mode(lab.root(), 0o755);
    let shown = user.agentslock(["show"]).in_directory(lab.root()).run().exits(0);
    assert_eq!(shown.out(), ODD);
    assert_eq!(lab.names(), [DOCUMENT]);
}

#[test]
fn a_path_that_is_not_utf_8_can_be_shown() {
    let lab = Lab::new();
    let name = OsStr::from_bytes(b"caf\xe9.lock");
    lab.write(name, ODD);
    let show = || lab.cli(["show", "list", "--file"]).args([name]);
    assert_eq!(show().run().exits(0).out(), "[]\n");
    let told = show().args(["--json"]).run().exits(0).json();
    assert_eq!(told["path"], "caf\u{fffd}.lock", "as well as JSON can say it");
    fs::remove_file(lab.join(name)).unwrap();
    show().run().exits(1).complaint();
}
