//! Any text as a value: refused, or encoded in a form that is a fixed point and means the same.

#![no_main]

use std::sync::LazyLock;

use agentslock_core::{Lockfile, StageError};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn encode(lockfile: &Lockfile, json: &str) -> Result<String, StageError> {
    lockfile.set_section_raw("value", json)?;
    let value = lockfile.section_raw("value").expect("because it is a section");
    Ok(value.expect("because it was staged"))
}

/// Opened once: one that is missing is believed only after a pause.
static LOCKFILE: LazyLock<Lockfile> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("because there is a place for temporary files");
    Lockfile::open(directory.path().join("document")).expect("because a missing file is fresh")
});

fuzz_target!(|json: &str| {
    let lockfile = &*LOCKFILE;
    match encode(lockfile, json) {
        Err(StageError::TooDeep { .. }) => {}
        Err(_) => assert!(serde_json::from_str::<&serde_json::value::RawValue>(json).is_err()),
        Ok(encoded) => {
            let again = encode(lockfile, &encoded).expect("because it was encoded by us");
            assert_eq!(again, encoded, "a fixed point");
            // What the typed decoder refuses (half surrogates, depth) cannot be compared.
            if let Ok(before) = serde_json::from_str::<Value>(json) {
                let after: Value = serde_json::from_str(&encoded).expect("because it was JSON");
                assert_eq!(before, after);
            }
            let line = agentslock_core::text::compact(json).expect("because it is JSON");
            assert!(!line.contains('\n'));
        }
    }
});
