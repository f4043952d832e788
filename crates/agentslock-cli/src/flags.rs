//! The flags that all verbs share, before or after the verb, and the environment variables that
//! stand for them.
//!
//! A wrapper can give every verb the same flags: a verb ignores one that it has no use for. Only
//! `--file` is refused by the verbs that take a file as an argument, since they would act on
//! another file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

/// How long a verb waits for a lock if nobody says.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of all verbs")]
pub(crate) struct Common {
    /// The document, of verbs without FILE [default: the nearest .agentsrc.lock upward] [env:
    /// `AGENTSLOCK_FILE`]
    #[arg(id = "document", long = "file", global = true, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// How long to wait for the lock: seconds, or 500ms, 5m, 2h, forever; 0 for one try
    /// [default: 5] [env: `AGENTSLOCK_WAIT`]
    #[arg(short, long, global = true, value_name = "TIME", value_parser = time)]
    wait: Option<Wait>,
    /// Print one JSON object that holds the result, or the error [env: `AGENTSLOCK_JSON`]
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say what is done; print values and digests whole
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours; `auto`: on a terminal, unless `NO_COLOR` is set [default: auto]
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    color: Option<When>,
}

impl Common {
    /// How long to wait for a lock.
    pub(crate) fn wait(&self) -> Wait {
        self.wait.unwrap_or(Wait(Some(DEFAULT_WAIT)))
    }

    /// How long to wait, if that was said.
    pub(crate) fn explicit_wait(&self) -> Option<Duration> {
        self.wait.and_then(|wait| wait.0)
    }

    /// The same, but with one try for the lock.
    pub(crate) fn with_one_try(&self) -> Self {
        Self { wait: Some(Wait(Some(Duration::ZERO))), ..self.clone() }
    }

    pub(crate) fn color(&self) -> When {
        self.color.unwrap_or(When::Auto)
    }

    /// Takes a flag that hooks and cron jobs give, with its value from `words`, as its description
    /// has it. `None` for any other, and for one that is wrong.
    pub(crate) fn take_plain_flag<'a>(
        &mut self,
        flag: &str,
        words: &mut impl Iterator<Item = &'a OsString>,
    ) -> Option<()> {
        let flag_is = match flag {
            "-q" | "--quiet" => &mut self.quiet,
            "-v" | "--verbose" => &mut self.verbose,
            "--json" => &mut self.json,
            _ => {
                let value = match flag {
                    "-w" | "--wait" => words.next()?.to_str()?,
                    _ => flag.strip_prefix("--wait=")?,
                };
                // A value that looks like a flag is one, or a mistake.
                let wait = Some(value).filter(|value| !value.starts_with('-'));
                return self.wait.replace(time(wait?).ok()?).is_none().then_some(());
            }
        };
        // Twice is an error.
        (!std::mem::replace(flag_is, true)).then_some(())
    }

    /// With what the environment says about flags that were not given.
    ///
    /// # Errors
    ///
    /// A sentence about a variable that has no meaning.
    pub(crate) fn with_environment(mut self) -> Result<Self, String> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if self.file.as_deref() == Some(Path::new("-")) {
            self.file = Some(crate::sys::STDIN.into());
        }
        self.file = self.file.or_else(|| variable("AGENTSLOCK_FILE").map(PathBuf::from));
        if let (None, Some(value)) = (self.wait, variable("AGENTSLOCK_WAIT")) {
            let value = value.to_string_lossy();
            let wait = time(&value).map_err(|error| {
                format!("AGENTSLOCK_WAIT is `{value}`: {error}; nothing was done")
            })?;
            self.wait = Some(wait);
        }
        self.json |= json_in_environment();
        if self.quiet && self.verbose {
            return Err("--quiet and --verbose cannot be used together".to_owned());
        }
        Ok(self)
    }
}

/// Whether `AGENTSLOCK_JSON` asks for JSON: any value but the empty one and `0`.
pub(crate) fn json_in_environment() -> bool {
    std::env::var_os("AGENTSLOCK_JSON").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The first argument that is neither a flag nor the value of one. Not parsed, so not known for
/// certain.
pub(crate) fn verb(arguments: &[OsString]) -> Option<&OsString> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if ["--wait", "-w", "--file", "--color"].iter().any(|flag| argument == flag) {
            arguments.next();
        } else if !argument.as_encoded_bytes().starts_with(b"-") {
            return Some(argument);
        }
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// How long to wait for a lock; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Option<Duration>);

/// A number of seconds, or one with a unit, or `forever`.
fn time(text: &str) -> Result<Wait, String> {
    const EXPECTED: &str = "expected seconds, or a time such as 500ms, 30s, 5m, 2h, or forever";
    if text == "forever" {
        return Ok(Wait(None));
    }
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let with_unit = units.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?;
        // What `f64` also reads, such as `inf`, has no unit.
        number
            .ends_with(|end: char| end.is_ascii_digit() || end == '.')
            .then_some((number, seconds))
    });
    let (number, unit) = with_unit.unwrap_or((text, &1.0));
    let number: f64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
    let limit = Duration::try_from_secs_f64(number * unit)
        .map_err(|_| format!("{EXPECTED}; not less than 0"))?;
    Ok(Wait(Some(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        let read = |text| time(text).ok().and_then(|wait| wait.0).map(|wait| wait.as_millis());
        for (text, milliseconds) in [
            ("0", Some(0)),
            ("1.5", Some(1500)),
            ("250ms", Some(250)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            (".5m", Some(30_000)),
            ("inf", None),
            ("nans", None),
            ("-1s", None),
            ("5 m", None),
            ("5d", None),
            ("m", None),
            ("", None),
        ] {
            assert_eq!(read(text), milliseconds, "{text}");
        }
        assert_eq!(time("forever"), Ok(Wait(None)));
    }
}
