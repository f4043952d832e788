//! The sections that came before `units`: `config` for layers, `packages` for artifacts. Both occur
//! with the shapes of both.

use std::collections::BTreeMap;

use agentslock_core::{FieldError, Fields, Lockfile, SectionError};

use crate::cache_key::CacheKey;
use crate::kind::Kind;
use crate::revision::Revision;
use crate::unit::Unit;

const SECTIONS: [(&str, Kind); 2] = [("config", Kind::Layer), ("packages", Kind::Artifact)];

/// The units that an older document's sections stand for.
pub(crate) fn units(lockfile: &Lockfile) -> Result<BTreeMap<String, Unit>, SectionError> {
    let mut all = BTreeMap::new();
    for (section, kind) in SECTIONS {
        let entries = lockfile.entries_or_empty(section)?;
        all.extend(entries.objects(|fields| unit(fields, kind.clone()))?);
    }
    Ok(all)
}

/// `resolved_sha` or `digest` becomes the digest, which is empty if there is neither. The cache key
/// is kept. Times and tags are dropped, and when an entry expires is not looked at.
fn unit(mut fields: Fields, kind: Kind) -> Result<Unit, FieldError> {
    let digest: Option<String> = match fields.take_text("resolved_sha")? {
        Some(digest) => Some(digest),
        None => fields.take_text("digest")?,
    };
    let mut unit = Unit::new(kind, Revision::as_found(digest.unwrap_or_default()));
    unit.cache_key = fields.take_text::<String>("cache_key")?.map(CacheKey::from);
    Ok(unit)
}
