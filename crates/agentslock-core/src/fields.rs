//! An object whose fields are kept as they are: for reading, changing and writing an entry without
//! losing what a newer program put into it.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The fields of a JSON object, in order, each value as it was spelled.
///
/// A typed view takes the fields that it knows with [`take`](Self::take), and keeps the rest to
/// write it back.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

/// Why a field was not read.
#[derive(Debug, thiserror::Error)]
#[error("field `{field}` {}", if source.is_some() { "is not as expected" } else { "is missing" })]
pub struct FieldError {
    field: &'static str,
    source: Option<serde_json::Error>,
}

impl FieldError {
    /// The field's name.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes the field `name` and decodes it; `None` when there is none. Of a field that occurs
    /// more than once the last one counts, as for Go's decoder; all are removed.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when it is not what `T` expects. The field is removed all the same.
    pub fn take<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, FieldError> {
        let mut last = None;
        self.0.retain_mut(|(field, value)| {
            let found = field == name;
            if found {
                last = Some(std::mem::take(value));
            }
            !found
        });
        last.map(|value| serde_json::from_str(value.get()))
            .transpose()
            .map_err(|source| FieldError { field: name, source: Some(source) })
    }

    /// As [`take`](Self::take), for a field that must be there.
    ///
    /// # Errors
    ///
    /// [`FieldError`], also when there is no such field.
    pub fn require<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, FieldError> {
        self.take(name)?.ok_or(FieldError { field: name, source: None })
    }

    /// Appends the field `name`.
    ///
    /// # Errors
    ///
    /// [`serde_json::Error`] when `value` cannot be expressed in JSON; nothing was appended.
    pub fn push<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        self.0.push((name.to_owned(), serde_json::value::to_raw_value(value)?));
        Ok(())
    }

    /// The fields' names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the fields into `map`: for a type that writes its own fields first.
    ///
    /// # Errors
    ///
    /// The serialiser's.
    pub fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

/// By the values' spelling.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(|(n, v)| (n, v.get())).eq(other.iter().map(|(n, v)| (n, v.get())))
    }
}

impl Eq for Fields {}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len())).map_err(S::Error::custom)?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_written_as_it_was() {
        let json = "{\"b\":1.0e0,\"new\":{\"x\": [ 1]},\"a\":\"\\u0041\",\"b\":2}";
        let mut fields: Fields = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), json);
        assert_eq!(fields.take::<u8>("b").unwrap(), Some(2));
        assert_eq!(fields.take::<u8>("b").unwrap(), None);
        assert!(fields.take::<u8>("a").is_err());
        fields.push("c", &true).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), "{\"new\":{\"x\": [ 1]},\"c\":true}");
    }
}
