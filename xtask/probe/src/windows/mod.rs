//! Facts of Windows: W1 to W10. Under Wine they are Wine's.

mod handles;
mod stream;

use std::path::Path;

use crate::Outcome;
use crate::fact::Report;

pub(crate) fn system(report: &mut Report) {
    let moved = "the wall clock is moved by a minute while one process holds and one waits";
    report.not_run("W8", moved, "needs an administrator, and a machine of its own");
    report.not_run("W10", "the whole test suite", "run `cargo test --workspace --exclude xtask`");
}

pub(crate) fn volume(place: &Path, report: &mut Report) {
    handles::volume(place, report);
    stream::volume(place, report);
}

/// The orders of a second process.
pub(crate) fn peer(order: &str, path: &Path, _: &[String]) -> Outcome {
    match order {
        "stream" => {
            stream::peer(path);
            Ok(())
        }
        other => Err(format!("no order `{other}`").into()),
    }
}
