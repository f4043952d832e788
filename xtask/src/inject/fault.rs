//! Fault sweep: a run for each system call and each error that it can fail with.
//!
//! The call does not take place, once; all others do.

use std::time::Duration;

use clap::Args;

use super::extent::{Disturbance, Extent};
use super::scenario::{Act, Lock, Scenario};
use super::scene::{Aftermath, NARROWED, Scene};
use super::strace::{Call, Ended};
use crate::outcome::Outcome;
use filelock::testing::Way;

/// Let each system call of the binary fail: old or new file, an honest error, and nothing left
/// behind.
#[derive(Args)]
pub(crate) struct FaultSweep {
    #[command(flatten)]
    extent: Extent,
}

impl FaultSweep {
    pub(crate) fn run(self) -> Outcome {
        self.extent.sweep("fault sweep", &Fail)
    }
}

struct Fail;

/// Nobody waits for longer than the grace, with one exception. If only time tells that the holder
/// is gone, a call acts on that once, and then waits as long as it was told to.
const IN_TIME: Duration = Duration::from_secs(4);
const AT_LAST: Duration = Duration::from_secs(10);
/// Exit statuses of the binary, and of the worker that stands for it.
const LOCKED: i32 = 75;
const TROUBLE: [i32; 2] = [2, 1];

impl Disturbance for Fail {
    fn faults(&self) -> &'static [&'static str] {
        &[
            "error=EIO",
            "error=ENOSPC",
            "error=EACCES",
            "error=EROFS",
            "error=EMFILE",
            "error=EINTR",
            "error=EDQUOT",
            "error=ENOENT",
            "error=EEXIST",
            "error=EINVAL",
            "error=EPERM",
            "error=EOPNOTSUPP",
        ]
    }

    fn applies(&self, call: &Call) -> bool {
        // A directory has nothing to write back, so no kernel fails to close one. If a directory is
        // read, std takes that for a broken program.
        let is_directory = [".", "below"].contains(&&*call.subject)
            || ["events.ndjson.lock", ".agentsrc.lock.lock"]
                .iter()
                .any(|lock| call.subject.ends_with(lock));
        call.name != "exit_group" && !(call.name == "close" && is_directory)
    }

    /// What could not be removed is left, and so is what a program was told is gone, or another's.
    fn excuses(&self, call: &Call, fault: &str) -> bool {
        ["unlink", "unlinkat", "rmdir"].contains(&call.name.as_str())
            || (["error=ENOENT", "error=EEXIST"].contains(&fault) && call.subject.contains(".lock"))
    }

    fn judge(
        &self,
        (scenario, call, fault): (&Scenario, &Call, &str),
        scene: &Scene<'_>,
        ended: &Ended,
        after: &mut Aftermath,
    ) -> &'static str {
        let by_time = scenario.act == Act::Lock(Way::ByTime) && scenario.lock == Lock::Dead;
        if ended.took > if by_time { AT_LAST } else { IN_TIME } {
            after.wrong.push(format!("it took {:.1} s", ended.took.as_secs_f64()));
        }
        if !after.own_litter.is_empty() && !self.excuses(call, fault) {
            after.wrong.push(format!("{:?} was left behind", after.own_litter));
        }
        // Told that there are no lists here, nobody can look for one; and where none can be set,
        // the mode grants less.
        let is_of_the_file = call.name == "fgetxattr" && !call.subject.contains(".tmp-");
        let may_lose = is_of_the_file && fault == "error=EOPNOTSUPP";
        let may_narrow = |list: &str| call.name == "fsetxattr" && list == NARROWED;
        if let Some(list) = after.list.as_ref().filter(|list| !may_lose && !may_narrow(list)) {
            after.wrong.push(format!("the access list became `{list}`"));
        }
        let is_done = after.is_new || scenario.after() == scenario.before();
        match ended.status.code() {
            Some(0) if scenario.lock != Lock::Held => {
                if !is_done {
                    after.wrong.push("success was claimed, and the old file stands".into());
                }
                // One that was interrupted is tried again; one that failed never succeeds. Where
                // directories cannot be synced, there is nothing to be done.
                let has_no_such_thing = ["error=EINVAL", "error=EOPNOTSUPP"].contains(&fault)
                    && [".", "below"].contains(&&*call.subject);
                if call.name.ends_with("sync") && fault != "error=EINTR" && !has_no_such_thing {
                    after.wrong.push("success was claimed, but a sync failed".into());
                }
                "done"
            }
            Some(code) if TROUBLE.contains(&code) || code == LOCKED => {
                judge_message(scene, ended.stderr.trim(), after);
                match (after.is_new, code) {
                    (true, _) => "failed after the commit",
                    (false, LOCKED) => "locked",
                    (false, _) => "failed",
                }
            }
            _ => {
                after.wrong.push(format!("it ended with {}", ended.status));
                "ended otherwise"
            }
        }
    }
}

/// A failure names the file and what failed, and tells whether the new content is in place.
fn judge_message(scene: &Scene<'_>, message: &str, after: &mut Aftermath) {
    let directory = scene.directory.path().to_string_lossy();
    if message.lines().count() != 1 || !message.contains(&*directory) {
        after.wrong.push("the message is not one line that names a path".into());
    }
    let says_committed = ["not yet durable", "was written, but", "was written; another"]
        .iter()
        .any(|words| message.contains(words));
    if says_committed != after.is_new {
        after.wrong.push("the message does not tell whether the new content is there".into());
    }
    let says_what = [
        "failed to ",
        " is lost: ",
        " was lost ",
        " cannot be locked: ",
        // What "no such file" means there.
        " was renamed or removed meanwhile; ",
    ];
    if !(says_committed || says_what.iter().any(|words| message.contains(words))) {
        after.wrong.push("the message does not say what failed".into());
    }
}
