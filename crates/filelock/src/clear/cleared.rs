//! What came of clearing.

use crate::sys::Dir;

/// Whether the name is free.
pub(crate) enum Cleared {
    /// The name is worth a try: it is free, or another process was quicker.
    Done,
    /// Another process had removed the record, and is about to remove this directory.
    ByAnother(Dir),
    /// A process of another user is taking the lock: see `claim/exchange.rs`.
    Taken,
    /// The name is still taken: by this entry of the directory, if there is one. It goes when the
    /// process that has it open closes it.
    NotYet(Option<String>),
}
