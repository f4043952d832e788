//! What is said of a value that is not there: where the way to it ends, and what may have been
//! meant.

use std::path::Path;

use agentslock_core::{Lockfile, is_reserved};

use crate::document::hint::like;
use crate::document::in_git::InGit;
use crate::document::path::{ValuePath, spelled};
use crate::document::value::{self, NoValue};
use crate::io::failure::{Failure, NO};

/// That the document has no value at `at`.
pub(crate) fn absent(lockfile: &Lockfile, at: &ValuePath) -> Failure {
    let path = lockfile.path().display();
    if lockfile.was_missing() {
        return no_document(lockfile.path());
    }
    if is_reserved(at.section()) && at.is_section() {
        let set = "agentslock set --inputs-digest \"$(agentslock digest)\"";
        return no(format!("`{path}` has no {at}; to write one: `{set}`"));
    }
    if is_reserved(at.section()) {
        let name = at.section();
        return no(format!(
            "`{path}` has no {at}: {name} is one value; see `agentslock show {name}`"
        ));
    }
    let Some(section) = lockfile.top_level_raw(at.section()) else {
        let names = lockfile.section_names();
        let meant = like(at.section(), names.iter().map(String::as_str));
        let meant = meant.map(|section| spelled(section, at.steps()));
        let hint = hint(meant, "agentslock show --keys");
        return no(format!("`{path}` has no section {:?}{hint}", at.section()));
    };
    match value::find(&section, at.steps()) {
        Ok(_) => no(format!("`{path}` has no {at}")),
        Err(NoValue::Absent { steps }) => absent_after(lockfile, &section, at, steps),
        Err(why) => Failure::input(format!("`{path}`: {}", in_words(at, &why))),
    }
}

fn absent_after(lockfile: &Lockfile, section: &str, at: &ValuePath, steps: usize) -> Failure {
    let path = lockfile.path().display();
    let (way, name) = (&at.steps()[..steps], &at.steps()[steps]);
    let keys = value::find(section, way).ok().and_then(value::keys).unwrap_or_default();
    let meant = deeper(&keys, at, steps).or_else(|| {
        let key = like(name, keys.iter().map(String::as_str))?;
        let mut meant = at.steps().to_vec();
        key.clone_into(&mut meant[steps]);
        Some(spelled(at.section(), &meant))
    });
    let meant = hint(meant, &format!("agentslock show --keys {}", spelled(at.section(), way)));
    if steps == 0 {
        return no(format!("`{path}`, section {:?} has no entry {name:?}{meant}", at.section()));
    }
    no(format!("`{path}`: `{}` has no {name:?}{meant}", spelled(at.section(), way)))
}

/// `SECTION.ENTRY.FIELD` is the entry `ENTRY.FIELD`; a field is reached by a pointer.
fn deeper(keys: &[String], at: &ValuePath, steps: usize) -> Option<String> {
    let typed = (steps == 0).then(|| &at.steps()[0])?;
    let (entry, field) = keys.iter().find_map(|key| {
        let field = typed.strip_prefix(key.as_str())?.strip_prefix(['.', '/'])?;
        Some((key, field))
    })?;
    let mut meant = vec![entry.clone()];
    meant.extend(field.split(['.', '/']).map(str::to_owned));
    Some(spelled(at.section(), &meant))
}

/// That the value at `at` cannot be set.
pub(crate) fn cannot_be_set(path: &Path, at: &ValuePath, why: &NoValue) -> Failure {
    let path = path.display();
    Failure::input(format!("`{path}`: {}; nothing was written", in_words(at, why)))
}

fn in_words(at: &ValuePath, why: &NoValue) -> String {
    let (NoValue::Absent { steps }
    | NoValue::NotAContainer { steps, .. }
    | NoValue::NoIndex { steps }) = why;
    let (way, name) = (spelled(at.section(), &at.steps()[..*steps]), &at.steps()[*steps]);
    match why {
        NoValue::Absent { .. } => {
            format!("the list `{way}` has no item {name} (the place after the last one is `-`)")
        }
        NoValue::NotAContainer { kind, .. } => format!("`{way}` is {kind}, and has no {name:?}"),
        NoValue::NoIndex { .. } => format!("`{way}` is a list, and {name:?} is no index of it"),
    }
}

/// That there is no document.
pub(crate) fn no_document(path: &Path) -> Failure {
    if let Some(in_git) = InGit::of(path) {
        return in_git.into_failure(path);
    }
    let path = path.display();
    no(format!("`{path}` does not exist; `agentslock init` makes a first one"))
}

fn no(message: String) -> Failure {
    Failure::new(NO, "absent", message)
}

fn hint(meant: Option<String>, list: &str) -> String {
    meant.map_or_else(|| format!("; see `{list}`"), |meant| format!("; did you mean `{meant}`?"))
}
