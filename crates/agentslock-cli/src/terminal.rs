//! What only a terminal gets: colours, and a line that is rewritten in place.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

use crate::arguments::{Color, When};
use crate::output::{one_line, say};
use crate::sys;
use crate::words::Sign;

/// Whether to use colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) const NONE: Self = Self(false);

    /// As asked for; else if standard output is a terminal and the environment does not forbid it.
    pub(crate) fn on_stdout(color: Color) -> Self {
        Self(match color.when {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let choice = anstream::AutoStream::choice(&io::stdout());
                // `anstream` takes any value for yes.
                let is_unforced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|it| it == "0");
                choice != anstream::ColorChoice::Never
                    && (!is_unforced || io::stdout().is_terminal())
            }
        })
    }

    pub(crate) fn sign(self, sign: Sign, text: &str) -> String {
        let color = match sign {
            Sign::Added => AnsiColor::Green,
            Sign::Removed => AnsiColor::Red,
            Sign::Changed => AnsiColor::Yellow,
        };
        self.with(color.on_default(), text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn problem(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Whether a line of progress stands on the terminal, unfinished.
static SHOWN: AtomicBool = AtomicBool::new(false);
/// Whether progress was told of, where it cannot be rewritten.
static TOLD: AtomicBool = AtomicBool::new(false);

/// To the start of the line, and erase it (ECMA-48).
const REWRITE: &str = "\r\x1b[K";

/// Shows where we stand, in place of what was shown before; where standard error is no terminal, only
/// the first time.
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
    let _ = write!(io::stderr(), "{REWRITE}{line}");
}

/// Removes what [`progress`] left on the terminal.
pub(crate) fn end_progress() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "{REWRITE}");
    }
}
