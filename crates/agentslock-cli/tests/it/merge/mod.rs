//! `merge`: as git's driver in real repositories, and alone.

mod alone;
mod conflicts;
mod crashes;
mod driver;
mod ignore;
mod install;
mod races;
#[cfg(target_os = "linux")]
mod removal;
pub(crate) mod repo;
mod setup;
mod sparse;
mod strategies;

use serde_json::{Value, json};

/// A unit whose digest is told from others by `mark`.
fn unit(mark: &str) -> Value {
    json!({"kind": "layer", "digest": format!("sha256:{}", mark.repeat(64))})
}

/// A document with these units.
fn units(units: &[(&str, &str)]) -> Value {
    let units: serde_json::Map<_, _> =
        units.iter().map(|(name, mark)| ((*name).to_owned(), unit(mark))).collect();
    json!({"lock_version": 1, "units": units})
}

/// `document` with other top-level values.
fn with(mut document: Value, values: Value) -> Value {
    let Value::Object(values) = values else { unreachable!("because the test says so") };
    document.as_object_mut().unwrap().extend(values);
    document
}
