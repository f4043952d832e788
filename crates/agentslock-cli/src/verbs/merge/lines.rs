//! Our lines in a file that belongs to others: which they are, with them, without them.

use std::path::Path;

use super::attributes::Attributes;
use super::git;
use crate::io::failure::{Failure, TROUBLE};

/// Lines that stand together below a comment, at the end of a file, where they count most.
#[derive(Debug)]
pub(super) struct Lines {
    comment: &'static str,
    current: &'static [&'static str],
    /// What earlier versions wrote instead.
    former: &'static [&'static str],
}

/// What is committed: which files it is about. A name without a slash goes for all directories. All
/// writers end lines alike, whatever `core.autocrlf` says.
pub(super) const ATTRIBUTES: Lines = Lines {
    comment: "# Merged and shown by agentslock; once in each clone: agentslock merge --install",
    current: &[".agentsrc.lock merge=agentslock diff=agentslock text eol=lf"],
    former: &[".agentsrc.lock merge=agentslock diff=agentslock"],
};

/// What git must leave out of commits: a lock while it is held, and what a killed process leaves.
/// Locks are directories, and the slash lets only these go: files such as `Cargo.lock` stay. In
/// order: a lock of ours. The document's lock of the file generation. Then a lock in preparation, a
/// lock that another implementation moved aside, and temporaries, ours and theirs.
pub(super) const IGNORED: Lines = Lines {
    comment: "# Locks and temporaries of agentslock (agentslock merge --install --ignore)",
    current: &[
        "*.lock/",
        ".agentsrc.lock.lock",
        "*.lock.prep-*",
        "*.lock.stale-*",
        "*.tmp-????????????",
        ".fsops-*.tmp",
    ],
    former: &[],
};

impl Lines {
    /// What was done, in words: the lines.
    pub(super) fn in_words(&self) -> String {
        let quoted: Vec<_> = self.current.iter().map(|line| format!("`{line}`")).collect();
        quoted.join(", ")
    }

    /// With our lines at the end, former ones replaced; `None` if all are there.
    pub(super) fn added_to(&self, before: &[u8]) -> Option<Vec<u8>> {
        let has = |line: &str| lines(before).any(|it| it == line.as_bytes());
        if self.current.iter().all(|line| has(line)) {
            return None;
        }
        let mut after = self.removed_from(before).unwrap_or_else(|| before.to_owned());
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        for line in [&self.comment].into_iter().chain(self.current) {
            after.extend_from_slice(format!("{line}\n").as_bytes());
        }
        Some(after)
    }

    /// Without our comment, and without those of our lines that stand below it; `None` if none of
    /// them is there. A line like ours that stands elsewhere is another's, but for the attributes,
    /// which no other program writes.
    pub(super) fn removed_from(&self, before: &[u8]) -> Option<Vec<u8>> {
        let stand_alone = !self.former.is_empty();
        let mut below = false;
        let mut is_ours = |line: &[u8]| {
            let line = line.trim_ascii_end();
            let is_comment = line == self.comment.as_bytes();
            let is_line = self.current.iter().chain(self.former).any(|it| line == it.as_bytes());
            let is_ours = is_comment || (is_line && (below || stand_alone));
            below = is_comment || (below && is_line);
            is_ours
        };
        let kept = before.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_ours(line));
        let after: Vec<u8> = kept.flatten().copied().collect();
        (after != before).then_some(after)
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

/// Git follows no link to attributes, and what other lines say can count more.
pub(super) fn expect_merged(document: &Path) -> Result<(), Failure> {
    let attributes = Attributes::of(document)?;
    let wrong = attributes.wrong();
    if wrong.is_empty() {
        return Ok(());
    }
    let said: Vec<_> = wrong.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
    let (said, document) = (said.join(", "), document.display());
    let not_so = if attributes.names_our_driver() {
        "git lays the document out otherwise"
    } else {
        "git does not use it"
    };
    let message = format!(
        "all is set up, but {not_so}: for `{document}` it has {said}; no later line of `.gitattributes`, no \
         `.gitattributes` nearer to it, nor `.git/info/attributes`, may say something else; look: \
         `git check-attr --all -- {document}`"
    );
    Err(Failure::new(TROUBLE, "git", message))
}

/// Later lines, and lines of files that are nearer, can say that a lock is to be committed.
pub(super) fn expect_ignored(top_level: &Path) -> Result<(), Failure> {
    // Each name as it can be met.
    let names = [
        ".agentsrc.lock.lock/holder",
        "events.ndjson.lock/holder",
        "events.ndjson.lock.prep-0123456789abcdef/holder",
        ".agentsrc.lock.tmp-0123456789ab",
    ];
    for name in names {
        if !git::is_ignored(&top_level.join(name))? {
            let message = format!(
                "all is set up, but git would commit `{name}`: a later line, or a `.gitignore` that counts \
                 more, has it back (`git check-ignore -v --no-index -- {name}` tells where)"
            );
            return Err(Failure::new(TROUBLE, "git", message));
        }
    }
    Ok(())
}
