//! Facts of Linux, macOS and FreeBSD: M1 to M12, F1 to F4.

mod boot;
mod directories;
mod flock;
mod names;
mod rename;
mod stopped;
mod sync;

use std::path::Path;

use crate::Outcome;
use crate::fact::Report;

/// The name under which F1 repeats M1 to M3.
pub(crate) const IS_FREEBSD: bool = cfg!(target_os = "freebsd");

pub(crate) fn system(report: &mut Report) {
    stopped::system(report);
    boot::system(report);
    let sandbox = "flock, exclusive rename, rmdir and the boot id in an agent's sandbox";
    report.not_run("M9", sandbox, "needs sandbox-exec and the agents' policies, on macOS");
    report.not_run("M11", "the whole test suite", "run `cargo xtask ci`");
    if IS_FREEBSD {
        report.not_run("F3", "renameat2 in the C library", "look at renameat2(2)");
        report.not_run("F4", "the whole test suite", "run `cargo test --workspace`");
    }
}

pub(crate) fn volume(place: &Path, report: &mut Report) {
    flock::volume(place, report);
    rename::volume(place, report);
    directories::volume(place, report);
    sync::volume(place, report);
    names::volume(place, report);
}

/// The orders of a second process.
pub(crate) fn peer(order: &str, path: &Path, more: &[String]) -> Outcome {
    match order {
        "flock" => flock::peer(path, more),
        "rename" => rename::peer(path, more),
        "wait" => {
            stopped::peer();
            Ok(())
        }
        "boot" => {
            boot::peer();
            Ok(())
        }
        other => Err(format!("no order `{other}`").into()),
    }
}
