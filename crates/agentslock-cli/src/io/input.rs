//! What is read from a file that was named, or from standard input.

use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::Path;

use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::stderr::say;

/// The bytes, and what to call the place where they came from. No file, or `-`, is standard input.
pub(crate) fn read(file: Option<&Path>, common: &Common) -> Result<(String, Vec<u8>), Failure> {
    match file {
        Some(file) if file != Path::new("-") => {
            let source = format!("`{}`", file.display());
            let contents = fsops::read(file)?;
            let missing = || Failure::input(format!("{source} does not exist"));
            let bytes = contents.bytes.ok_or_else(missing)?;
            Ok((source, bytes))
        }
        _ => {
            announce(common);
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::io("failed to read standard input", &error))?;
            Ok(("standard input".to_owned(), bytes))
        }
    }
}

/// A value that was typed; `@FILE` is read from a file, `-` or nothing from standard input.
pub(crate) fn value(
    argument: Option<&OsStr>,
    common: &Common,
) -> Result<(String, Vec<u8>), Failure> {
    let Some(argument) = argument.filter(|argument| *argument != "-") else {
        return read(None, common);
    };
    let bytes = argument.as_encoded_bytes();
    if let Some(file) = bytes.strip_prefix(b"@") {
        return read(Some(&crate::sys::path_from_bytes(file.to_vec())), common);
    }
    let text = argument.to_string_lossy();
    if agentslock_core::text::compact(bytes).is_err()
        && Path::new(argument).symlink_metadata().is_ok()
    {
        return Err(Failure::input(format!(
            "the value `{text}` is not JSON; to read the file of that name, type `@{text}`; nothing was \
             written"
        )));
    }
    Ok((format!("the value `{text}`"), bytes.to_owned()))
}

/// On a terminal, a program that waits for input looks like one that hangs.
fn announce(common: &Common) {
    if !common.quiet && std::io::stdin().is_terminal() {
        say("reading from the terminal; end the input with ctrl-D (Windows: ctrl-Z and return)");
    }
}
