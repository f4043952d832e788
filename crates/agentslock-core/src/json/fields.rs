//! An object whose fields are kept as they are: for reading, changing and writing an entry without
//! losing what a newer program put into it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::{self, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::field_error::FieldError;
use super::locate::{DecodeError, Step};

/// The fields of a JSON object, in order, each value as it was spelled.
///
/// A typed view takes the fields that it knows with [`take`](Self::take), and keeps the rest to
/// write it back.
///
/// ```
/// use agentslock_core::Fields;
///
/// let mut other: Fields = serde_json::from_str(r#"{"kind": "layer", "later": 1.0}"#)?;
/// let kind: String = other.require("kind")?;
/// assert_eq!(kind, "layer");
/// // What a newer program wrote is kept, as it was spelled.
/// assert_eq!(serde_json::to_string(&other)?, r#"{"later":1.0}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes the field `name` and decodes it; `None` when there is none, or `null`. Of a field
    /// that occurs more than once the last one counts, as for Go's decoder; all are removed.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when it is not what `T` expects. The field is removed all the same.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, FieldError> {
        let mut last = None;
        self.0.retain_mut(|(field, value)| {
            let found = field == name;
            if found {
                last = Some(std::mem::take(value));
            }
            !found
        });
        let Some(value) = last else { return Ok(None) };
        serde_json::from_str(value.get()).map_err(|error| {
            let source = DecodeError::of(&error, value.get());
            FieldError::new(vec![Step::Key(name.to_owned())], Some(source))
        })
    }

    /// As [`take`](Self::take), for a field that must be there.
    ///
    /// # Errors
    ///
    /// [`FieldError`], also when there is no such field.
    pub fn require<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, FieldError> {
        let missing = || FieldError::new(vec![Step::Key(name.to_owned())], None);
        self.take(name)?.ok_or_else(missing)
    }

    /// As [`take`](Self::take), for a text that is left out when it is empty.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when it is not a string.
    pub fn take_text<T>(&mut self, name: &str) -> Result<Option<T>, FieldError>
    where
        T: DeserializeOwned + AsRef<str>,
    {
        Ok(self.take::<T>(name)?.filter(|text| !text.as_ref().is_empty()))
    }

    /// As [`take`](Self::take), for a field that is an object of objects. Each of these is decoded
    /// by `decode`.
    ///
    /// # Errors
    ///
    /// [`FieldError`], whose field's name begins with `name` and the key.
    pub fn take_map<T>(
        &mut self,
        name: &str,
        decode: impl Fn(Self) -> Result<T, FieldError>,
    ) -> Result<BTreeMap<String, T>, FieldError> {
        let raw: BTreeMap<String, Box<RawValue>> = self.take(name)?.unwrap_or_default();
        raw.into_iter()
            .map(|(key, value)| {
                let place = vec![Step::Key(name.to_owned()), Step::Key(key.clone())];
                let decoded = decode_at(place, &value, &decode)?;
                Ok((key, decoded))
            })
            .collect()
    }

    /// As [`take`](Self::take), for a field that is a list of objects. Each of these is decoded by
    /// `decode`.
    ///
    /// # Errors
    ///
    /// [`FieldError`], whose field's name begins with `name` and the index, from 0.
    pub fn take_list<T>(
        &mut self,
        name: &str,
        decode: impl Fn(Self) -> Result<T, FieldError>,
    ) -> Result<Vec<T>, FieldError> {
        let raw: Vec<Box<RawValue>> = self.take(name)?.unwrap_or_default();
        raw.iter()
            .enumerate()
            .map(|(index, value)| {
                let place = vec![Step::Key(name.to_owned()), Step::Index(index)];
                decode_at(place, value, &decode)
            })
            .collect()
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

    /// The fields by name, as they are spelled. `None` if a name occurs more than once: a decoder
    /// sees only the last one, but a comparison must hide none.
    pub fn distinct(&self) -> Option<BTreeMap<String, String>> {
        let fields: BTreeMap<_, _> =
            self.iter().map(|(name, value)| (name.to_owned(), value.get().to_owned())).collect();
        (fields.len() == self.0.len()).then_some(fields)
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These fields, and after them those of `earlier` that are not among them. It is for an entry
    /// to which a newer program has added fields since it was read.
    #[must_use]
    pub fn and_missing_of(&self, earlier: &Self) -> Self {
        let mut all = self.clone();
        let missing = earlier.0.iter().filter(|(name, _)| self.iter().all(|(own, _)| own != name));
        all.0.extend(missing.cloned());
        all
    }

    /// Writes the fields into `map`: for a type that writes its `own` fields first.
    ///
    /// # Errors
    ///
    /// The serialiser's. Also an error if a field has the name of one of `own`: it would be there
    /// twice, or be read back as that.
    pub fn serialize_into<M: SerializeMap>(
        &self,
        map: &mut M,
        own: &[&str],
    ) -> Result<(), M::Error> {
        for (name, value) in &self.0 {
            if own.contains(&name.as_str()) {
                // Not bound by `let`: Rust 1.88 ends the life of its parts there.
                return Err(ser::Error::custom(format_args!(
                    "field `{name}` has a place of its own"
                )));
            }
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

fn decode_at<T>(
    place: Vec<Step>,
    value: &RawValue,
    decode: impl Fn(Fields) -> Result<T, FieldError>,
) -> Result<T, FieldError> {
    let fields = match serde_json::from_str(value.get()) {
        Ok(fields) => fields,
        Err(error) => {
            return Err(FieldError::new(place, Some(DecodeError::of(&error, value.get()))));
        }
    };
    decode(fields).map_err(|error| error.inside(place))
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
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.serialize_into(&mut map, &[])?;
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
        assert_eq!(fields.take::<u8>("b").unwrap(), Some(2), "the last one");
        assert_eq!(fields.take::<u8>("b").unwrap(), None);
        assert!(fields.take::<u8>("a").is_err());
        fields.push("c", &true).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), "{\"new\":{\"x\": [ 1]},\"c\":true}");
    }

    fn fields(json: &str) -> Fields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn null_is_as_good_as_nothing_and_so_is_an_empty_text() {
        let mut some =
            fields("{\"a\":null,\"b\":\"\",\"c\":null,\"d\":\"x\",\"e\":null,\"f\":null}");
        assert_eq!(some.take::<u8>("a").unwrap(), None);
        assert_eq!(some.take_text::<String>("b").unwrap(), None);
        assert_eq!(some.take_text::<String>("d").unwrap().as_deref(), Some("x"));
        assert!(some.take_map("e", Ok).unwrap().is_empty());
        assert!(some.take_list("f", Ok).unwrap().is_empty());
        assert_eq!(some.require::<u8>("c").unwrap_err().to_string(), "field `c` is missing");
    }

    #[test]
    fn a_nested_field_is_named_with_what_it_lies_in() {
        let number = |mut fields: Fields| fields.require::<u8>("n");
        let list = |mut fields: Fields| fields.take_list("list", number);
        let map = |json: &str| {
            let error = fields(json).take_map("map", list).unwrap_err();
            error.field().to_owned()
        };
        assert_eq!(map("{\"map\":[]}"), "map");
        assert_eq!(map("{\"map\":{\"k\":1}}"), "map.k");
        assert_eq!(map("{\"map\":{\"k\":{\"list\":{}}}}"), "map.k.list");
        assert_eq!(map("{\"map\":{\"k\":{\"list\":[{\"n\":1},2]}}}"), "map.k.list[1]");
        assert_eq!(map("{\"map\":{\"k\":{\"list\":[{\"n\":1},{}]}}}"), "map.k.list[1].n");
        let unexpected = FieldError::unexpected("f", "too odd");
        let why = std::error::Error::source(&unexpected).unwrap().to_string();
        assert_eq!((unexpected.field(), why.as_str()), ("f", "too odd"));
    }
}
