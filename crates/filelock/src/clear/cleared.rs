//! What came of clearing.

/// Whether the name is free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// The name is worth a try: it is free, or another process was quicker.
    Done,
    /// A process of another user is taking the lock: see `claim/exchange.rs`.
    Taken,
    /// The name is still taken: by this entry of the directory, if there is one. It goes when the
    /// process that has it open closes it.
    NotYet(Option<String>),
}
