//! The file that was read loses its name, and no other file does.
//!
//! An unlink removes whatever has the name by then. So what has the name is renamed to that of the
//! temporary, over our own empty file, and is looked at there. In the table, O is the file that was
//! read, and F is the empty one. X is a file that another program put in O's place.
//!
//! | step | name | temporary | if another program acts after this step | if we die after this step |
//! |---|---|---|---|---|
//! | 0 last look: it is O | O | F | the next step finds out | F is a left-over |
//! | 1 rename | free | O | the name is free: it came after us | O is a left-over |
//! | 1 rename, the name was free | free | F | | F is a left-over |
//! | 1 rename, X had the name | free | X | 3 finds out | X is a left-over, as if unlinked |
//! | 2 look: the temporary's name has O | free | O | | O is a left-over |
//! | 2 look: it has X: 3 rename back, if the name is free | X | free | it acts on X | `Changed` |
//! | 3 but Y has the name | Y | X | | X is a left-over; `Displaced`: it gets a name that stays |
//! | 4 the left-over is removed | free | | | |
//!
//! Other programs can find the name of X free for a moment, between 1 and 3. An unlink would have
//! lost X. If X cannot be put back, nothing tells whether Y was to replace it: so both stay.

use std::io::{self, ErrorKind};

/// The name of a file that is to go, and the name of a temporary.
pub(super) trait Names {
    /// What tells a file, and its content, from another.
    type File: PartialEq;

    /// Renames the file to the temporary's name, over what has that. `false`: that is not done
    /// here.
    fn take(&mut self) -> io::Result<bool>;

    /// What the temporary's name has.
    fn at_temporary(&mut self) -> io::Result<Option<Self::File>>;

    /// What has the file's name.
    fn at_name(&mut self) -> io::Result<Option<Self::File>>;

    /// Renames it back, if nothing has the name.
    fn give_back(&mut self) -> io::Result<()>;
}

/// What became of a removal.
#[derive(Debug)]
pub(super) enum Removed {
    /// The name is free. What the temporary's name has can be removed.
    Done,
    /// The name had another file than the one that was read, and has it again.
    Changed,
    /// Files are not renamed before they are removed here. Nothing was done.
    Unsupported,
    /// As after `Changed`, by an error.
    Failed(io::Error),
    /// The temporary's name has another program's file, which could not be put back.
    Displaced(io::Error),
}

/// Frees the name of the file that `is_old`, or leaves what has it there.
pub(super) fn remove<N: Names>(names: &mut N, is_old: impl FnOnce(&N::File) -> bool) -> Removed {
    match names.take() {
        Ok(true) => {}
        Ok(false) => return Removed::Unsupported,
        Err(error) if error.kind() == ErrorKind::NotFound => return Removed::Done,
        Err(error) => return Removed::Failed(error),
    }
    match names.at_temporary() {
        Ok(Some(taken)) if !is_old(&taken) => match put_back(names, Some(&taken)) {
            Ok(()) => Removed::Changed,
            Err(error) => Removed::Displaced(error),
        },
        // Another program removed it there.
        Ok(None | Some(_)) => Removed::Done,
        // What it is remains unknown; so nothing is removed.
        Err(error) => match put_back(names, None) {
            Ok(()) => Removed::Failed(error),
            Err(error) => Removed::Displaced(error),
        },
    }
}

/// Gives the name back to what was `taken` from it, if that is known.
fn put_back<N: Names>(names: &mut N, taken: Option<&N::File>) -> io::Result<()> {
    match names.give_back() {
        Ok(()) => Ok(()),
        // Another program removed it there, as if it had removed it before us.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // If it is linked instead of renamed, one step can fail without the other.
        Err(_) if taken.is_some() && names.at_name().is_ok_and(|now| now.as_ref() == taken) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
