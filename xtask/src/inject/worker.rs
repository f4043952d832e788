//! The lock acquired and released, for what the program itself does not do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::outcome::Outcome;
use filelock::testing::Way;

/// Acquires and releases a lock, in a way that the binary takes only elsewhere.
#[derive(Args)]
pub(crate) struct Worker {
    #[arg(value_enum)]
    way: Way,
    /// How long to wait for the lock, in seconds
    wait: f64,
    path: PathBuf,
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        let options = self.way.options(0);
        let guard = options.timeout(Duration::from_secs_f64(self.wait)).acquire(&self.path);
        let guard = guard.map_err(|error| with_causes(&error))?;
        guard.verify().map_err(|error| with_causes(&error))?;
        Ok(guard.release().map_err(|error| with_causes(&error))?)
    }
}

pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
