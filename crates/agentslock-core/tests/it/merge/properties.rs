//! The laws of merging, for all documents.

use std::collections::BTreeSet;
use std::num::NonZero;

use agentslock_core::merge::{Conflict, MarkedSides, Markers, Merged, Resolution, merge};
use proptest::prelude::*;
use proptest::sample::Index;

use super::merged;
use super::rule::expected;
use super::triple::{contents, disjoint_triple, raw, sorted_triple, triple};
use crate::encode::json::{document, json, sections, white_space};
use crate::support::Lab;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() }
}

/// A document's text as a flush lays it out.
fn framed(text: &str) -> String {
    let lab = Lab::in_memory();
    lab.write(text);
    let lockfile = lab.open();
    lockfile.set_section("new", &1).unwrap();
    lockfile.flush().unwrap();
    lockfile.remove_section("new").unwrap();
    lockfile.flush().unwrap();
    lab.text()
}

fn resolved([base, ours, theirs]: &[String; 3], resolution: Resolution) -> String {
    let mut resolution = resolution;
    let merged = merge(base, ours, theirs, &mut resolution).unwrap();
    merged.text().expect("because all conflicts were resolved")
}

/// Section and entry of each open conflict.
fn names(merged: &Merged) -> BTreeSet<(String, Option<String>)> {
    let name =
        |conflict: Conflict<'_>| (conflict.section.to_owned(), conflict.entry.map(str::to_owned));
    merged.conflicts().map(name).collect()
}

/// The values of all entries, and of sections that were not taken apart, as they are spelled.
fn spellings(document: &str) -> Vec<(String, Option<String>, String)> {
    let mut all = Vec::new();
    for (name, value) in raw(document) {
        if value.get().starts_with('{') {
            let entries = raw(value.get()).into_iter();
            all.extend(
                entries.map(|(key, value)| (name.clone(), Some(key), value.get().to_owned())),
            );
        } else {
            all.push((name, None, value.get().to_owned()));
        }
    }
    all
}

fn markers(size: usize) -> Markers<'static> {
    let size = NonZero::new(size).unwrap();
    Markers { size, ours: "HEAD", base: "", theirs: "a \u{e9} <<<<<<<" }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_merge_is_what_the_rule_says(triple in triple()) {
        let (content, conflicts) = expected(&triple);
        let [base, ours, theirs] = &triple;
        let merged = merged(base, ours, theirs);
        prop_assert_eq!(&names(&merged), &conflicts);
        if let Some(text) = merged.text() {
            prop_assert_eq!(contents(&text), content);
        } else {
            prop_assert!(!conflicts.is_empty());
        }
    }

    #[test]
    fn an_unchanged_side_yields_the_other_to_the_byte([base, ours, _] in triple()) {
        for merged in [merged(&base, &base, &ours), merged(&base, &ours, &base)] {
            prop_assert_eq!(merged.text(), Some(framed(&ours)));
            prop_assert!(!merged.inputs_digest_dropped());
        }
    }

    #[test]
    fn which_side_is_called_ours_does_not_matter([base, ours, theirs] in triple()) {
        let (one, two) = (merged(&base, &ours, &theirs), merged(&base, &theirs, &ours));
        prop_assert_eq!(one.inputs_digest_dropped(), two.inputs_digest_dropped());
        prop_assert_eq!(one.conflicts().count(), two.conflicts().count());
        for one in one.conflicts() {
            let same = |two: &Conflict<'_>| {
                (one.section, one.entry, one.base) == (two.section, two.entry, two.base)
                    && (one.ours, one.theirs) == (two.theirs, two.ours)
            };
            prop_assert!(two.conflicts().any(|two| same(&two)), "{one:?}");
        }
        let one = resolved(&[base.clone(), ours.clone(), theirs.clone()], Resolution::Ours);
        let two = resolved(&[base, theirs, ours], Resolution::Theirs);
        prop_assert_eq!(contents(&one), contents(&two));
    }

    #[test]
    fn merging_again_changes_nothing([base, ours, theirs] in triple()) {
        prop_assert_eq!(merged(&base, &ours, &ours).text(), Some(framed(&ours)));
        let first = merged(&base, &ours, &theirs);
        // A digest that was dropped looks like one that one side removed.
        if let Some(text) = first.text().filter(|_| !first.inputs_digest_dropped()) {
            prop_assert_eq!(merged(&base, &text, &theirs).text(), Some(text.clone()));
            let other = merged(&base, &ours, &text).text().unwrap();
            prop_assert_eq!(contents(&other), contents(&text));
        }
    }

    #[test]
    fn nothing_appears_that_no_side_had(triple in triple()) {
        let sides: Vec<_> = triple[1..].iter().flat_map(|side| spellings(side)).collect();
        for resolution in [Resolution::Ours, Resolution::Theirs] {
            for spelling in spellings(&resolved(&triple, resolution)) {
                prop_assert!(sides.contains(&spelling), "{spelling:?}");
            }
        }
    }

    #[test]
    fn nothing_vanishes_that_nobody_removed([base, ours, theirs] in triple()) {
        let merged = merged(&base, &ours, &theirs);
        if let Some(text) = merged.text() {
            let keys = |text: &str| -> BTreeSet<_> {
                let keys = spellings(text).into_iter().map(|(section, entry, _)| (section, entry));
                keys.filter(|(section, _)| section != "inputs_digest").collect()
            };
            let [base, ours, theirs, merged] = [&base, &ours, &theirs, &text].map(|text| keys(text));
            for key in ours.union(&theirs).filter(|key| !merged.contains(key)) {
                // One side lacks what both began with.
                prop_assert!(base.contains(key), "{key:?}");
                prop_assert!(!(ours.contains(key) && theirs.contains(key)), "{key:?}");
            }
        }
    }

    #[test]
    fn sides_that_touch_different_entries_never_conflict(triple in disjoint_triple()) {
        let [base, ours, theirs] = &triple;
        let merged = merged(base, ours, theirs);
        prop_assert_eq!(names(&merged), BTreeSet::new());
        prop_assert_eq!(contents(&merged.text().unwrap()), expected(&triple).0);
    }

    #[test]
    fn a_merged_document_is_a_fixed_point_of_open_and_flush(triple in triple()) {
        let text = resolved(&triple, Resolution::Ours);
        prop_assert_eq!(framed(&text), text);
    }

    #[test]
    fn what_is_marked_reads_back(triple in triple(), size in 1..12_usize) {
        let [base, ours, theirs] = &triple;
        let merged = merged(base, ours, theirs);
        let marked = merged.marked(&markers(size));
        let sides = MarkedSides::read(&marked).unwrap();
        prop_assert_eq!(sides.conflicts, merged.conflicts().count());
        // Taking one side of each conflict is resolving each so.
        let with = |resolution| resolved(&triple, resolution);
        prop_assert_eq!(contents(&sides.ours), contents(&with(Resolution::Ours)));
        prop_assert_eq!(contents(&sides.theirs), contents(&with(Resolution::Theirs)));
        prop_assert_eq!(sides.base.is_some(), sides.conflicts > 0);
        let again = [sides.base.unwrap_or_default(), sides.ours, sides.theirs];
        for resolution in [Resolution::Ours, Resolution::Theirs] {
            prop_assert_eq!(contents(&resolved(&again, resolution)), contents(&with(resolution)));
        }
    }

    #[test]
    fn what_is_marked_and_merged_again_is_the_same_to_the_byte(triple in sorted_triple()) {
        let [base, ours, theirs] = &triple;
        let marked = merged(base, ours, theirs).marked(&markers(7));
        let sides = MarkedSides::read(&marked).unwrap();
        let again = [sides.base.unwrap_or_default(), sides.ours, sides.theirs];
        for resolution in [Resolution::Ours, Resolution::Theirs] {
            prop_assert_eq!(resolved(&again, resolution), resolved(&triple, resolution));
        }
        let [base, ours, theirs] = &again;
        prop_assert_eq!(merged(base, ours, theirs).marked(&markers(7)), marked);
    }

    #[test]
    fn what_a_person_chose_reads_back(
        [base, ours, theirs] in triple(), choices in prop::collection::vec(any::<bool>(), 24),
    ) {
        let mut choices_left = choices.iter();
        let expected = merge(&base, &ours, &theirs, &mut |_: &Conflict<'_>| {
            let choice = *choices_left.next().expect("because there are no more keys");
            if choice { Resolution::Ours } else { Resolution::Theirs }
        });
        let marked = merged(&base, &ours, &theirs).marked(&Markers::default());
        let (mut chosen, mut conflict, mut part) = (String::new(), 0, '>');
        for line in marked.split_inclusive('\n') {
            match line.chars().next().filter(|first| "<|=>".contains(*first)) {
                Some(marker) => {
                    part = marker;
                    conflict += usize::from(part == '>');
                }
                None if part == '>' || part == if choices[conflict] { '<' } else { '=' } => {
                    chosen.push_str(line);
                }
                None => {}
            }
        }
        let sides = MarkedSides::read(&chosen).unwrap();
        prop_assert_eq!((sides.conflicts, &sides.theirs), (0, &sides.ours));
        let expected = expected.unwrap().text().unwrap();
        prop_assert_eq!(contents(&sides.ours), contents(&expected));
    }

    #[test]
    fn a_text_without_markers_is_left_as_it_is(sections in sections(), white in white_space()) {
        let text = document(&sections, &white);
        let sides = MarkedSides::read(&text).unwrap();
        prop_assert_eq!((sides.conflicts, sides.base, &sides.theirs), (0, None, &sides.ours));
        prop_assert_eq!(sides.ours, text);
    }

    #[test]
    fn commas_at_the_ends_of_lines_do_not_matter(
        values in prop::collection::vec(json(), 1..4), spots in prop::collection::vec(any::<Index>(), 4),
    ) {
        let values: Vec<_> = values.iter().map(|value| value.canonical(1)).collect();
        let values = values.iter().zip(["a", "b", "c"]);
        let values: Vec<_> = values.map(|(value, key)| format!("  \"{key}\": {value}")).collect();
        let text = format!("{{\n{}\n}}\n", values.join(",\n"));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for spot in spots {
            let at = spot.index(lines.len() - 1);
            let is_last = lines[at + 1].trim().starts_with(['}', ']']);
            if is_last && !lines[at].ends_with(',') {
                lines[at].push(',');
            } else if !is_last && lines[at].ends_with(',') {
                lines[at].pop();
            }
        }
        prop_assert_eq!(MarkedSides::read(lines.join("\n") + "\n").unwrap().ours, text);
    }
}
