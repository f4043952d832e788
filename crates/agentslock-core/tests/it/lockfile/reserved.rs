//! Reserved names are no sections, whatever the method; each error says what to use instead.

use agentslock_core::{SectionError, StageError, is_reserved};
use serde_json::Value;

use crate::support::{DOCUMENT, Lab};

const INSTEAD: [(&str, &[&str]); 2] = [
    ("lock_version", &["`lock_version`", "is not set"]),
    ("inputs_digest", &["`inputs_digest`", "`set_inputs_digest`"]),
];

#[test]
fn no_method_takes_a_reserved_name_for_a_section() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let lockfile = lab.open();
    for (name, advice) in INSTEAD {
        assert!(is_reserved(name));
        let check = |said: &str, named: &str| {
            assert_eq!(named, name);
            assert!(said.contains(&format!("\"{name}\"")), "{said}");
            assert!(advice.iter().all(|advice| said.contains(advice)), "{said}");
        };
        for error in
            [lockfile.section::<Value>(name).unwrap_err(), lockfile.section_raw(name).unwrap_err()]
        {
            let said = error.to_string();
            let SectionError::Reserved { path, name, .. } = error else { panic!("{said}") };
            assert_eq!(path, lab.path());
            check(&said, &name);
        }
        for error in [
            lockfile.set_section(name, &1).unwrap_err(),
            lockfile.set_section_raw(name, "1").unwrap_err(),
            // The name is wrong whatever the value.
            lockfile.set_section_raw(name, "not JSON").unwrap_err(),
            lockfile.remove_section(name).unwrap_err(),
        ] {
            let said = error.to_string();
            let StageError::Reserved { name, .. } = error else { panic!("{said}") };
            check(&said, &name);
        }
    }
    assert_eq!(lockfile.text(), DOCUMENT);
    lockfile.flush().unwrap();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn only_exactly_these_names_are_reserved() {
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    let names = ["", "Lock_Version", "inputs_digest ", "inputs_digests", "lock-version"];
    for name in names {
        assert!(!is_reserved(name));
        lockfile.set_section(name, &1).unwrap();
        assert_eq!(lockfile.section::<u8>(name).unwrap(), Some(1));
    }
    lockfile.flush().unwrap();
    assert_eq!(lab.open().section_names().len(), names.len());
}
