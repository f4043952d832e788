//! The errors: one enum per operation, each naming the path, each convertible into
//! [`std::io::Error`].

mod acquire;
mod hold;
mod inspect;

pub use acquire::AcquireError;
pub use hold::{NotHeld, RenewError, VerifyError};
pub use inspect::{BreakError, InspectError};
