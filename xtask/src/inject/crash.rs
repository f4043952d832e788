//! Crash sweep: a run killed at each system call.
//!
//! SIGKILL arrives as the call is entered, which then does not take place (ptrace(2)). The last
//! thing that was done is what the call before it did. The program's end counts as a call, so that
//! each call of ours is the last one in some run.

use std::os::unix::process::ExitStatusExt;

use clap::Args;

use super::extent::{Disturbance, Extent};
use super::scenario::Scenario;
use super::scene::{Aftermath, Scene};
use super::strace::{Call, Ended};
use crate::outcome::Outcome;

/// Kill the binary at each system call: the file is the old or the new one, and the next writer
/// succeeds.
#[derive(Args)]
pub(crate) struct CrashSweep {
    #[command(flatten)]
    extent: Extent,
}

impl CrashSweep {
    pub(crate) fn run(self) -> Outcome {
        self.extent.sweep("crash sweep", &Kill)
    }
}

struct Kill;

const SIGKILL: i32 = 9;

impl Disturbance for Kill {
    fn faults(&self) -> &'static [&'static str] {
        &["signal=KILL"]
    }

    fn applies(&self, _: &Call) -> bool {
        true
    }

    fn excuses(&self, _: &Call, _: &str) -> bool {
        true
    }

    fn judge(
        &self,
        (scenario, _, _): (&Scenario, &Call, &str),
        _: &Scene<'_>,
        ended: &Ended,
        after: &mut Aftermath,
    ) -> &'static str {
        if let Some(list) = &after.list {
            after.wrong.push(format!("the access list became `{list}`"));
        }
        if ended.status.signal() != Some(SIGKILL) {
            after.wrong.push(format!("it was not killed: {}", ended.status));
        }
        match (scenario.before() == scenario.after(), after.is_new) {
            (true, _) => "file untouched",
            (_, true) => "new file",
            (_, false) => "old file",
        }
    }
}
