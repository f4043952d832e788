//! The new file takes the name only from the file that was read: the two exchange names.
//!
//! A rename takes the name from whatever has it by then, or takes it if it is free. An exchange
//! fails if the name is free. What had the name has the temporary's name afterwards, and can be
//! looked at there. In the table, O is the file that was read, and F is the new one. X is a file
//! that another program put in O's place.
//!
//! | step | name | temporary | if another program acts after this step | if we die after this step |
//! |---|---|---|---|---|
//! | 0 last look: it is O | O | F | the next step finds out | F is a left-over |
//! | 1 exchange | F | O | it acts on F: it came after us | O is a left-over |
//! | 1 exchange, the name was free | free | F | | F is a left-over; `Changed` |
//! | 1 exchange, X had the name | F | X | 3 finds out | X is a left-over, as if renamed over |
//! | 2 look: the temporary's name has O | F | O | it acts on F | O is a left-over |
//! | 2 look: it has X: 3 exchange again | X | F | it acts on X | F is a left-over; `Changed` |
//! | 3 but the name was free, and F has no name | free | X | it removed F, as it would have removed X | as after 1 |
//! | 3 but the name was free, and F has another name | free | X | it renamed F as if it were X | `Unclear` |
//! | 3 but F was changed | X | F | it changed F as if it were X | `Unclear` |
//! | 3 but Y had the name | X | Y | 4 exchange again | Y is a left-over |
//! | 4 look: X, and F has no name | Y | X | Y was to replace X | X is a left-over; `Changed` |
//! | 4 look: anything else | | | | `Unclear` |
//! | 5 what the temporary's name has is removed, unless it is `Unclear` or `Displaced` | F | | | |
//!
//! So for other programs the name is free whenever they made it free, and never else. A reader can
//! see F for a moment between 1 and 3. If X had the name, a rename would have lost it.
//!
//! Who a file is, and what it has, are two questions. O is removed, and F, if nobody else changed
//! it. X is removed if F was removed in its place. All else stays under a name of its own, and the
//! error says which.
//!
//! If we are stopped between 1 and 3 and lose the lock, the next holder reads F. It replaces F by a
//! Y that was made of it, and X goes then, as it would have gone by a rename.
//!
//! A left-over has a temporary's name. A later writer removes it; nothing ever puts it back.

use std::io::{self, ErrorKind};

/// How often another program may act between two exchanges.
const TIMES: u32 = 4;

/// The name of a file, and the name of the temporary that is to take its place.
pub(super) trait Names {
    /// What tells a file, and its content, from another.
    type File: PartialEq;

    /// Exchanges what the two names have. The temporary's name has `at_temporary`, if that is
    /// known. `false`: that cannot be done here, and was not done.
    fn exchange(&mut self, at_temporary: Option<&Self::File>) -> io::Result<bool>;

    /// What the temporary's name has.
    fn at_temporary(&mut self) -> io::Result<Option<Self::File>>;

    /// Whether the two are one file, whatever it has by now.
    fn is_same(one: &Self::File, other: &Self::File) -> bool;

    /// Whether the new file has no name any more.
    fn is_new_removed(&mut self) -> bool;
}

/// What became of an exchange.
#[derive(Debug)]
pub(super) enum Exchanged {
    /// The new file has the name. What it replaced has the temporary's name.
    Done,
    /// The name had another file than the one that was read, and has it again; or it was free, and
    /// still is. What the temporary's name has can be removed.
    Changed,
    /// There is no exchange here. Nothing was done.
    Unsupported,
    /// As after `Changed`, by an error.
    Failed(io::Error),
    /// The new file has the name, and what it replaced could not be put back. That has the
    /// temporary's name, and nothing else has it.
    Displaced(io::Error),
    /// The name has another program's file, or is free. What the temporary's name has must stay,
    /// too: another program took our file for its own, or there is no telling whose it is.
    Unclear(io::Error),
}

/// Exchanges the names of the `new` file, which has the temporary's name, and of the one that
/// `is_old`.
pub(super) fn exchange<N: Names>(
    names: &mut N,
    new: N::File,
    is_old: impl FnOnce(&N::File) -> bool,
) -> Exchanged {
    match names.exchange(Some(&new)) {
        Ok(true) => {}
        Ok(false) => return Exchanged::Unsupported,
        Err(error) if error.kind() == ErrorKind::NotFound => return missing(names, error),
        Err(error) => return Exchanged::Failed(error),
    }
    match names.at_temporary() {
        Ok(Some(replaced)) if !is_old(&replaced) => put_back(names, replaced, new),
        // Another program removed it there.
        Ok(None | Some(_)) => Exchanged::Done,
        // What it is remains unknown; so nothing is replaced.
        Err(error) => match again(names, None) {
            Ok(()) => unless_changed(names, &new, error),
            Err(error) if error.kind() == ErrorKind::NotFound => Exchanged::Unclear(error),
            Err(error) => Exchanged::Displaced(error),
        },
    }
}

/// One of the two names had nothing.
fn missing<N: Names>(names: &mut N, error: io::Error) -> Exchanged {
    match names.at_temporary() {
        Ok(Some(_)) => Exchanged::Changed,
        Ok(None) | Err(_) => Exchanged::Failed(error),
    }
}

/// A further exchange. There was one before, so that there is such a call.
fn again<N: Names>(names: &mut N, at_temporary: Option<&N::File>) -> io::Result<()> {
    if names.exchange(at_temporary)? { Ok(()) } else { Err(ErrorKind::Unsupported.into()) }
}

/// It was put back because of the `error`.
fn unless_changed<N: Names>(names: &mut N, new: &N::File, error: io::Error) -> Exchanged {
    match names.at_temporary() {
        Ok(Some(found)) if found != *new => Exchanged::Unclear(error),
        Ok(_) => Exchanged::Failed(error),
        Err(_) => Exchanged::Unclear(error),
    }
}

/// Gives the name back to what another program put there. The temporary's name has that:
/// `replaced`. `ours` is what we put at the name.
fn put_back<N: Names>(names: &mut N, mut replaced: N::File, mut ours: N::File) -> Exchanged {
    for turn in 0..TIMES {
        match again(names, Some(&replaced)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return match names.at_temporary() {
                    // Another program removed it there, and the new file has the name.
                    Ok(None) if turn == 0 => Exchanged::Done,
                    Ok(Some(_)) if turn == 0 && names.is_new_removed() => Exchanged::Changed,
                    _ => Exchanged::Unclear(error),
                };
            }
            Err(error) if turn == 0 => return Exchanged::Displaced(error),
            Err(error) => return Exchanged::Unclear(error),
        }
        match names.at_temporary() {
            Ok(None) => return Exchanged::Changed,
            Ok(Some(found)) if found == ours => {
                // After one more file came, it goes in the place of which the new one was removed.
                let is_replaced = turn == 0 || turn == 1 && names.is_new_removed();
                return if is_replaced {
                    Exchanged::Changed
                } else {
                    Exchanged::Unclear(meddled())
                };
            }
            Ok(Some(found)) if N::is_same(&found, &ours) => return Exchanged::Unclear(meddled()),
            Ok(Some(found)) => ours = std::mem::replace(&mut replaced, found),
            Err(error) => return Exchanged::Unclear(error),
        }
    }
    Exchanged::Unclear(meddled())
}

fn meddled() -> io::Error {
    io::Error::other("it is not as it was put there")
}

#[cfg(test)]
mod tests;
