//! The sections that came before `units`: `config` for layers, `packages` for artifacts. Both occur
//! with the shapes of both.

use std::collections::BTreeMap;
use std::time::SystemTime;

use agentslock_core::{Digest, FieldError, Fields, Lockfile, SectionError, Timestamp};

use crate::kind::Kind;
use crate::unit::Unit;

const SECTIONS: [(&str, Kind); 2] = [("config", Kind::Layer), ("packages", Kind::Artifact)];

/// The units that an older document's sections stand for.
pub(crate) fn units(lockfile: &Lockfile) -> Result<BTreeMap<String, Unit>, SectionError> {
    read(lockfile, unit)
}

/// When they expire, those that do.
pub(crate) fn expiries(lockfile: &Lockfile) -> Result<BTreeMap<String, SystemTime>, SectionError> {
    let expiries = read(lockfile, |fields, _| expiry(fields))?;
    Ok(expiries.into_iter().filter_map(|(key, expiry)| Some((key, expiry?))).collect())
}

fn read<T>(
    lockfile: &Lockfile,
    decode: impl Fn(Fields, Kind) -> Result<T, FieldError>,
) -> Result<BTreeMap<String, T>, SectionError> {
    let mut all = BTreeMap::new();
    for (section, kind) in SECTIONS {
        let entries = lockfile.entries_or_empty(section)?;
        all.extend(entries.objects(|fields| decode(fields, kind.clone()))?);
    }
    Ok(all)
}

/// `resolved_sha` or `digest` becomes the digest; the cache key is kept; times and tags are dropped.
fn unit(mut fields: Fields, kind: Kind) -> Result<Unit, FieldError> {
    let digest: Digest = match fields.take_text("resolved_sha")? {
        Some(digest) => digest,
        None => fields.require("digest")?,
    };
    let mut unit = Unit::new(kind, digest);
    unit.cache_key = fields.take_text("cache_key")?;
    Ok(unit)
}

fn expiry(mut fields: Fields) -> Result<Option<SystemTime>, FieldError> {
    const FIELD: &str = "ttl_expires_at";
    let Some(text) = fields.take_text::<Timestamp>(FIELD)? else { return Ok(None) };
    let no_time =
        || FieldError::unexpected(FIELD, format_args!("{:?} is not a time", text.as_str()));
    text.instant().ok_or_else(no_time).map(Some)
}
