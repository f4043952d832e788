//! Why a field was not read, and the way to it.

use std::fmt;

use super::locate::{DecodeError, Step};

/// Why a field was not read.
#[derive(Debug)]
pub struct FieldError(Box<Flawed>);

/// The field, and what is wrong with it. Boxed, as it is part of larger errors.
#[derive(Debug)]
struct Flawed {
    field: String,
    /// The way to it.
    path: Vec<Step>,
    /// `None`: it is missing.
    source: Option<DecodeError>,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0.source.is_some() { "is not as expected" } else { "is missing" };
        write!(f, "field `{}` {what}", self.0.field)
    }
}

impl std::error::Error for FieldError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

impl FieldError {
    /// The field `field` is there, and not as expected, for the reason `why`.
    pub fn unexpected(field: &str, why: impl fmt::Display) -> Self {
        Self::new(vec![Step::Key(field.to_owned())], Some(DecodeError::new(why)))
    }

    /// The field's name, after the names of those that it lies in: `depends_on[0].adapter`.
    pub fn field(&self) -> &str {
        &self.0.field
    }

    pub(super) fn new(path: Vec<Step>, source: Option<DecodeError>) -> Self {
        let mut field = String::new();
        for step in &path {
            match step {
                Step::Key(name) if field.is_empty() => field.push_str(name),
                Step::Key(name) => field.extend([".", name]),
                Step::Index(index) => field.extend(["[", &index.to_string(), "]"]),
            }
        }
        Self(Box::new(Flawed { field, path, source }))
    }

    pub(super) fn inside(self, mut outer: Vec<Step>) -> Self {
        outer.extend(self.0.path);
        Self::new(outer, self.0.source)
    }

    /// The way to the field.
    pub(crate) fn path(&self) -> &[Step] {
        &self.0.path
    }

    /// How far inside its value the flaw shows.
    pub(crate) fn offset(&self) -> usize {
        self.0.source.as_ref().map_or(0, DecodeError::offset)
    }
}
