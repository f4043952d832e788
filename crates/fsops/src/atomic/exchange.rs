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
//! | 3 but the name was free | free | X | it removed F, as it would have removed X | as after 1 |
//! | 3 but Y had the name | X | Y | 3 again, until nothing came between two exchanges | Y is a left-over |
//! | 4 the left-over is removed | F | | | |
//!
//! So for other programs the name is free whenever they made it free, and never else. A reader can
//! see F for a moment between 1 and 3. If X had the name, a rename would have lost it.
//!
//! A left-over has a temporary's name. A later writer removes it; nothing ever puts it back.

use std::io::{self, ErrorKind};

/// How often another program may act between two exchanges.
const TIMES: u32 = 100;

/// The name of a file, and the name of the temporary that is to take its place.
pub(super) trait Names {
    /// What tells a file, and its content, from another.
    type File: PartialEq;

    /// Exchanges what the two names have. `false`: that cannot be done here, and was not done.
    fn exchange(&mut self) -> io::Result<bool>;

    /// What the temporary's name has.
    fn at_temporary(&mut self) -> io::Result<Option<Self::File>>;
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
}

/// Exchanges the names of the `new` file, which has the temporary's name, and of the one that
/// `is_old`.
pub(super) fn exchange<N: Names>(
    names: &mut N,
    new: N::File,
    is_old: impl FnOnce(&N::File) -> bool,
) -> Exchanged {
    match names.exchange() {
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
        Err(error) => match names.exchange() {
            Ok(_) => Exchanged::Failed(error),
            Err(error) if error.kind() == ErrorKind::NotFound => Exchanged::Changed,
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

/// Gives the name back to what another program put there. The temporary's name has that:
/// `replaced`. `ours` is what we put at the name.
fn put_back<N: Names>(names: &mut N, mut replaced: N::File, mut ours: N::File) -> Exchanged {
    for _ in 0..TIMES {
        match names.exchange() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Exchanged::Changed,
            Err(error) => return Exchanged::Displaced(error),
        }
        match names.at_temporary() {
            Ok(Some(found)) if found != ours => {
                ours = std::mem::replace(&mut replaced, found);
            }
            Ok(_) => return Exchanged::Changed,
            Err(error) => return Exchanged::Displaced(error),
        }
    }
    Exchanged::Displaced(io::Error::other("another program replaced it again and again"))
}

#[cfg(test)]
mod tests;
