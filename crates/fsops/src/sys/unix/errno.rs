//! What an error's number says.

use std::io;

use rustix::io::Errno;

/// Whether `error` has one of these numbers.
pub(super) fn is(error: &io::Error, numbers: &[Errno]) -> bool {
    numbers.iter().any(|number| error.raw_os_error() == Some(number.raw_os_error()))
}
