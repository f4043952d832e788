//! Paths: how a verb names a section, an entry, or a value deeper down.
//!
//! ```text
//! units                                     a section
//! units.git:acme/base@1.4.0                 an entry: the first dot ends the section
//! units/git:acme~1base@1.4.0/digest         a JSON pointer (RFC 6901): `~1` is `/`, `~0` is `~`
//! /a.section.with.dots, /                   with a leading slash: any name, even the empty one
//! ```

use std::fmt;

use crate::io::failure::Failure;

/// A top-level key, and the way from its value down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValuePath {
    text: String,
    section: String,
    /// Keys of objects, and indices of lists.
    steps: Vec<String>,
}

impl ValuePath {
    /// Reads a path as it was typed.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and what to type.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let refuse =
            |why: &str| Failure::input(format!("the path {text:?} {why}; nothing was done"));
        if text.is_empty() {
            return Err(refuse(
                "is empty (an unset variable?); the section whose name is empty is `/`",
            ));
        }
        let pointer = match (text.strip_prefix('/'), text.find(['.', '/'])) {
            (Some(pointer), _) => Some(pointer),
            (None, Some(at)) if text.as_bytes()[at] == b'/' => Some(text),
            _ => None,
        };
        let Some(pointer) = pointer else {
            let (section, steps) = match text.split_once('.') {
                None => (text, Vec::new()),
                Some((_, "")) => {
                    return Err(refuse("ends at the dot; an entry's key must follow it"));
                }
                Some((section, entry)) => (section, vec![entry.to_owned()]),
            };
            return Ok(Self { text: text.to_owned(), section: section.to_owned(), steps });
        };
        let mut steps = pointer.split('/').map(unescape);
        let section = steps.next().flatten();
        let steps: Option<Vec<_>> = steps.collect();
        match (section, steps) {
            (Some(section), Some(steps)) => Ok(Self { text: text.to_owned(), section, steps }),
            _ => Err(refuse("has a `~` that is not followed by 0 or 1 (`~` is `~0`, `/` is `~1`)")),
        }
    }

    pub(crate) fn section(&self) -> &str {
        &self.section
    }

    pub(crate) fn steps(&self) -> &[String] {
        &self.steps
    }

    /// Whether it names a section as a whole.
    pub(crate) fn is_section(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A path that names `steps` below `section`, for a hint.
pub(crate) fn spelled(section: &str, steps: &[String]) -> String {
    let is_plain = !section.is_empty() && !section.contains(['.', '/', '~']);
    match steps {
        [] if is_plain => section.to_owned(),
        [entry] if is_plain && !entry.is_empty() => format!("{section}.{entry}"),
        _ => {
            let mut text = if is_plain { String::new() } else { "/".to_owned() };
            text += &escape(section);
            for step in steps {
                text += "/";
                text += &escape(step);
            }
            text
        }
    }
}

fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// `None` if a `~` is followed by neither 0 nor 1.
fn unescape(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(match part.as_bytes().first() {
            Some(b'0') => '~',
            Some(b'1') => '/',
            _ => return None,
        });
        text += &part[1..];
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_typed() {
        for (text, section, steps) in [
            ("units", "units", &[][..]),
            ("units.git:acme/base@1.4.0", "units", &["git:acme/base@1.4.0"]),
            ("units.a.b", "units", &["a.b"]),
            ("units/git:acme~1base@1.4.0/digest", "units", &["git:acme/base@1.4.0", "digest"]),
            ("/units/a.b", "units", &["a.b"]),
            ("/", "", &[]),
            ("//", "", &[""]),
            ("/a.b", "a.b", &[]),
            ("a~b", "a~b", &[]),
            ("list/0", "list", &["0"]),
            ("/a~1b/~01", "a/b", &["~1"]),
            (".x", "", &["x"]),
        ] {
            let path = ValuePath::parse(text).expect("because it is a path");
            assert_eq!(path.section(), section, "{text}");
            assert_eq!(path.steps(), steps, "{text}");
            let again = ValuePath::parse(&spelled(section, path.steps()));
            let again = again.expect("because a hint is a path");
            assert_eq!((again.section(), again.steps()), (path.section(), path.steps()), "{text}");
        }
        for text in ["", "units.", "units/a~2", "/~"] {
            assert!(ValuePath::parse(text).is_err(), "{text}");
        }
    }
}
