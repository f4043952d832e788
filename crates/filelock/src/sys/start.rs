//! The start of a file, as far as it goes.

use std::fs::File;
use std::io;

use super::read_start_into;

/// Reads up to `limit` bytes from the start of `file`, wherever its cursor stands.
pub(crate) fn read_start(file: &File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; limit];
    let length = read_start_into(file, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}
