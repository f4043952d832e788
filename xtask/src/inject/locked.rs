//! A log changed through the crate `lockedfile`, as no verb of the program does it.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lockedfile::{LockOptions, Log, LogError, Options, TornTail};

use super::scenario::{LockedAct, RECORD, SECOND_RECORD};
use super::worker::with_causes;
use crate::outcome::Outcome;

/// The name that a rotation gives the log.
pub(super) const ARCHIVE: &str = "archive.ndjson";

/// Changes a log.
#[derive(Args)]
pub(crate) struct LockedWorker {
    #[arg(value_enum)]
    act: LockedAct,
    /// How long to wait for the lock, in seconds
    wait: f64,
    path: PathBuf,
}

impl LockedWorker {
    pub(crate) fn run(self) -> Outcome {
        self.act().map_err(|error| with_causes(&error).into())
    }

    fn act(&self) -> Result<(), LogError> {
        let lock = LockOptions::new().timeout(Duration::from_secs_f64(self.wait));
        let options = Options::new().lock(lock);
        let log = Log::with_options(&self.path, options.clone()).torn_tail(TornTail::Remove);
        match self.act {
            LockedAct::Transform => {
                let record = format!("{RECORD}\n");
                let add = |old: Option<&[u8]>| {
                    let old = old.unwrap_or_default();
                    Ok::<_, lockedfile::Error>(Some([old, record.as_bytes()].concat()))
                };
                options.transform(&self.path, add)?;
            }
            LockedAct::AppendWith => {
                log.append_with(|_| Ok::<_, LogError>(RECORD.into()))?;
            }
            LockedAct::AppendAll => {
                log.append_all([RECORD, SECOND_RECORD])?;
            }
            LockedAct::Rewrite => {
                log.rewrite(|records| {
                    Ok::<_, LogError>(records.skip(1).map(Cow::Borrowed).collect())
                })?;
            }
            LockedAct::Rotate => {
                log.rotate(|_, _| Ok::<_, LogError>(Some(ARCHIVE.into())))?;
            }
        }
        Ok(())
    }
}
