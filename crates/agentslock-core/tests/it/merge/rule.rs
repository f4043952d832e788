//! What must come of a merge: a second implementation of the rule, which starts from the parts and
//! not from the text.

use std::collections::{BTreeMap, BTreeSet};

use super::triple::{Content, contents};

/// What is made of a key, by the numbers of its values.
fn rule<T: PartialEq + Clone>([base, ours, theirs]: [Option<T>; 3]) -> Result<Option<T>, ()> {
    if ours == theirs || theirs == base {
        Ok(ours)
    } else if ours == base {
        Ok(theirs)
    } else {
        Err(())
    }
}

/// What a merged document contains, and section and entry of the conflicts that are open.
pub(crate) type Expected = (BTreeMap<String, Content>, BTreeSet<(String, Option<String>)>);

/// The rule for the version, which is one where it is missing.
fn version([base, ours, theirs]: [Option<Content>; 3]) -> Result<Option<Content>, ()> {
    let meant = |version: &Option<Content>| {
        version.clone().unwrap_or_else(|| Content::Reserved("1".to_owned()))
    };
    match rule([&base, &ours, &theirs].map(|version| Some(meant(version)))) {
        Err(()) => Err(()),
        Ok(_) if meant(&ours) == meant(&theirs) && ours != base && theirs != base => {
            Ok(ours.or(theirs))
        }
        Ok(_) if meant(&ours) == meant(&theirs) => Ok(if ours == base { theirs } else { ours }),
        Ok(_) => Ok(if meant(&ours) == meant(&base) { theirs } else { ours }),
    }
}

/// What must come of merging these three with all conflicts left open.
pub(crate) fn expected(triple: &[String; 3]) -> Expected {
    let sides = triple.each_ref().map(|text| contents(text));
    let names: BTreeSet<&String> = sides.iter().flat_map(BTreeMap::keys).collect();
    let (mut merged, mut conflicts) = (BTreeMap::new(), BTreeSet::new());
    for name in names {
        let section = sides.each_ref().map(|side| side.get(name).cloned());
        if name == "lock_version" {
            match version(section) {
                Ok(content) => merged.extend(content.map(|content| (name.clone(), content))),
                Err(()) => {
                    conflicts.insert((name.clone(), None));
                }
            }
            continue;
        }
        let entries = section.each_ref().map(|side| match side {
            Some(Content::Entries(entries)) => Some(entries.clone()),
            None => Some(BTreeMap::new()),
            _ => None,
        });
        match (rule(section.clone()), entries) {
            (Ok(content), _) => {
                merged.extend(content.map(|content| (name.clone(), content)));
            }
            (Err(()), _) if name == "inputs_digest" => {}
            (Err(()), [Some(base), Some(ours), Some(theirs)])
                if section[1].is_some() && section[2].is_some() =>
            {
                let keys: BTreeSet<&String> =
                    [&base, &ours, &theirs].into_iter().flat_map(BTreeMap::keys).collect();
                let mut kept = BTreeMap::new();
                for key in keys {
                    match rule([&base, &ours, &theirs].map(|side| side.get(key))) {
                        Ok(value) => kept.extend(value.map(|value| (key.clone(), *value))),
                        Err(()) => {
                            conflicts.insert((name.clone(), Some(key.clone())));
                        }
                    }
                }
                merged.insert(name.clone(), Content::Entries(kept));
            }
            (Err(()), _) => {
                conflicts.insert((name.clone(), None));
            }
        }
    }
    (merged, conflicts)
}
