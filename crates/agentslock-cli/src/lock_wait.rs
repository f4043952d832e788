//! Waiting for a lock: silent for a second, then one line that says who for.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use filelock::{Holder, LockGuard, LockOptions};

use crate::flags::Common;
use crate::io::stderr;
use crate::io::stderr::say;
use crate::sys;
use crate::who::Who;

const SILENT: Duration = Duration::from_secs(1);

/// A signal ends the wait.
pub(crate) fn options(common: &Common, target: &Path) -> LockOptions {
    unless(common, target, sys::is_wait_interrupted)
}

/// As [`options`], but gives up once `stop` says so.
pub(crate) fn unless(
    common: &Common,
    target: &Path,
    stop: impl Fn() -> bool + Send + Sync + 'static,
) -> LockOptions {
    let (limit, quiet) = (common.wait().0, common.quiet);
    let target = target.to_owned();
    // The second that was told of last.
    let told = AtomicU64::new(0);
    LockOptions::new().label(label()).timeout(limit.unwrap_or(Duration::MAX)).on_wait(
        move |waited, holder| {
            if stop() {
                return ControlFlow::Break(());
            }
            if waited >= SILENT
                && !quiet
                && told.swap(waited.as_secs(), Ordering::Relaxed) != waited.as_secs()
            {
                stderr::progress(&line(
                    &target,
                    holder,
                    limit.map(|limit| limit.saturating_sub(waited)),
                ));
            }
            ControlFlow::Continue(())
        },
    )
}

/// What the record says that we do: the verb, and the program that it runs. Other users can read
/// it, so that no other argument is in it.
fn label() -> String {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mut words = vec!["agentslock".into()];
    words.extend(
        arguments.iter().map(|word| word.to_string_lossy()).find(|word| !word.starts_with('-')),
    );
    let command = arguments.iter().skip_while(|word| *word != "--").nth(1);
    words.extend(command.map(|word| word.to_string_lossy()));
    words.join(" ")
}

/// With --verbose, says that the lock is ours, and who died of those who had it.
pub(crate) fn tell_acquired(common: &Common, target: &Path, guard: &LockGuard) {
    if common.verbose {
        let after = match guard.takeover() {
            Some(dead) => {
                let dead = Who::of(dead, target).sentence();
                format!("; its last holder did not release it: {dead}")
            }
            None => String::new(),
        };
        say(&format!("took the lock of `{}`{after}", target.display()));
    }
}

/// Who and for how long first, the path last: a narrow terminal cuts the end off.
fn line(target: &Path, holder: Option<&Holder>, left: Option<Duration>) -> String {
    let holder =
        holder.map_or_else(|| "others".to_owned(), |holder| Who::of(holder, target).brief());
    let left = match left {
        Some(left) => format!("; giving up in {:.0} s", left.as_secs_f64().ceil()),
        None => String::new(),
    };
    let target = target.display();
    format!("waiting for {holder}{left}: the lock of `{target}`")
}
