//! Everything that differs between operating systems, and the only place with `#[cfg(target…)]`.

use std::fs::Metadata;

mod fingerprint;
pub(crate) use fingerprint::{FileState, Fingerprint};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Found, Pin, Place, Rights, Temporary, absolute, adopt, adopt_special_bits, close_to_others,
    fingerprint, fingerprint_at, has_too_many_open, is_own_pipe, kind_of_special, open_directory,
    open_nonblocking, path_of_name, pin, read_at, read_to_end, sync, sync_data, sync_directory,
    sync_file_system, wait_for_writers,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    Found, Pin, Place, Rights, Temporary, absolute, adopt, adopt_special_bits, close_to_others,
    fingerprint, fingerprint_at, has_too_many_open, is_own_pipe, kind_of_special, open_directory,
    open_nonblocking, path_of_name, pin, read_at, read_to_end, sync, sync_data, sync_directory,
    sync_file_system, wait_for_writers,
};

#[cfg(not(any(unix, windows)))]
compile_error!("fsops runs on Unix and Windows: for this system the calls have not been written");

/// What `metadata` (which followed links) describes, if it is not a regular file.
pub(crate) fn not_regular(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_file() {
        None
    } else if metadata.is_dir() {
        Some("a directory")
    } else {
        Some(kind_of_special(metadata))
    }
}
