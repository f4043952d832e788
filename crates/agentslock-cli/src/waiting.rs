//! Waiting for a lock: silent for a second, then one line that says who for.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use filelock::LockOptions;

use crate::arguments::Wait;
use crate::output::say;
use crate::sys;

const SILENT: Duration = Duration::from_secs(1);

/// How often a lock that is held for long is renewed: a third of the time after which a peer that
/// goes by the clock takes it.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(10);

/// A signal ends the wait.
pub(crate) fn options(wait: &Wait, target: &Path) -> LockOptions {
    unless(wait, target, sys::is_wait_interrupted)
}

/// As [`options`], but gives up once `stop` says so.
pub(crate) fn unless(
    wait: &Wait,
    target: &Path,
    stop: impl Fn() -> bool + Send + Sync + 'static,
) -> LockOptions {
    let limit = wait.limit;
    let target = target.to_owned();
    let said = AtomicBool::new(false);
    LockOptions::new().timeout(limit).on_wait(move |waited, holder| {
        if stop() {
            return ControlFlow::Break(());
        }
        if waited >= SILENT && !said.swap(true, Ordering::Relaxed) {
            let holder = holder.map_or_else(|| "others".to_owned(), ToString::to_string);
            say(&format!(
                "waiting for the lock of `{}`, held by {holder}; giving up in {:.0} s",
                target.display(),
                limit.saturating_sub(waited).as_secs_f64().ceil()
            ));
        }
        ControlFlow::Continue(())
    })
}
