//! What a task comes to.

/// Why a task, or a part of one, failed.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// What a task returns, or a part of one: an error is printed, and the exit status is 1.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
