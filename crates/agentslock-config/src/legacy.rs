//! The sections that came before `units`: `config` for layers, `packages` for artifacts.

use std::path::Path;

use agentslock_core::{Digest, FieldError, Fields, Lockfile};

use crate::error::ReadUnitsError;
use crate::lock::{Entries, entries};
use crate::unit::{Kind, Unit};

/// The units that an older document's sections stand for. Both sections occur with both shapes.
pub(crate) fn units(lockfile: &Lockfile) -> Result<Vec<(String, Unit)>, ReadUnitsError> {
    let mut units = Vec::new();
    for (section, kind) in [("config", Kind::Layer), ("packages", Kind::Artifact)] {
        for (reference, fields) in entries(lockfile, section)?.unwrap_or_else(Entries::new) {
            let unit = unit(fields, kind.clone())
                .map_err(|source| in_entry(lockfile.path(), section, &reference, source))?;
            units.push((reference, unit));
        }
    }
    Ok(units)
}

/// `resolved_sha` or `digest` becomes the digest; the cache key is kept; times and tags are dropped.
fn unit(mut fields: Fields, kind: Kind) -> Result<Unit, FieldError> {
    let digest: Digest = match fields.take("resolved_sha")? {
        Some(digest) => digest,
        None => fields.require("digest")?,
    };
    let mut unit = Unit::new(kind, digest);
    unit.cache_key = fields.take("cache_key")?;
    Ok(unit)
}

pub(crate) fn in_entry(
    path: &Path,
    section: &'static str,
    entry: &str,
    source: FieldError,
) -> ReadUnitsError {
    ReadUnitsError::Entry { path: path.to_owned(), section, entry: entry.to_owned(), source }
}
