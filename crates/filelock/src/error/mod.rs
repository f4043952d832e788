//! The errors: one enum per operation, each naming the path, each convertible into
//! [`std::io::Error`].

mod acquire;
mod hold;

pub use acquire::AcquireError;
pub use hold::{ReleaseError, RenewError, VerifyError};
