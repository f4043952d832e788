//! A line of progress, on a terminal only: logs of CI and pipes see nothing of it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How far a long task is. The line goes away with it.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// `what` is done `all` times.
    pub(crate) fn new(what: &str, all: u64) -> Self {
        let line = "  {prefix} {wide_bar} {pos} of {len}, {elapsed}, about {eta} left";
        let style = ProgressStyle::with_template(line).expect("because it is one of indicatif's");
        let bar = ProgressBar::new(all).with_style(style).with_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
        Self(bar)
    }

    /// `done` of all are done.
    pub(crate) fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
