//! The floor to measure against: the same system calls as ours make, without any thought.

pub mod document;
// Where the lock is published by exclusive rename.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub mod lock;
