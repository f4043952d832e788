//! What only a terminal gets: colours, and a line that is rewritten in place.

use std::io::{self, IsTerminal};

use anstyle::{AnsiColor, Style};

use crate::flags::When;

/// Whether to use colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) const NONE: Self = Self(false);

    /// As asked for; else if standard output is a terminal and the environment does not forbid it.
    pub(crate) fn on_stdout(color: When) -> Self {
        Self(match color {
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

    pub(crate) fn change(self, kind: ChangeKind, text: &str) -> String {
        let color = match kind {
            ChangeKind::Added => AnsiColor::Green,
            ChangeKind::Removed => AnsiColor::Red,
            ChangeKind::Changed => AnsiColor::Yellow,
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

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Removed,
    Changed,
}

impl ChangeKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
        }
    }
}
