//! What git's attributes say of one very path: of two documents of a repository, each can have its
//! own.

use std::path::Path;

use super::git;
use crate::io::failure::Failure;

/// How git merges a document, and what it makes of it on the way to the checkout and back.
#[derive(Debug)]
pub(crate) struct Attributes {
    merge: String,
    /// Each that changes the document on its way, with its value.
    changing: Vec<(&'static str, String)>,
}

/// In the order in which they are asked for.
const ASKED: [&str; 5] = ["merge", "text", "eol", "working-tree-encoding", "filter"];

/// How git spells that an attribute says nothing, or no.
const NOTHING: [&str; 2] = ["unspecified", "unset"];

impl Attributes {
    /// Those of the document at `path`, which need not be there; its directory must.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let [merge, text, eol, encoding, filter] = git::attributes(path, ASKED)?;
        let mut changing = Vec::new();
        // Without our line nothing is said of the ends of lines, and that is another complaint.
        let says_nothing = eol == "unspecified" && merge != "agentslock";
        if text != "unset" && eol != "lf" && !says_nothing {
            changing.push(("eol", eol));
        }
        let is_utf8 = NOTHING.contains(&&*encoding) || encoding.eq_ignore_ascii_case("utf-8");
        if !is_utf8 {
            changing.push(("working-tree-encoding", encoding));
        }
        if !NOTHING.contains(&&*filter) {
            changing.push(("filter", filter));
        }
        Ok(Self { merge, changing })
    }

    /// Whether git merges with our driver, if it is configured.
    pub(crate) fn names_our_driver(&self) -> bool {
        self.merge == "agentslock"
    }

    /// Each that is not as it should be, with its value.
    pub(crate) fn wrong(&self) -> Vec<(&'static str, &str)> {
        let merge = (!self.names_our_driver()).then_some(("merge", &*self.merge));
        merge.into_iter().chain(self.changing()).collect()
    }

    /// Each that changes the document on its way.
    pub(crate) fn changing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.changing.iter().map(|(name, value)| (*name, &**value))
    }

    /// What git does when both sides changed the document (gitattributes(5)), as `is_configured`
    /// says whether it has our driver.
    pub(crate) fn merging(&self, is_configured: bool) -> String {
        match &*self.merge {
            "agentslock" if is_configured => "by section and entry".to_owned(),
            "agentslock" | "unspecified" | "set" | "text" => "line by line".to_owned(),
            "unset" | "binary" => "not at all: it keeps ours, as a conflict".to_owned(),
            "union" => {
                "line by line, and keeps the lines of both sides without a conflict".to_owned()
            }
            other => format!("with another driver, `{other}`"),
        }
    }
}
