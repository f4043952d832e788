//! How processes are made to end.

/// What `signal_descendants` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Only counts them.
    Look,
    /// Asks them to end.
    Ask,
    Kill,
}
