//! What is said to people beside the result: one line, or one that is rewritten in place.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys;

/// Whether a line of progress stands on the terminal, unfinished.
static SHOWN: AtomicBool = AtomicBool::new(false);
/// Whether progress was told of, where it cannot be rewritten.
static TOLD: AtomicBool = AtomicBool::new(false);

/// To the start of the line, and erase it (ECMA-48).
const REWRITE: &str = "\r\x1b[K";

/// Shows where we stand, in place of what was shown before; where standard error is no terminal,
/// only the first time.
pub(crate) fn progress(text: &str) {
    let Some(columns) = sys::stderr_columns() else {
        if !TOLD.swap(true, Ordering::Relaxed) {
            say(text);
        }
        return;
    };
    // A line that wraps could not be rewritten.
    let line = format!("agentslock: {}", one_line(text));
    let line: String = line.chars().take(columns.saturating_sub(1)).collect();
    SHOWN.store(true, Ordering::Relaxed);
    write(&format!("{REWRITE}{line}"));
}

/// Removes what [`progress`] left on the terminal.
pub(crate) fn end_progress() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        write(REWRITE);
    }
}

/// One line on standard error, which may be closed.
pub(crate) fn say(message: &str) {
    end_progress();
    write(&format!("agentslock: {}\n", one_line(message)));
}

/// In one call: many programs can share one standard error, and their lines must not mix.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A file's name, or an entry's, can contain anything; what would break the line, or order the
/// terminal about, is escaped.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
