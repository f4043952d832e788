//! Changes that both sides made differently, and the resolver that decides about them.

use std::fmt;

/// One of the three documents of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What both sides began with.
    Base,
    /// The version that is merged into.
    Ours,
    /// The version that is merged.
    Theirs,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        })
    }
}

/// A section, or an entry of one, that both sides changed differently.
///
/// The values are raw JSON as it is spelled on each side; `None` where the side has none. Of `ours`
/// and `theirs` one at least is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict<'a> {
    /// The section's name, or `lock_version`.
    pub section: &'a str,
    /// The entry's key; `None` when it is about the section as a whole.
    pub entry: Option<&'a str>,
    /// What both sides began with.
    pub base: Option<&'a str>,
    /// What we made of it.
    pub ours: Option<&'a str>,
    /// What they made of it.
    pub theirs: Option<&'a str>,
}

/// What becomes of a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Ours is taken, even if that means that nothing is.
    Ours,
    /// Theirs is taken, even if that means that nothing is.
    Theirs,
    /// It stays a conflict.
    Unresolved,
}

/// Decides about conflicts, knowing what the sections mean.
///
/// A closure is one, and a [`Resolution`], which is the answer to all of them.
pub trait Resolver {
    /// Whether the section says one thing, so that entries from two sides make no sense beside each
    /// other. An example is a version and the time of its installation. Then it is taken whole.
    fn is_indivisible(&self, section: &str) -> bool {
        let _ = section;
        false
    }

    /// Decides about one conflict. They come in the order in which they stand in the document.
    fn resolve(&mut self, conflict: &Conflict<'_>) -> Resolution;
}

impl Resolver for Resolution {
    fn resolve(&mut self, _: &Conflict<'_>) -> Resolution {
        *self
    }
}

impl<F: FnMut(&Conflict<'_>) -> Resolution> Resolver for F {
    fn resolve(&mut self, conflict: &Conflict<'_>) -> Resolution {
        self(conflict)
    }
}
