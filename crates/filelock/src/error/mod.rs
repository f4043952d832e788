//! The errors: one enum per operation, each naming the path, each convertible into
//! [`std::io::Error`].

mod acquire;
mod hold;
mod inspect;
mod messages;

pub use acquire::AcquireError;
pub use hold::{NotHeld, RenewError, VerifyError};
pub use inspect::{BreakError, InspectError};

/// The kind of an [`io::Error`](std::io::Error) that is made of one of ours. Two kinds are not
/// passed on, because they mean something to programs that do not expect a lock. After "not found",
/// a program that reads, changes and writes begins with an empty file. After "interrupted",
/// `write_all` and its like try again.
pub(crate) fn harmless(source: &std::io::Error) -> std::io::ErrorKind {
    match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::Interrupted => std::io::ErrorKind::Other,
        kind => kind,
    }
}
