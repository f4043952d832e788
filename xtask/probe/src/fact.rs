//! The lines of the report, and what they add up to.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

/// What was found so far. Each fact is printed at once.
#[derive(Default)]
pub(crate) struct Report {
    place: String,
    same: u32,
    different: u32,
    noted: u32,
    not_run: u32,
    failed: u32,
}

impl Report {
    /// The facts that follow are of this place.
    pub(crate) fn on(&mut self, place: &str) {
        place.clone_into(&mut self.place);
        println!("\n== {place}");
    }

    /// A fact that the code relies on.
    pub(crate) fn expect(&mut self, name: &str, fact: &str, assumed: &str, found: &str) {
        let verdict = if assumed == found {
            self.same += 1;
            "same"
        } else {
            self.different += 1;
            "DIFFERS"
        };
        println!("{name:4} {verdict:8} {fact}: assumed {assumed}; found {found}");
    }

    /// As [`expect`](Self::expect), for a time that must not be exceeded.
    pub(crate) fn expect_within(
        &mut self,
        name: &str,
        fact: &str,
        limit: Duration,
        found: Option<Duration>,
    ) {
        let assumed = format!("within {limit:.0?}");
        let within = found.is_some_and(|found| found <= limit);
        let found = found.map_or_else(|| "never".to_owned(), |found| format!("{found:.1?}"));
        println!(
            "{name:4} {:8} {fact}: assumed {assumed}; found {found}",
            if within { "same" } else { "DIFFERS" }
        );
        if within { self.same += 1 } else { self.different += 1 }
    }

    /// A fact on which nothing depends, or that differs from volume to volume.
    pub(crate) fn note(&mut self, name: &str, fact: &str, found: impl Display) {
        self.noted += 1;
        println!("{name:4} {:8} {fact}: {found}", "noted");
    }

    /// A fact that cannot be looked at here.
    pub(crate) fn not_run(&mut self, name: &str, fact: &str, why: &str) {
        self.not_run += 1;
        println!("{name:4} {:8} {fact}: {why}", "NOT RUN");
    }

    /// A volume that could not be looked at.
    pub(crate) fn failed(&mut self, place: &str, error: &dyn std::error::Error) {
        self.failed += 1;
        println!("     FAILED   {place}: {error}");
    }

    pub(crate) fn finish(self) -> ExitCode {
        let Self { same, different, noted, not_run, failed, .. } = self;
        println!(
            "\n{same} as assumed, {different} different, {noted} noted, {not_run} not run, \
             {failed} volumes failed"
        );
        if different + failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The name of an error in a report: the same word for the same error on each system.
pub(crate) fn error_name(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{:?} ({number})", error.kind()),
        None => format!("{:?}", error.kind()),
    }
}

/// "ok", or the error's name.
pub(crate) fn outcome<T>(result: std::io::Result<T>) -> String {
    result.map_or_else(|error| error_name(&error), |_| "ok".to_owned())
}

/// The median and the 99th percentile.
pub(crate) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    format!("median {:.0?}, 99 % {:.0?}", at(50), at(99))
}
