//! `merge`: two documents that began as one, by section and entry; and setting it up for git.

mod attributes;
mod driver;
mod flags;
mod git;
mod install;
mod lines;
mod settings;
mod shared_file;

use std::process::ExitCode;

use crate::flags::Common;
use crate::io::failure::{Failure, MERGE_FAILED};
pub(crate) use attributes::Attributes;
pub(crate) use flags::{IgnoreFile, Merge};
pub(super) use git::Scope;
pub(super) use install::{Done, Setup, has_our_line};
pub(super) use shared_file::SharedFile;

pub(crate) fn merge(arguments: &Merge, common: &Common) -> Result<ExitCode, Failure> {
    if arguments.check {
        return install::check(common);
    }
    if arguments.install || arguments.uninstall {
        return install::install(arguments, common);
    }
    driver::merge(arguments, common).map_err(|failure| Failure { status: MERGE_FAILED, ..failure })
}
