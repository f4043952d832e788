//! Any bytes as a text with conflict markers, and any three texts as the documents of a merge. They
//! are refused, or merged by the laws for all documents.

#![no_main]

use agentslock_core::merge::{MarkedSides, Markers, Merged, Resolution, merge};
use libfuzzer_sys::fuzz_target;

fn merged(base: &[u8], ours: &[u8], theirs: &[u8], mut resolution: Resolution) -> Option<Merged> {
    merge(base, ours, theirs, &mut resolution).ok()
}

fn text(base: &[u8], ours: &[u8], theirs: &[u8], resolution: Resolution) -> String {
    let merged = merged(base, ours, theirs, resolution).expect("because all three are documents");
    merged.text().expect("because no conflict is open")
}

fn check(base: &[u8], ours: &[u8], theirs: &[u8]) {
    let Some(open) = merged(base, ours, theirs, Resolution::Unresolved) else { return };
    for side in [ours, theirs] {
        let framed = text(side, side, side, Resolution::Unresolved);
        assert_eq!(text(base, base_or(base), side, Resolution::Unresolved), framed);
        assert_eq!(text(base, side, base_or(base), Resolution::Unresolved), framed);
        assert_eq!(text(base, side, side, Resolution::Unresolved), framed);
    }
    let marked = open.marked(&Markers::default());
    let sides = MarkedSides::read(&marked).expect("because we marked it");
    assert_eq!(sides.conflicts, open.conflicts().count());
    let again_base = sides.base.unwrap_or_default();
    for resolution in [Resolution::Ours, Resolution::Theirs] {
        let resolved = text(base, ours, theirs, resolution);
        let [base, ours, theirs] = [&again_base, &sides.ours, &sides.theirs].map(String::as_bytes);
        // Entries that are not sorted can change places, not more.
        let again = text(base, ours, theirs, resolution);
        assert!(same(&again, &resolved), "{again} {resolved}");
        // A merged document is laid out as a merge lays it out.
        let bytes = resolved.as_bytes();
        assert_eq!(text(bytes, bytes, bytes, Resolution::Unresolved), resolved);
    }
}

/// An empty base is no document by itself.
fn base_or(base: &[u8]) -> &[u8] {
    if base.trim_ascii().is_empty() { b"{}" } else { base }
}

/// Whether two documents mean the same, as far as a decoder can tell: it refuses half surrogates,
/// large numbers, and depth.
fn same(one: &str, two: &str) -> bool {
    let decoded = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    decoded(one) == decoded(two)
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sides) = MarkedSides::read(bytes) {
        check(
            sides.base.unwrap_or_default().as_bytes(),
            sides.ours.as_bytes(),
            sides.theirs.as_bytes(),
        );
    }
    // No document contains a NUL.
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    if let (Some(base), Some(ours), Some(theirs)) = (parts.next(), parts.next(), parts.next()) {
        check(base, ours, theirs);
    }
});
