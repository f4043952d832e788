//! A section whose value is an object of entries. It is read, changed and written back entry by
//! entry. Entries that nobody changes keep their spelling.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Lockfile;
use super::origin::Origin;
use crate::error::{Position, SectionError, StageError};
use crate::json::field_error::FieldError;
use crate::json::fields::Fields;
use crate::json::locate::{DecodeError, Step};

/// The entries of one section, by key, each as it is spelled until it is [set](Self::set).
///
/// Of a key that occurs more than once the last one counts, as for Go's decoder.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join(".agentsrc.lock");
/// use agentslock_core::{Error, Lockfile};
///
/// std::fs::write(&path, r#"{"tools": {"theirs": 1.50, "ours": 1}}"#)?;
/// Lockfile::update(&path, |lockfile| {
///     let mut tools = lockfile.entries_or_empty("tools")?;
///     tools.set("ours", &2)?;
///     lockfile.set_entries(&tools)?;
///     Ok::<_, Error>(())
/// })?;
/// assert!(std::fs::read_to_string(&path)?.contains(r#""theirs": 1.50"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Entries {
    path: PathBuf,
    section: String,
    values: BTreeMap<String, Box<RawValue>>,
    /// Where they were read, and which of them were not.
    origin: Option<Origin>,
    set: BTreeSet<String>,
    changed: bool,
}

impl Lockfile {
    /// The entries of the section `name`. `None` if the document has no such section, or `null`,
    /// which a Go program writes for an empty one.
    ///
    /// # Errors
    ///
    /// [`SectionError::Decode`] when the section is not an object, [`SectionError::Reserved`] when
    /// `name` is no section.
    pub fn entries(&self, name: &str) -> Result<Option<Entries>, SectionError> {
        let values = self.section::<Option<_>>(name)?.flatten();
        let origin = self.origin(name);
        Ok(values.map(|values| Entries { values, origin, ..Entries::none(self.path(), name) }))
    }

    /// As [`entries`](Self::entries), for changing them: no entries if there is no such section.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn entries_or_empty(&self, name: &str) -> Result<Entries, SectionError> {
        Ok(self.entries(name)?.unwrap_or_else(|| Entries::none(self.path(), name)))
    }

    /// The section `name` as one object, decoded by `decode`; `None` when the document has none, or
    /// `null`.
    ///
    /// # Errors
    ///
    /// As [`entries`](Self::entries), and [`SectionError::Field`] with what `decode` returns.
    pub fn object<T>(
        &self,
        name: &str,
        decode: impl FnOnce(Fields) -> Result<T, FieldError>,
    ) -> Result<Option<T>, SectionError> {
        let Some(fields) = self.section::<Option<Fields>>(name)?.flatten() else {
            return Ok(None);
        };
        decode(fields).map(Some).map_err(|source| SectionError::Field {
            path: self.path().to_owned(),
            at: self.origin(name).map(|origin| origin.position(source.path(), source.offset())),
            section: name.to_owned(),
            entry: None,
            source,
        })
    }

    /// Stages `entries`, if any of them was set or removed. The whole section is staged: where
    /// several programs change it, this belongs inside an [`update`](Self::update).
    ///
    /// # Errors
    ///
    /// [`StageError::TooDeep`].
    pub fn set_entries(&self, entries: &Entries) -> Result<(), StageError> {
        if entries.changed { self.set_section(&entries.section, entries) } else { Ok(()) }
    }
}

impl Entries {
    fn none(path: &Path, section: &str) -> Self {
        let (path, section) = (path.to_owned(), section.to_owned());
        let (values, set) = (BTreeMap::new(), BTreeSet::new());
        Self { path, section, values, origin: None, set, changed: false }
    }

    /// The path of the document that they are of, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entries' keys, in byte order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The entry `key`, if it is there.
    ///
    /// # Errors
    ///
    /// [`SectionError::Entry`] when it is not what `T` expects.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SectionError> {
        let Some(json) = self.values.get(key).map(|value| value.get()) else { return Ok(None) };
        serde_json::from_str(json).map(Some).map_err(|error| {
            let source = DecodeError::of(&error, json);
            SectionError::Entry {
                path: self.path.clone(),
                at: self.position(key, &[], source.offset()),
                section: self.section.clone(),
                entry: key.to_owned(),
                source,
            }
        })
    }

    /// The entry `key`, an object, decoded by `decode`, if it is there.
    ///
    /// # Errors
    ///
    /// [`SectionError::Entry`] when it is not an object, [`SectionError::Field`] with what `decode`
    /// returns.
    pub fn object<T>(
        &self,
        key: &str,
        decode: impl FnOnce(Fields) -> Result<T, FieldError>,
    ) -> Result<Option<T>, SectionError> {
        let Some(fields) = self.get(key)? else { return Ok(None) };
        decode(fields).map(Some).map_err(|source| self.field_error(key, source))
    }

    /// All entries, objects, decoded by `decode`.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object), for the first entry that has one.
    pub fn objects<T>(
        &self,
        decode: impl Fn(Fields) -> Result<T, FieldError>,
    ) -> Result<BTreeMap<String, T>, SectionError> {
        let decoded = self.keys().filter_map(|key| {
            self.object(key, &decode).map(|entry| Some((key.to_owned(), entry?))).transpose()
        });
        decoded.collect()
    }

    /// What is wrong with a field of the entry `key`.
    fn field_error(&self, key: &str, source: FieldError) -> SectionError {
        SectionError::Field {
            path: self.path.clone(),
            at: self.position(key, source.path(), source.offset()),
            section: self.section.clone(),
            entry: Some(key.to_owned()),
            source,
        }
    }

    /// Where in the document something of the entry `key` stands, unless it was set since.
    fn position(&self, key: &str, inside: &[Step], offset: usize) -> Option<Position> {
        let origin = self.origin.as_ref().filter(|_| !self.set.contains(key))?;
        let path: Vec<_> =
            [Step::Key(key.to_owned())].into_iter().chain(inside.iter().cloned()).collect();
        Some(origin.position(&path, offset))
    }

    /// Puts `value` at `key`.
    ///
    /// # Errors
    ///
    /// [`StageError::Serialize`]; nothing was changed.
    pub fn set<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), StageError> {
        let value = serde_json::value::to_raw_value(value)
            .map_err(|source| StageError::Serialize { section: self.section.clone(), source })?;
        self.values.insert(key.to_owned(), value);
        self.set.insert(key.to_owned());
        self.changed = true;
        Ok(())
    }

    /// Removes the entry `key`, if it is there.
    pub fn remove(&mut self, key: &str) {
        self.changed |= self.values.remove(key).is_some();
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}
