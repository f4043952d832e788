//! Any sequence of what two handles and others do to one document, against a model of it.

use std::collections::BTreeMap;
use std::fs;

use agentslock_core::{Error, FileError, FlushError, Flushed, Lockfile};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::encode::json::{Json, Section, canonical_key, document, json, sections, white_space};
use crate::support::{Lab, quick};

/// What is to become of a section: this value, or nothing.
type Deed = (String, Option<Json>);

#[derive(Clone, Debug)]
enum Step {
    Open(usize),
    Stage(usize, Deed),
    Flush(usize),
    /// Whether the closure fails in the end.
    Update(Vec<Deed>, bool),
    /// By somebody who takes no lock: other content, or none.
    Outside(Option<(Vec<Section>, String)>),
}

fn deed() -> impl Strategy<Value = Deed> {
    ("[a-c]{1,2}", prop::option::weighted(0.7, json()))
}

fn step() -> impl Strategy<Value = Step> {
    let outside = prop::option::weighted(0.8, (sections(), white_space()));
    prop_oneof![
        1 => (0..2_usize).prop_map(Step::Open),
        6 => (0..2_usize, deed()).prop_map(|(handle, deed)| Step::Stage(handle, deed)),
        4 => (0..2_usize).prop_map(Step::Flush),
        2 => (vec(deed(), 0..3), any::<bool>()).prop_map(|(deeds, fails)| Step::Update(deeds, fails)),
        1 => outside.prop_map(Step::Outside),
    ]
}

/// The document: each key and value as it is spelled, by name; and the whole.
#[derive(Clone, Debug, Default)]
struct Model {
    text: Option<String>,
    entries: BTreeMap<String, (String, String)>,
}

/// What is staged, by name, as it will be written.
type Staged = BTreeMap<String, Option<String>>;

impl Model {
    fn of(sections: &[Section], white: &str) -> Self {
        let entry = |section: &Section| {
            let value = section.value.text().trim().to_owned();
            (section.name.clone(), (section.key.clone(), value))
        };
        let entries = sections.iter().map(entry).collect();
        Self { text: Some(document(sections, white)), entries }
    }

    fn flush(&mut self, staged: &Staged) -> Flushed {
        let value = |name: &String| self.entries.get(name).map(|(_, value)| value);
        if self.text.is_some() && staged.iter().all(|(name, new)| new.as_ref() == value(name)) {
            return Flushed::Unchanged;
        }
        if self.text.is_none() {
            let version = ("\"lock_version\"".to_owned(), "1".to_owned());
            self.entries = BTreeMap::from([("lock_version".to_owned(), version)]);
        }
        for (name, new) in staged {
            match new {
                None => drop(self.entries.remove(name)),
                Some(new) => {
                    let entry = self.entries.entry(name.clone());
                    entry.or_insert_with(|| (canonical_key(name), String::new())).1.clone_from(new);
                }
            }
        }
        let lines: Vec<_> =
            self.entries.values().map(|(key, value)| format!("\n  {key}: {value}")).collect();
        let end = if lines.is_empty() { "" } else { "\n" };
        self.text = Some(format!("{{{}{end}}}\n", lines.join(",")));
        Flushed::Written
    }
}

fn stage(lockfile: &Lockfile, (name, value): &Deed, staged: &mut Staged) -> Result<(), Error> {
    match value {
        Some(value) => lockfile.set_section_raw(name, value.text())?,
        None => lockfile.remove_section(name)?,
    }
    staged.insert(name.clone(), value.as_ref().map(|value| value.canonical(1)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_document_is_what_was_done_to_it_and_nothing_else(steps in vec(step(), 1..24)) {
        let lab = Lab::in_memory();
        let mut model = Model::default();
        lab.quieten();
        // With what is staged, and whether it has seen a document.
        let mut handles = [0, 1].map(|_| (lab.open(), Staged::new(), false));
        for step in steps {
            // Else each look for a missing document takes 200 ms.
            lab.quieten();
            match step {
                Step::Open(handle) => {
                    handles[handle] = (lab.open(), Staged::new(), model.text.is_some());
                }
                Step::Stage(handle, deed) => {
                    let (lockfile, staged, _) = &mut handles[handle];
                    stage(lockfile, &deed, staged).unwrap();
                }
                Step::Flush(handle) => {
                    let (lockfile, staged, has_seen) = &mut handles[handle];
                    if *has_seen && model.text.is_none() {
                        let error = lockfile.flush().unwrap_err();
                        let is_removed = matches!(error, FlushError::File(FileError::Removed { .. }));
                        prop_assert!(is_removed, "{error}");
                        continue;
                    }
                    *has_seen = true;
                    prop_assert_eq!(lockfile.flush().unwrap(), model.flush(staged));
                    staged.clear();
                    prop_assert_eq!(Some(lockfile.text()), model.text.clone());
                }
                Step::Update(deeds, fails) => {
                    let mut staged = Staged::new();
                    let updated = quick().update(lab.path(), |lockfile| {
                        deeds.iter().try_for_each(|deed| stage(lockfile, deed, &mut staged))?;
                        if fails { Ok(lockfile.set_section_raw("a", "no JSON")?) } else { Ok(()) }
                    });
                    let updated = updated.map(|updated| updated.flushed);
                    match updated {
                        Err(Error::Stage(_)) if fails => {}
                        other => prop_assert_eq!(other.unwrap(), model.flush(&staged)),
                    }
                }
                Step::Outside(Some((sections, white))) => {
                    model = Model::of(&sections, &white);
                    lab.replace(model.text.as_ref().unwrap());
                }
                Step::Outside(None) => {
                    model = Model::default();
                    let _ = fs::remove_file(lab.path());
                }
            }
            prop_assert_eq!(fs::read_to_string(lab.path()).ok(), model.text.clone());
        }
    }
}
