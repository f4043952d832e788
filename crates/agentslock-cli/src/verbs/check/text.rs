//! The document as a text: is it valid, of a known version, without a key twice in one object, and
//! in canonical form?

use agentslock_config::LaterStamp;
use agentslock_core::LOCK_VERSION;
use agentslock_core::merge::{
    Conflict, MarkedSides, Markers, MergeError, Resolution, Resolver, merge,
};
use agentslock_core::text::{
    DuplicateKey, SyntaxError, SyntaxProblem, canonical_difference, canonical_text, duplicate_keys,
    place_after,
};

use super::finding::Finding;
use crate::document::broken;
use crate::document::describe;
use crate::document::path::ValuePath;
use crate::document::positions::{Position, Positions};

/// What was found, and what can be done about it.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    /// Whether it is a document, of a version that is known.
    pub(super) readable: bool,
    /// What repairs all findings that can be repaired, if that is wanted.
    pub(super) repaired: Option<String>,
}

/// Which side of conflicts a person takes.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) side: Resolution,
    /// Of this conflict only.
    pub(super) at: Option<ValuePath>,
}

impl Choice {
    fn is_for(&self, conflict: &Conflict<'_>) -> bool {
        let Some(at) = &self.at else { return true };
        let entry = at.steps().first().map(String::as_str);
        at.section() == conflict.section && (entry.is_none() || entry == conflict.entry)
    }
}

/// Stamps as always, the rest as chosen.
struct Chosen<'a> {
    choice: Option<&'a Choice>,
    /// What was chosen, in words.
    taken: Vec<String>,
}

impl Resolver for Chosen<'_> {
    fn is_indivisible(&self, section: &str) -> bool {
        LaterStamp.is_indivisible(section)
    }

    fn resolve(&mut self, conflict: &Conflict<'_>) -> Resolution {
        match self.choice.filter(|choice| choice.is_for(conflict)) {
            Some(choice) => {
                let subject = describe::subject(conflict.section, conflict.entry);
                self.taken.push(format!("{subject} was changed on both sides; one side is taken"));
                choice.side
            }
            None => LaterStamp.resolve(conflict),
        }
    }
}

/// `repair`: what repairs it is wanted, too. It can be far longer than the text.
pub(super) fn examine(bytes: &[u8], choice: Option<&Choice>, repair: bool) -> Examined {
    match broken::without_mark(bytes) {
        Some(rest) => examine_behind_mark(rest, choice, repair),
        None => examine_text(bytes, choice, repair),
    }
}

/// A byte order mark goes if what is behind it can be read, or be repaired.
fn examine_behind_mark(rest: &[u8], choice: Option<&Choice>, repair: bool) -> Examined {
    let examined = examine_text(rest, choice, repair);
    let mark = Finding::new("malformed", (1, 1), SyntaxProblem::ByteOrderMark.to_string());
    let goes = examined.readable || examined.findings.iter().any(|finding| finding.fixable);
    let mark = if goes { mark.fixable() } else { mark };
    let behind = |finding: Finding| match finding.place {
        (1, column) => Finding { place: (1, column + broken::MARK.len()), ..finding },
        _ => finding,
    };
    let behind_mark = examined.findings.into_iter().map(behind);
    let findings = [mark].into_iter().chain(behind_mark).collect();
    let as_it_is = || String::from_utf8(rest.to_vec()).ok();
    let repaired = if goes && repair { examined.repaired.or_else(as_it_is) } else { None };
    Examined { findings, readable: false, repaired }
}

fn examine_text(bytes: &[u8], choice: Option<&Choice>, repair: bool) -> Examined {
    match canonical_difference(bytes) {
        Ok(difference) => examine_document(bytes, difference, repair),
        Err(SyntaxError {
            line, column, problem: problem @ SyntaxProblem::TooDeep { .. }, ..
        }) => {
            let finding = Finding::new("not-canonical", (line, column), problem.to_string());
            Examined { findings: vec![finding], readable: true, repaired: None }
        }
        Err(SyntaxError { line, column, problem, .. }) => {
            let malformed = if broken::is_cut_off(bytes, &problem) {
                Finding::new("cut-off", (line, column), broken::CUT_OFF)
            } else {
                Finding::new("malformed", (line, column), problem.to_string())
            };
            examine_marked(bytes, malformed, choice)
        }
    }
}

fn examine_document(bytes: &[u8], difference: Option<usize>, repair: bool) -> Examined {
    if let Some(finding) = examine_version(bytes) {
        // What another version means by its layout is not known.
        return Examined { readable: false, findings: vec![finding], repaired: None };
    }
    let twice = find_twice(std::str::from_utf8(bytes).expect("because it is a document"));
    if !twice.is_empty() {
        return Examined { findings: twice, readable: true, repaired: None };
    }
    let Some(same) = difference else {
        return Examined { findings: Vec::new(), readable: true, repaired: None };
    };
    let message = "from here on, it is not in standard layout";
    let finding = Finding::new("not-canonical", place_after(&bytes[..same]), message).fixable();
    let repaired = repair.then(|| canonical_text(bytes).ok()).flatten();
    Examined { findings: vec![finding], readable: true, repaired }
}

/// The first few. How many more there are is told with the last of them.
fn find_twice(text: &str) -> Vec<Finding> {
    const FEW: usize = 100;
    let mut keys = duplicate_keys(text);
    let first: Vec<DuplicateKey> = keys.by_ref().take(FEW).collect();
    let rest = keys.rest();
    let last = first.len().saturating_sub(1);
    let finding = |(number, key): (usize, DuplicateKey)| {
        let more = match rest {
            1.. if number == last => format!(" ({rest} more such keys follow)"),
            _ => String::new(),
        };
        let message = format!("{} is there already; take one away{more}", shortened(&key.path));
        Finding::new("duplicate-key", (key.line, key.column), message)
    };
    first.into_iter().enumerate().map(finding).collect()
}

/// A path as one text. Of a long one the beginning and the end.
fn shortened(path: &[String]) -> String {
    const LONG: usize = 40;
    match path {
        [first @ .., _] if path.len() > LONG => {
            let (first, last) = (&first[..LONG / 2], &path[path.len() - LONG / 2..]);
            format!("{}.….{}", first.join("."), last.join("."))
        }
        _ => path.join("."),
    }
}

fn examine_version(bytes: &[u8]) -> Option<Finding> {
    let places = Positions::of(bytes)?;
    let (version, place) = places.top_level("lock_version")?;
    let is_whole = version.bytes().all(|byte| byte.is_ascii_digit());
    match version.parse::<u64>() {
        Ok(number) if is_whole && number <= LOCK_VERSION => None,
        // However large it is.
        _ if is_whole => {
            let message = format!(
                "lock_version {version} is newer than this agentslock knows ({LOCK_VERSION}); update agentslock"
            );
            Some(Finding::new("later-version", place, message).unsure())
        }
        _ => Some(Finding::new("version", place, "lock_version is not a whole number")),
    }
}

/// What is not JSON may be what a merge left. It has markers in it, or commas are missing or too
/// many because a person took lines away.
fn examine_marked(bytes: &[u8], malformed: Finding, choice: Option<&Choice>) -> Examined {
    let unreadable = |findings| Examined { findings, readable: false, repaired: None };
    let sides = match MarkedSides::read(bytes) {
        Ok(sides) => sides,
        Err(_) if markers(bytes).next().is_none() => return unreadable(vec![malformed]),
        Err(error) => {
            let place = (error.line, error.column);
            let finding = Finding::new("conflict-markers", place, error.problem.to_string());
            return unreadable(vec![finding]);
        }
    };
    if sides.conflicts == 0 {
        // Only commas were put right, at the ends of lines: a key's place is what it was.
        let twice = find_twice(&sides.ours);
        if !twice.is_empty() {
            return unreadable([vec![malformed], twice].concat());
        }
        return match canonical_text(sides.ours) {
            Ok(repaired) => Examined {
                findings: vec![malformed.fixable()],
                readable: false,
                repaired: Some(repaired),
            },
            Err(_) => unreadable(vec![malformed]),
        };
    }
    examine_conflicts(bytes, &sides, choice).unwrap_or_else(|error| {
        let (place, message) = ((error.error.line, error.error.column), error.to_string());
        unreadable(vec![Finding::new("conflict-markers", place, message)])
    })
}

fn examine_conflicts(
    bytes: &[u8],
    sides: &MarkedSides,
    choice: Option<&Choice>,
) -> Result<Examined, MergeError> {
    let base = sides.base.as_deref().unwrap_or_default();
    let mut chosen = Chosen { choice, taken: Vec::new() };
    let merged = merge(base, &sides.ours, &sides.theirs, &mut chosen)?;
    let places: Vec<_> = markers(bytes).collect();
    let first = places.first().copied().unwrap_or((1, 1));
    let conflicts: Vec<_> = merged.conflicts().collect();
    // As `merge` leaves them. Of git's own, one can hold several.
    let has_one_each = places.len() == conflicts.len();
    let taken = chosen.taken.into_iter().map(|it| Finding::new("conflict", first, it).fixable());
    let left: Vec<_> = conflicts
        .iter()
        .zip(if has_one_each { places } else { vec![first; conflicts.len()] })
        .map(|(conflict, place)| {
            let subject = describe::subject(conflict.section, conflict.entry);
            let message = format!("{subject} was changed on both sides; choose one");
            Finding::new("conflict", place, message)
        })
        .collect();
    let findings: Vec<_> = taken.chain(left).collect();
    let repaired = merged.text().and_then(|text| canonical_text(text).ok());
    let Some(text) = &repaired else {
        let is_taken = findings.iter().any(|finding| finding.fixable);
        // The conflicts that are left stay between markers.
        let repaired = is_taken.then(|| merged.marked(&Markers::default()));
        return Ok(Examined { findings, readable: false, repaired });
    };
    // Each side can have its own, so that only the result tells.
    let twice: Vec<_> =
        find_twice(text).into_iter().map(|finding| Finding { place: first, ..finding }).collect();
    if !twice.is_empty() {
        return Ok(Examined { findings: twice, readable: false, repaired: None });
    }
    if !findings.is_empty() {
        return Ok(Examined { findings, readable: false, repaired });
    }
    let message = "conflict markers, but no conflict: what both sides changed fits together";
    let finding = Finding::new("conflict-markers", first, message).fixable();
    Ok(Examined { findings: vec![finding], readable: false, repaired })
}

/// Where each conflict begins.
fn markers(bytes: &[u8]) -> impl Iterator<Item = Position> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    lines.filter(|(line, _)| line.starts_with(b"<<<<<<<")).map(|(_, number)| (number, 1))
}
