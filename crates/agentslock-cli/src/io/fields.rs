//! The fields of what `--json` prints.

use agentslock_core::Fields;
use serde_json::value::RawValue;

/// Adds a field that cannot fail to be JSON: a number, a boolean, a string, or what consists of
/// such.
pub(crate) fn push<T: serde::Serialize + ?Sized>(fields: &mut Fields, name: &str, value: &T) {
    fields.push(name, value).expect("because what is pushed is JSON");
}

/// Adds a JSON text as it is.
pub(crate) fn push_raw(fields: &mut Fields, name: &str, json: &str) {
    let raw: &RawValue = serde_json::from_str(json).expect("because it comes from a document");
    push(fields, name, raw);
}
