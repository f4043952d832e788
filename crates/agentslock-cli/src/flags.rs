//! The flags that verbs share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
pub(crate) struct Document {
    /// The document [default: the nearest .agentsrc.lock upward]
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
}

/// How to wait for a lock, and what to say meanwhile.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// How long to wait for the lock; 0 for one try
    #[arg(long = "wait", value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) limit: Duration,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// How much to say on standard error.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Talk {
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say what is done
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Color {
    /// When to use colours; `auto`: on a terminal, unless `NO_COLOR` is set
    #[arg(long = "color", value_name = "WHEN", value_enum, default_value = "auto")]
    pub(crate) when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| "expected a number of seconds, 0 or more".to_owned())
}
