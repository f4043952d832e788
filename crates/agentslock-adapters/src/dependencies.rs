//! Dependencies as a caller gives them.

use agentslock_core::{Digest, Entries};

use crate::document::check_name;
use crate::error::ChangeError;
use crate::view::Dependency;

/// Checks what a view is said to depend on. A digest that is none is accepted only if the adapter
/// that is depended on has it: an older program gave it that one.
pub(crate) fn check(dependencies: &[Dependency], entries: &Entries) -> Result<(), ChangeError> {
    for Dependency { adapter, schema_digest, .. } in dependencies {
        check_name(adapter, "an adapter")?;
        let has = |digest: &Digest| {
            let theirs =
                entries.object(adapter, |mut fields| fields.take::<String>("schema_digest"));
            matches!(theirs, Ok(Some(Some(theirs))) if *digest == *theirs)
        };
        if !has(schema_digest) {
            schema_digest.check()?;
        }
    }
    Ok(())
}
