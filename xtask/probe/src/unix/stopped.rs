//! M6: what `waitid` answers for a child that is stopped, continued, and then ends.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::Outcome;
use crate::fact::Report;
use crate::peer::{Peer, say, until_told};

pub(crate) fn system(report: &mut Report) {
    let fact = "waitid(WEXITED) of a child that is stopped, continued, then ends, returns";
    let found = watch().unwrap_or_else(|error| error.to_string());
    report.expect("M6", fact, "once, for the end", &found);
}

fn watch() -> Outcome<String> {
    let child = Peer::start("wait", std::path::Path::new("."), &[])?;
    let mut child = child;
    child.line()?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).ok_or("no pid")?;
    let waiter = std::thread::spawn(move || {
        let mut answers = Vec::new();
        loop {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let Ok(Some(status)) = rustix::process::waitid(WaitId::Pid(pid), options) else {
                answers.push("an error");
                return answers;
            };
            if status.exited() || status.killed() || status.dumped() {
                answers.push("the end");
                return answers;
            }
            answers.push("a stop");
            if answers.len() > 20 {
                return answers;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let pause = Duration::from_millis(100);
    rustix::process::kill_process(pid, Signal::STOP)?;
    std::thread::sleep(pause);
    rustix::process::kill_process(pid, Signal::CONT)?;
    std::thread::sleep(pause);
    rustix::process::kill_process(pid, Signal::TERM)?;
    let answers = waiter.join().map_err(|_| "the waiting thread panicked")?;
    Ok(match answers.as_slice() {
        ["the end"] => "once, for the end".to_owned(),
        other => format!("{} times: {}", other.len(), other.join(", ")),
    })
}

/// Waits to be ended.
pub(crate) fn peer() {
    say("ready");
    until_told();
}
