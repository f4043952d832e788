//! Merging stamps.

use agentslock_config::LaterStamp;
use agentslock_core::merge::{Merged, merge};

fn merged(base: &str, ours: &str, theirs: &str) -> Merged {
    merge(base, ours, theirs, &mut LaterStamp).unwrap()
}

fn install(version: &str, at: &str) -> String {
    format!(r#"{{"install":{{"project":"p","version":"{version}","stamped_at":"{at}"}}}}"#)
}

fn refresh(version: &str, at: &str) -> String {
    format!(r#"{{"refresh":{{"version":"{version}","refreshedAt":"{at}"}}}}"#)
}

const EARLY: &str = "2026-01-02T03:04:05Z";
const LATE: &str = "2026-01-02T03:04:06Z";

#[test]
fn the_later_stamp_wins_on_either_side_and_whole() {
    for stamp in [install, refresh] {
        let (base, early, late) =
            (stamp("1", "2025-01-01T00:00:00Z"), stamp("2", EARLY), stamp("3", LATE));
        for (ours, theirs) in [(&early, &late), (&late, &early)] {
            for base in [base.as_str(), "{}", ""] {
                let text = merged(base, ours, theirs).text().unwrap();
                assert!(text.contains("\"version\":\"3\"") && text.contains(LATE), "{text}");
                assert!(!text.contains(EARLY), "{text}");
            }
        }
    }
}

#[test]
fn both_stamps_are_decided_each_by_its_own_time() {
    let document = |install_at: &str, refresh_at: &str| {
        format!(
            r#"{{"install":{{"project":"p","stamped_at":"{install_at}"}},"refresh":{{"refreshedAt":"{refresh_at}"}}}}"#
        )
    };
    let text = merged("{}", &document(EARLY, LATE), &document(LATE, EARLY)).text().unwrap();
    assert_eq!(text.matches(LATE).count(), 2, "{text}");
}

#[test]
fn a_stamp_is_not_put_together_from_two_sides() {
    let base = r#"{"install":{"project":"p","stamped_at":"2025-01-01T00:00:00Z"}}"#;
    let ours = format!(r#"{{"install":{{"project":"p","commit":"a","stamped_at":"{LATE}"}}}}"#);
    let theirs =
        format!(r#"{{"install":{{"project":"p","describe":"b","stamped_at":"{EARLY}"}}}}"#);
    let text = merged(base, &ours, &theirs).text().unwrap();
    assert!(text.contains("commit") && !text.contains("describe"), "{text}");
}

#[test]
fn moments_are_compared_and_not_their_spelling() {
    // Later as text, earlier as a moment.
    let theirs = install("2", "2026-01-02T04:04:04+01:00");
    let text = merged("{}", &install("1", EARLY), &theirs).text().unwrap();
    assert!(text.contains("\"version\":\"1\""), "{text}");
    let theirs = install("2", "2026-01-02T03:04:05.5Z");
    let text = merged("{}", &install("1", EARLY), &theirs).text().unwrap();
    assert!(text.contains("\"version\":\"2\""), "{text}");
}

#[test]
fn what_cannot_be_decided_stays_a_conflict() {
    let base = install("0", "2025-01-01T00:00:00Z");
    for (ours, theirs) in [
        (install("1", EARLY), install("2", EARLY)),
        (install("1", EARLY), install("2", "soon")),
        (install("1", EARLY), install("2", "")),
        (install("1", EARLY), r#"{"install":{"project":"p"}}"#.to_owned()),
        (install("1", EARLY), r#"{"install":7}"#.to_owned()),
        (install("1", EARLY), "{}".to_owned()),
        ("{}".to_owned(), install("1", LATE)),
        (r#"{"refresh":{"version":"1"}}"#.to_owned(), refresh("2", EARLY)),
    ] {
        let merged = merged(&base, &ours, &theirs);
        assert_eq!(merged.conflicts().count(), 1, "{ours} {theirs}");
        assert_eq!(merged.conflicts().next().unwrap().entry, None, "as a whole");
    }
}

#[test]
fn other_sections_are_not_its_business() {
    let units = |digest: &str| {
        format!(
            r#"{{"units":{{"a:x@1":{{"kind":"layer","digest":"{digest}","stamped_at":"{EARLY}"}}}}}}"#
        )
    };
    let merged = merged(&units("0"), &units("1"), &units("2"));
    let conflict = merged.conflicts().next().unwrap();
    assert_eq!((conflict.section, conflict.entry), ("units", Some("a:x@1")));
}
