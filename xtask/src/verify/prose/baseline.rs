//! How many long sentences and lines each file may still have.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use crate::workspace::root;

/// Of one file, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) sentences: usize,
    pub(super) lines: usize,
}

impl Counts {
    /// Whether it is more than `allowed`, of either.
    pub(super) fn exceeds(self, allowed: Self) -> bool {
        self.sentences > allowed.sentences || self.lines > allowed.lines
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} long sentences, {} long lines", self.sentences, self.lines)
    }
}

/// By file. One that is not in it may have none.
#[derive(Default)]
pub(super) struct Baseline(BTreeMap<String, Counts>);

/// Where it stands.
pub(super) fn path() -> PathBuf {
    root().join("xtask/prose.txt")
}

const HEAD: &str = "\
# Long sentences (over 25 words) and long lines (over 100 columns) that are still there, by file.
# `cargo xtask prose --write` writes this, and only if there are no more of them than before.
";

impl Baseline {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let mut baseline = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let mut next = || words.next().ok_or_else(|| format!("`{line}` has no counts"));
            let (file, sentences, lines) = (next()?, next()?.parse()?, next()?.parse()?);
            baseline.set(file, Counts { sentences, lines });
        }
        Ok(baseline)
    }

    pub(super) fn write(&self, path: &Path) -> Outcome {
        Ok(std::fs::write(path, self.text())?)
    }

    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (file, Counts { sentences, lines }) in &self.0 {
            if *sentences + *lines > 0 {
                let _ = writeln!(text, "{file} {sentences} {lines}");
            }
        }
        text
    }

    pub(super) fn set(&mut self, file: &str, counts: Counts) {
        self.0.insert(file.to_owned(), counts);
    }

    pub(super) fn of(&self, file: &str) -> Counts {
        self.0.get(file).copied().unwrap_or_default()
    }

    pub(super) fn total(&self) -> Counts {
        self.0.values().fold(Counts::default(), |sum, counts| Counts {
            sentences: sum.sentences + counts.sentences,
            lines: sum.lines + counts.lines,
        })
    }
}
