//! `merge`: two documents that began as one, by section and entry; and setting it up for git.

mod driver;
mod git;
mod install;

use std::process::ExitCode;

use crate::arguments::Merge;
use crate::failure::Failure;

/// Git (since 2.44) takes a driver's 1 to 128 for "merged, with conflicts", and only what is above for a
/// failure. The driver that is installed passes neither on: it has git merge by line then.
pub(crate) const FAILED: u8 = 129;

pub(crate) fn merge(arguments: &Merge) -> Result<ExitCode, Failure> {
    if arguments.install || arguments.uninstall {
        return install::install(arguments);
    }
    driver::merge(arguments).map_err(|failure| Failure { status: FAILED, ..failure })
}
