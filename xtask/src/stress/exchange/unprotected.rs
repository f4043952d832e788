//! A writer that goes by the path at each step, as most programs do: the attack must succeed.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;

use super::verb::Verb;
use crate::outcome::Outcome;
use crate::workspace::worker;

#[derive(Args)]
pub(crate) struct UnprotectedWorker {
    #[arg(value_enum)]
    verb: Verb,
    path: PathBuf,
}

pub(super) fn command(verb: Verb, path: &Path) -> Outcome<Command> {
    let mut command = worker("exchange-unprotected")?;
    command.arg(verb.name().replace(" --", "-")).arg(path);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

impl UnprotectedWorker {
    pub(crate) fn run(self) -> Outcome {
        /// About as long as the program is busy with what it read.
        const BUSY: Duration = Duration::from_millis(1);
        if self.verb == Verb::Append {
            let mut log = OpenOptions::new().create(true).append(true).open(&self.path)?;
            return Ok(log.write_all(b"{\"n\":1}\n")?);
        }
        let mut text = fs::read(&self.path)?;
        text.extend_from_slice(b"\n");
        std::thread::sleep(BUSY);
        let temporary = self.path.with_extension(std::process::id().to_string());
        fs::write(&temporary, text)?;
        Ok(fs::rename(&temporary, &self.path)?)
    }
}
