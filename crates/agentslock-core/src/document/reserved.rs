//! The top-level keys that are no sections.

/// The version of the document's format that this crate writes.
pub const LOCK_VERSION: u64 = 1;

/// The version of the document's format.
pub(crate) const LOCK_VERSION_KEY: &str = "lock_version";
/// The digest of what the sections were resolved from.
pub(crate) const INPUTS_DIGEST_KEY: &str = "inputs_digest";

/// Whether `name` is a top-level key that is no section.
pub fn is_reserved(name: &str) -> bool {
    refuse(name).is_err()
}

/// What to use instead of a reserved name.
pub(crate) fn refuse(name: &str) -> Result<(), &'static str> {
    match name {
        LOCK_VERSION_KEY => {
            Err("the document's version is read with `lock_version` and is not set")
        }
        INPUTS_DIGEST_KEY => Err("use `inputs_digest` and `set_inputs_digest`"),
        _ => Ok(()),
    }
}
