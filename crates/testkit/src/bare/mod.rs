//! The floor to measure against: the same system calls as ours make, without any thought.

pub mod document;
#[cfg(unix)]
pub mod lock;
