//! What is read from a file that was named, or from standard input.

use std::io::Read;
use std::path::Path;

use crate::io::failure::Failure;

/// The bytes, and what to call the place where they came from. No file, or `-`, is standard input.
pub(crate) fn read(file: Option<&Path>) -> Result<(String, Vec<u8>), Failure> {
    match file {
        Some(file) if file != Path::new("-") => {
            let source = format!("`{}`", file.display());
            let contents = fsops::read(file)?;
            let bytes =
                contents.bytes.ok_or_else(|| Failure::input(format!("{source} does not exist")))?;
            Ok((source, bytes))
        }
        _ => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::io("failed to read standard input", &error))?;
            Ok(("standard input".to_owned(), bytes))
        }
    }
}
