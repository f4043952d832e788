//! The lock acquired and released, for what the program itself does not do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::outcome::Outcome;
use crate::workload::door::Door;
use filelock::testing::Way;

/// Acquires and releases a lock, in a way that the binary takes only elsewhere.
#[derive(Args)]
pub(crate) struct Worker {
    #[arg(value_enum)]
    way: Way,
    /// How long to wait for the lock, in seconds
    wait: f64,
    path: PathBuf,
    /// Twice, through one handle
    #[arg(long)]
    again: bool,
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        let options = self.way.options(0).timeout(Duration::from_secs_f64(self.wait));
        let door = if self.again { Door::Reused } else { Door::OneShot };
        let lock = door.open(options, &self.path).map_err(|error| with_causes(&error))?;
        for _ in 0..if self.again { 3 } else { 1 } {
            let guard = lock.acquire().map_err(|error| with_causes(&error))?;
            guard.verify().map_err(|error| with_causes(&error))?;
            guard.release().map_err(|error| with_causes(&error))?;
        }
        Ok(())
    }
}

pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
