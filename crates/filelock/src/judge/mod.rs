//! What stands at the lock's name, and whether its holder lives.
//!
//! The name is opened once, as a directory, following no link. All else goes through that
//! descriptor. So the record, the OS lock and the mode judged belong to one directory, whatever
//! happens to the name meanwhile. The descriptor is closed before anybody sleeps, unless the
//! directory is left alone for a moment (`wait/`). A look that fails is never a proof of death: the
//! occupant then counts as alive.

mod clock;
mod directory;
mod file;
pub(crate) mod heir;
pub(crate) mod kernel;
pub(crate) mod occupant;
pub(crate) mod others;
pub(crate) mod verdict;

use std::io::ErrorKind;

use crate::judge::directory::judge_directory;
use crate::judge::file::judge_file;
use crate::judge::occupant::{Found, Occupant, Stranger, unknown};
use crate::judge::others::judge_others;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys::{self, Kind};

/// Looks at the lock. `asks_kernel`: OS locks here are believed.
pub(crate) fn judge(names: &Names, options: &LockOptions, asks_kernel: bool) -> Found {
    let error = match sys::open_dir(&names.lock) {
        Ok(dir) => return judge_directory(dir, names, options, asks_kernel),
        Err(error) => error,
    };
    match (error.kind(), sys::lstat(&names.lock)) {
        (ErrorKind::NotFound, _) => Found::Nothing,
        (_, Err(error)) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        (_, Err(error)) => Occupant::alive(None, unknown(&error)),
        (ErrorKind::PermissionDenied, Ok(stat)) if stat.kind == Kind::Directory => {
            judge_others(stat, names, options, asks_kernel)
        }
        (_, Ok(stat)) => match stat.kind {
            Kind::Directory => Occupant::alive(Some(stat), unknown(&error)),
            Kind::File => judge_file(stat, names, options, asks_kernel),
            _ => Found::NotALock(Stranger::of(&stat, false, options)),
        },
    }
}
