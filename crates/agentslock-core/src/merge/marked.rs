//! Reading a document that a merge left with conflict markers in it: ours, or git's own.

use super::commas::mend;
use super::conflict::Side;
use super::error::{MarkerError, MarkerProblem};
use super::path::{Path, Places};
use crate::document::Document;

/// The two or three documents in a text with conflict markers, for merging them again.
///
/// A person may have resolved some or all conflicts by removing lines. A comma that is now missing,
/// or too many, at the end of a line is corrected. If the text with one side taken in each conflict
/// still is not a document, that is an error.
///
/// ```
/// use agentslock_core::merge::{MarkedSides, Resolution, merge};
///
/// let marked = r#"{
///   "units": {
/// <<<<<<< HEAD
///     "a": 1
/// =======
///     "b": 2
/// >>>>>>> topic
///   }
/// }
/// "#;
/// let sides = MarkedSides::read(marked)?;
/// let base = sides.base.as_deref().unwrap_or("");
/// let merged = merge(base, &sides.ours, &sides.theirs, &mut Resolution::Unresolved)?;
/// assert_eq!(merged.conflicts().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarkedSides {
    /// What both sides began with, if each conflict shows it; `None` also when there is no
    /// conflict.
    ///
    /// Without it, what one side removed cannot be told from what the other one added. A merge with
    /// an empty base takes everything as added.
    pub base: Option<String>,
    /// Ours, with our side of each conflict.
    pub ours: String,
    /// Theirs, with their side of each conflict. Without conflicts it is the same.
    pub theirs: String,
    /// How many conflicts are between markers.
    pub conflicts: usize,
}

impl MarkedSides {
    /// Takes a text with conflict markers apart.
    ///
    /// A marker is a line that begins with `<`, `|`, `=` or `>`, once or more often. Then it ends
    /// or goes on with a blank. No line of a JSON text begins so. A string cannot contain a line
    /// break.
    ///
    /// # Errors
    ///
    /// [`MarkerError`], with the place in `text`.
    pub fn read(text: impl AsRef<[u8]>) -> Result<Self, MarkerError> {
        let read = Reading::of(text.as_ref())?;
        let has_base = read.has_base == Some(true);
        Ok(Self {
            ours: read.document(Side::Ours)?,
            theirs: read.document(Side::Theirs)?,
            base: has_base.then(|| read.document(Side::Base)).transpose()?,
            conflicts: read.conflicts,
        })
    }
}

/// Each line with its number, and on which sides it is.
#[derive(Default)]
struct Reading<'a> {
    lines: Vec<(usize, Option<Side>, &'a [u8])>,
    /// The number of the line after the last.
    end: usize,
    conflicts: usize,
    has_base: Option<bool>,
}

/// A conflict that has not ended yet.
struct Open {
    begins: usize,
    size: usize,
    side: Side,
}

impl<'a> Reading<'a> {
    fn of(text: &'a [u8]) -> Result<Self, MarkerError> {
        let mut read = Self { end: 1, ..Self::default() };
        let mut open: Option<Open> = None;
        let (mut paths, mut places) = ([Path::default(); 3], Places::default());
        for (line, number) in text.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            read.end = number + 1;
            let Some((character, size)) = marker(line) else {
                let of = open.as_ref().map(|open| open.side);
                for side in [Side::Base, Side::Ours, Side::Theirs] {
                    if of.is_none_or(|of| of == side) {
                        paths[side as usize].follow(line, &mut places);
                    }
                }
                read.lines.push((number, of, line));
                continue;
            };
            open = match (character, open) {
                (b'<', None) => Some(Open { begins: number, size, side: Side::Ours }),
                (b'|', Some(open)) if open.side == Side::Ours && open.size == size => {
                    Some(Open { side: Side::Base, ..open })
                }
                (b'=', Some(open)) if open.side != Side::Theirs && open.size == size => {
                    let has_base = open.side == Side::Base;
                    if *read.has_base.get_or_insert(has_base) != has_base {
                        return Err(at(open.begins, MarkerProblem::SometimesBase));
                    }
                    Some(Open { side: Side::Theirs, ..open })
                }
                (b'>', Some(open)) if open.side == Side::Theirs && open.size == size => {
                    read.conflicts += 1;
                    // Lines follow that all three share. If they belong to a different entry in the
                    // base, the base has an entry that no version had. Both sides seem to have
                    // removed it.
                    let [base, ours, theirs] = &paths;
                    if read.has_base == Some(true) && (base != ours || base != theirs) {
                        return Err(at(open.begins, MarkerProblem::EndsElsewhere));
                    }
                    None
                }
                _ => return Err(at(number, MarkerProblem::OutOfPlace)),
            };
        }
        match open {
            Some(open) => Err(at(open.begins, MarkerProblem::Endless)),
            None => Ok(read),
        }
    }

    /// The document with `side` taken in each conflict.
    fn document(&self, side: Side) -> Result<String, MarkerError> {
        let lines = self.lines.iter().filter(|(_, of, _)| of.is_none_or(|of| of == side));
        let text: Vec<&[u8]> = lines.clone().map(|(.., line)| *line).collect();
        match Document::parse(mend(&text.concat())) {
            Ok(document) => Ok(document.text().to_owned()),
            Err(error) => {
                let line =
                    lines.clone().nth(error.line - 1).map_or(self.end, |(number, ..)| *number);
                let problem = MarkerProblem::Malformed(side, error.problem);
                Err(MarkerError { line, column: error.column, problem })
            }
        }
    }
}

/// The character of which a line's marker consists, and how often it does, if the line is one.
fn marker(line: &[u8]) -> Option<(u8, usize)> {
    let character = *line.first().filter(|byte| b"<|=>".contains(byte))?;
    let size = line.iter().take_while(|byte| **byte == character).count();
    matches!(line.get(size), None | Some(b' ' | b'\r' | b'\n')).then_some((character, size))
}

fn at(line: usize, problem: MarkerProblem) -> MarkerError {
    MarkerError { line, column: 1, problem }
}
