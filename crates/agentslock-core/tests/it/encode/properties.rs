//! What holds for every JSON text. The canonical encoding changes white space and a few characters'
//! spelling. A flush changes nothing of what is not staged.

use std::collections::BTreeMap;

use agentslock_core::text::compact;
use agentslock_core::{Error, Flushed, Lockfile};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::json::{Json, Section, canonical_key, document, json, sections, white_space};
use crate::support::{Lab, quick};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 256,
        failure_persistence: None,
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    }
}

fn canonical(text: &str) -> String {
    let lockfile = Lockfile::open("never written").unwrap();
    lockfile.set_section_raw("key", text).unwrap();
    lockfile.section_raw("key").unwrap().unwrap()
}

/// What is done to one section.
#[derive(Clone, Debug)]
enum Deed {
    Set(Json),
    Remove,
}

/// Deeds on sections that are there, and on new ones.
fn deeds() -> impl Strategy<Value = Vec<(Index, bool, String, Deed)>> {
    let deed = prop_oneof![3 => json().prop_map(Deed::Set), 1 => Just(Deed::Remove)];
    let new_name = prop_oneof!["[a-c<é]{0,3}", any::<String>()];
    proptest::collection::vec((any::<Index>(), any::<bool>(), new_name, deed), 0..4)
}

/// The deeds by the names of the sections that they are done to. The last on a name counts.
fn named(deeds: Vec<(Index, bool, String, Deed)>, sections: &[Section]) -> Vec<(String, Deed)> {
    let deeds = deeds.into_iter().map(|(index, is_new, new_name, deed)| {
        let name = if is_new || sections.is_empty() {
            new_name
        } else {
            sections[index.index(sections.len())].name.clone()
        };
        (name, deed)
    });
    deeds.filter(|(name, _)| !agentslock_core::is_reserved(name)).collect()
}

/// The file after the deeds: each section on its line as it was spelled, but for those.
fn expected(sections: &[Section], deeds: &[(String, Deed)]) -> String {
    let mut entries: BTreeMap<&[u8], (String, String)> = sections
        .iter()
        .map(|section| (section.name.as_bytes(), (section.key.clone(), section.value.text())))
        .collect();
    // A section that is removed and set in one flush keeps the spelling of its key: only the last
    // deed on a name is done.
    let last: BTreeMap<&str, &Deed> = deeds.iter().map(|(name, deed)| (&**name, deed)).collect();
    for (name, deed) in last {
        match deed {
            Deed::Remove => {
                entries.remove(name.as_bytes());
            }
            Deed::Set(value) => {
                let new = || (canonical_key(name), String::new());
                entries.entry(name.as_bytes()).or_insert_with(new).1 = value.canonical(1);
            }
        }
    }
    if entries.is_empty() {
        return "{}\n".to_owned();
    }
    let lines: Vec<_> =
        entries.values().map(|(key, value)| format!("  {key}: {}", value.trim())).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Then the file is left alone, however its frame is laid out.
fn changes_nothing(sections: &[Section], deeds: &[(String, Deed)]) -> bool {
    let last: BTreeMap<&str, &Deed> = deeds.iter().map(|(name, deed)| (&**name, deed)).collect();
    last.into_iter().all(|(name, deed)| {
        let there = sections.iter().find(|section| section.name == name);
        match deed {
            Deed::Remove => there.is_none(),
            Deed::Set(value) => {
                there.is_some_and(|section| section.value.text().trim() == value.canonical(1))
            }
        }
    })
}

fn stage(lockfile: &Lockfile, deeds: &[(String, Deed)]) -> Result<(), Error> {
    for (name, deed) in deeds {
        match deed {
            Deed::Set(value) => lockfile.set_section_raw(name, value.text())?,
            Deed::Remove => lockfile.remove_section(name)?,
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_encoding_is_what_the_second_implementation_makes_of_it(
        value in json(), before in white_space(), after in white_space(),
    ) {
        let text = format!("{before}{}{after}", value.text());
        prop_assert_eq!(canonical(&text), value.canonical(1));
    }

    #[test]
    fn the_encoding_is_a_fixed_point_and_means_the_same(value in json()) {
        let text = value.text();
        let once = canonical(&text);
        prop_assert_eq!(&canonical(&once), &once);
        prop_assert_eq!(canonical(&compact(&text).unwrap()), once.clone());
        // Neither can be decoded if a number is too large or half of a surrogate pair is in it.
        let meaning = |text: &str| serde_json::from_str::<Value>(text).ok();
        prop_assert_eq!(meaning(&text), meaning(&once));
        prop_assert_eq!(meaning(&text), meaning(&compact(&text).unwrap()));
    }

    #[test]
    fn a_flush_changes_what_is_staged_and_no_other_byte(
        sections in sections(), deeds in deeds(), white in white_space(),
    ) {
        let deeds = named(deeds, &sections);
        let text = document(&sections, &white);
        let idle = changes_nothing(&sections, &deeds);
        let expected = if idle { text.clone() } else { expected(&sections, &deeds) };
        let lab = Lab::in_memory();
        lab.write(&text);

        let lockfile = lab.open();
        stage(&lockfile, &deeds).unwrap();
        let flushed = lockfile.flush().unwrap();
        prop_assert_eq!(lab.text(), expected.clone());
        prop_assert_eq!(flushed == Flushed::Written, expected != text);

        lab.write(&text);
        let updated = quick().update(lab.path(), |lockfile| stage(lockfile, &deeds)).unwrap();
        prop_assert_eq!(lab.text(), expected);
        prop_assert_eq!(updated.flushed, flushed);
    }

    #[test]
    fn a_handle_shows_the_same_before_and_after_its_flush_as_a_new_one(
        sections in sections(), deeds in deeds(), white in white_space(),
    ) {
        let deeds = named(deeds, &sections);
        let lab = Lab::in_memory();
        lab.write(document(&sections, &white));
        let lockfile = lab.open();
        stage(&lockfile, &deeds).unwrap();
        let shown = |lockfile: &Lockfile| -> Vec<(String, Option<String>)> {
            let names = lockfile.section_names().into_iter();
            names.map(|name| (name.clone(), lockfile.section_raw(&name).unwrap())).collect()
        };
        let (before, text) = (shown(&lockfile), lockfile.text());
        lockfile.flush().unwrap();
        prop_assert_eq!(&shown(&lockfile), &before);
        prop_assert_eq!(&shown(&lab.open()), &before);
        prop_assert_eq!(&lockfile.text(), &text);
        prop_assert_eq!(lab.text(), text);
        prop_assert!(before.iter().all(|(_, value)| value.is_some()));
    }
}
