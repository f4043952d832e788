//! Waiting out what is denied for a moment.

use std::io;
use std::thread::sleep;
use std::time::Duration;

/// Error codes (winerror.h).
const ACCESS_DENIED: i32 = 5;
const SHARING_VIOLATION: i32 = 32;
const DIR_NOT_EMPTY: i32 = 145;
const DELETE_PENDING: i32 = 303;

/// How many denials in a row are believed.
const DENIALS: u32 = 30;

/// Tries again what is denied. For a moment, that is a name that is being deleted, or what a virus
/// scanner or an indexer is looking at. It takes less than half a second in all; then the denial is
/// believed.
pub(super) fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for denials in 1..DENIALS {
        match call() {
            Err(error) if can_pass(&error) => {
                sleep(Duration::from_millis(denials.into()));
            }
            other => return other,
        }
    }
    call()
}

/// Whether it can be another answer in a moment. "Not empty" as well: a record that was removed
/// while somebody read it can be there until that handle is closed.
pub(crate) fn can_pass(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(ACCESS_DENIED | SHARING_VIOLATION | DIR_NOT_EMPTY | DELETE_PENDING)
    )
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn denied(times: u32) -> (io::Result<()>, u32) {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            if calls <= times { Err(io::Error::from_raw_os_error(ACCESS_DENIED)) } else { Ok(()) }
        });
        (result, calls)
    }

    #[test]
    fn thirty_denials_in_a_row_are_believed_and_fewer_are_not() {
        let (result, calls) = denied(DENIALS - 1);
        assert!(result.is_ok() && calls == DENIALS, "{result:?} after {calls}");
        let (result, calls) = denied(DENIALS);
        assert_eq!((result.unwrap_err().kind(), calls), (ErrorKind::PermissionDenied, DENIALS));
    }

    #[test]
    fn what_is_no_denial_is_believed_at_once() {
        let mut calls = 0;
        let result = patiently(|| {
            calls += 1;
            Err::<(), _>(io::Error::from(ErrorKind::NotFound))
        });
        assert_eq!((result.unwrap_err().kind(), calls), (ErrorKind::NotFound, 1));
    }
}
