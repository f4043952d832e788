//! Adapters.

use std::collections::BTreeMap;

use agentslock_core::{Digest, FieldError, Fields, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::view::View;

/// One entry of `adapters`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adapter {
    /// The digest of the adapter's source.
    pub source_digest: Digest,
    /// The digest of the schema that it offers.
    pub schema_digest: Digest,
    /// When it was last activated.
    pub activated_at: Timestamp,
    /// Its views, by name.
    pub materialized_views: BTreeMap<String, View>,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

impl Adapter {
    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            source_digest: Digest::verbatim(fields.require::<String>("source_digest")?),
            schema_digest: Digest::verbatim(fields.require::<String>("schema_digest")?),
            activated_at: Timestamp::verbatim(fields.require::<String>("activated_at")?),
            materialized_views: fields.take_map("materialized_views", View::from_fields)?,
            other: fields,
        })
    }
}

impl Serialize for Adapter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source_digest", &self.source_digest)?;
        map.serialize_entry("schema_digest", &self.schema_digest)?;
        map.serialize_entry("activated_at", &self.activated_at)?;
        if !self.materialized_views.is_empty() {
            map.serialize_entry("materialized_views", &self.materialized_views)?;
        }
        let own = ["source_digest", "schema_digest", "activated_at", "materialized_views"];
        self.other.serialize_into(&mut map, &own)?;
        map.end()
    }
}
