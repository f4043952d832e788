//! What the errors say, and what caused them. By hand: this crate takes no macros.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use super::acquire::AcquireError;
use super::hold::{NotHeld, RenewError, VerifyError};
use super::inspect::{BreakError, InspectError};
use crate::holder::{Holder, Liveness, seconds};
use crate::sys;

impl Display for AcquireError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { path, lock, waited, holder } => {
                let (path, lock, waited) = (path.display(), lock.display(), seconds(*waited));
                let (held_by, hint) = (describe(holder.as_deref()), hint(holder.as_deref()));
                write!(
                    f,
                    "failed to lock `{path}`: gave up after {waited}; `{lock}` is held by {held_by}{hint}"
                )
            }
            Self::GaveUp { path, waited, holder } => write!(
                f,
                "failed to lock `{}`: the caller stopped waiting after {}; held by {}",
                path.display(),
                seconds(*waited),
                describe(holder.as_deref())
            ),
            Self::Deadlock { path, lock } => write!(
                f,
                "failed to lock `{}`: this thread holds `{}` already; release that guard first, or use it",
                path.display(),
                lock.display()
            ),
            Self::NotALock { path, lock, kind, age } => write!(
                f,
                "failed to lock `{}`: `{}` is {kind}, not a lock of ours, unchanged for {}; another \
                 program may use it: lock another file, or find out who put it there and remove it",
                path.display(),
                lock.display(),
                seconds(*age)
            ),
            Self::StrangeEntry { lock, entry, origin } => write!(
                f,
                "failed to clear the dead lock `{}`: it contains `{entry}`, {origin}; look at it, \
                 then remove the directory",
                lock.display()
            ),
            Self::DeadOfAnotherUser { path, lock, holder, .. } => write!(
                f,
                "failed to lock `{}`: the process that held `{}` died, and only {}, or root, can \
                 remove that here; let that user lock the file once, or run `rm -r -- {}`",
                path.display(),
                lock.display(),
                owner(holder),
                quoted(lock)
            ),
            Self::Denied { verb, path, source } => {
                write!(f, "failed to {verb} `{}` ({})", path.display(), sys::cause(source))
            }
            Self::Intercepted { path, parent } => write!(
                f,
                "failed to create `{}`: reported as not found although `{}` exists; something \
                 intercepts file creation there",
                path.display(),
                parent.display()
            ),
            Self::Disturbed { path, attempts } => write!(
                f,
                "failed to prepare `{}`: it was removed or taken over {attempts} times in a row; \
                 something deletes files beside the lock",
                path.display()
            ),
            Self::UnusablePath { path, reason } => {
                write!(f, "failed to lock `{}`: {reason}", path.display())
            }
            Self::UnusableOption { option, reason } => {
                write!(f, "lock option `{option}`: {reason}")
            }
            Self::NoRoom { verb, path, .. } => write!(
                f,
                "failed to {verb} `{}`: there is no room for the lock's own record; nothing was \
                 written; remove something without the lock first",
                path.display()
            ),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

fn owner(holder: &Holder) -> String {
    holder.user().map_or_else(|| "its owner".to_owned(), |user| format!("user {user}"))
}

/// As a shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

fn describe(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "others, one after the other".to_owned(), Holder::to_string)
}

fn hint(holder: Option<&Holder>) -> &'static str {
    match holder {
        Some(holder) if holder.is_of_this_thread => {
            "; this thread has the guard itself: release it before locking again"
        }
        Some(holder) if holder.is_this_process() => {
            "; another task or thread of it has the guard: wait longer"
        }
        Some(holder) if *holder.liveness() == Liveness::Unreadable => "",
        Some(holder) if matches!(holder.liveness(), Liveness::Dead | Liveness::Expired) => {
            "; try again"
        }
        Some(holder) if holder.is_inherited() => {
            "; it is one of those that `fuser` on that directory lists, with a `lock:` line in \
             `/proc/PID/fdinfo`: wait longer, or end it"
        }
        _ => "; wait longer, or end the holder",
    }
}

impl Error for AcquireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::DeadOfAnotherUser { source, .. }
            | Self::Denied { source, .. }
            | Self::NoRoom { source, .. }
            | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Display for NotHeld {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { lock, how } => write!(
                f,
                "the lock `{}` is lost: {how}; do not write what it guards, acquire it anew",
                lock.display()
            ),
            Self::ForeignProcess { lock, owner } => write!(
                f,
                "the lock `{}` was acquired by process {owner}, of which this is a child; only that \
                 process can use the guard or release it",
                lock.display()
            ),
        }
    }
}

impl Error for NotHeld {}

impl Display for VerifyError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHeld(error) => error.fmt(f),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

impl Error for VerifyError {
    /// [`NotHeld`] speaks for itself, and has no cause.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotHeld(error) => error.source(),
            Self::Io { source, .. } => Some(source),
        }
    }
}

impl From<NotHeld> for VerifyError {
    fn from(error: NotHeld) -> Self {
        Self::NotHeld(error)
    }
}

impl Display for RenewError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify(error) => error.fmt(f),
            Self::Write { path, .. } => {
                write!(f, "failed to overwrite the time in `{}`", path.display())
            }
        }
    }
}

impl Error for RenewError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Verify(error) => error.source(),
            Self::Write { source, .. } => Some(source),
        }
    }
}

impl From<VerifyError> for RenewError {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

impl Display for InspectError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotALock { lock, kind } => {
                write!(f, "`{}` is {kind}, not a lock", lock.display())
            }
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

impl Error for InspectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotALock { .. } => None,
            Self::Unusable(error) => error.source(),
        }
    }
}

impl Display for BreakError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free { lock } => {
                write!(f, "`{}` is not there: the lock is free", lock.display())
            }
            Self::Changed { lock } => write!(
                f,
                "`{}` has changed hands since it was looked at; look again",
                lock.display()
            ),
            Self::Inspect(error) => error.fmt(f),
            Self::Unreadable { lock, holder } => write!(
                f,
                "`{}` cannot be opened, only {} can break it: {holder}",
                lock.display(),
                owner(holder)
            ),
            Self::Clear { lock, .. } => write!(f, "failed to break `{}`", lock.display()),
        }
    }
}

impl Error for BreakError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Inspect(error) => error.source(),
            Self::Clear { source, .. } => Some(source),
            Self::Free { .. } | Self::Changed { .. } | Self::Unreadable { .. } => None,
        }
    }
}

impl From<InspectError> for BreakError {
    fn from(error: InspectError) -> Self {
        Self::Inspect(error)
    }
}
