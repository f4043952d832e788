//! Holding a lock; or working inside the hold of an ancestor.
//!
//! A command that `run` started, and that wants the lock of the same file, would wait for its own
//! ancestor. So `run` hands down which lock it holds, in the variable [`HOLDS`], with the lock's
//! token. A verb that finds the lock named there works inside that hold. What `set` and `edit` hand
//! down is only for the error: they wait for their command, and write when it is done.
//!
//! ```text
//! is the lock handed down?      its record has the token; else it is an old value, and is ignored
//! take the inner lock           `FILE.lock.lock`: commands under one `run` exclude each other
//! before each write: verify     the inner lock is ours, and the outer one still has the token.
//!                               The outer one is lost: nothing is written
//! we die here                   the inner lock is dead with us, and the next one replaces it
//! `run` dies here               its lock lives as long as the command that inherited it
//! release the inner lock
//! ```

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use filelock::{LockGuard, LockOptions, RenewError};

use crate::flags::Common;
use crate::io::failure::{Failure, LOCKED};
use crate::lock_wait;
use crate::sys;

/// What ancestors hold: a line for each lock, the innermost last.
pub(crate) const HOLDS: &str = "AGENTSLOCK_HOLDS";

/// Who hands a hold down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// `run`, which only waits for its command.
    Run,
    /// A verb that writes the file once its command is done.
    Writer,
}

impl Holding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Writer => "writer",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        [Self::Run, Self::Writer].into_iter().find(|it| it.as_str().as_bytes() == name)
    }
}

/// The value of [`HOLDS`] for a command that is started under this lock.
pub(crate) fn handed_down(holding: Holding, target: &Path, token: &str) -> OsString {
    let mut value = std::env::var_os(HOLDS).unwrap_or_default();
    let target = resolved(target);
    // A name with a line end cannot be handed down; then a nested use waits, as without all this.
    if !target.as_os_str().as_encoded_bytes().contains(&b'\n') {
        value.push(format!("{} {token} ", holding.as_str()));
        value.push(target);
        value.push("\n");
    }
    value
}

/// A held lock.
#[derive(Debug)]
pub(crate) enum Hold {
    Own(LockGuard),
    /// An ancestor holds the lock of the file; we hold the inner one.
    Inside {
        inner: LockGuard,
        outer: Outer,
    },
}

/// The holds of ancestors: of the file's lock, and of inner locks. At least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outer {
    /// The file, or lock, whose lock is held, and the token.
    holds: Vec<(PathBuf, String)>,
    /// The innermost lock that is held, whose own lock is the inner one.
    innermost: PathBuf,
}

impl Hold {
    /// Takes the lock of `target`, or the inner one. A signal ends the wait.
    pub(crate) fn acquire(common: &Common, target: &Path) -> Result<Self, Failure> {
        Self::acquire_with(target, |target| lock_wait::options(common, target))
    }

    /// As [`acquire`](Self::acquire), with options that are made for the file whose lock is taken.
    pub(crate) fn acquire_with(
        target: &Path,
        options: impl FnOnce(&Path) -> LockOptions,
    ) -> Result<Self, Failure> {
        match Outer::of(target)? {
            None => Ok(Self::Own(options(target).acquire(target)?)),
            Some(outer) => {
                let inner = options(target).acquire(&outer.innermost)?;
                Ok(Self::Inside { inner, outer })
            }
        }
    }

    pub(crate) fn guard(&self) -> &LockGuard {
        let (Self::Own(guard) | Self::Inside { inner: guard, .. }) = self;
        guard
    }

    pub(crate) fn renew(&self) -> Result<(), RenewError> {
        self.guard().renew()
    }

    /// The lock that is ours, and those of ancestors.
    pub(crate) fn into_parts(self) -> (LockGuard, Option<Outer>) {
        match self {
            Self::Own(guard) => (guard, None),
            Self::Inside { inner, outer } => (inner, Some(outer)),
        }
    }

    /// Releases it. A lock that was lost by now, to a peer that goes by the clock, takes nothing
    /// back of what was written.
    pub(crate) fn release(self) {
        let (Self::Own(guard) | Self::Inside { inner: guard, .. }) = self;
        let _ = guard.release();
    }
}

impl Outer {
    /// The holds of ancestors on the lock of `target`, if there are any.
    ///
    /// # Errors
    ///
    /// If an ancestor waits for us before it releases the lock.
    pub(crate) fn of(target: &Path) -> Result<Option<Self>, Failure> {
        let Some(value) = std::env::var_os(HOLDS).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let mut outer = Self { holds: Vec::new(), innermost: resolved(target) };
        while let Some((holding, token)) = find(&value, &outer.innermost) {
            if holding == Holding::Writer {
                let target = target.display();
                let message = format!(
                    "`{target}` is locked by the `agentslock` that waits for this command: it would wait \
                     for itself; nothing was done; to change several sections at once, use \
                     `agentslock edit -- COMMAND`"
                );
                return Err(Failure::trouble("nested", message));
            }
            let mut lock = outer.innermost.as_os_str().to_owned();
            lock.push(".lock");
            outer.holds.push((std::mem::replace(&mut outer.innermost, lock.into()), token));
        }
        Ok((!outer.holds.is_empty()).then_some(outer))
    }

    pub(crate) fn verify(&self) -> Result<(), Failure> {
        let Some((lost, _)) = self.holds.iter().find(|(path, token)| !is_held(path, token)) else {
            return Ok(());
        };
        let message = format!(
            "the lock of `{}`, inside which this command runs, was lost; nothing was written",
            lost.display()
        );
        Err(Failure::new(LOCKED, "lock-lost", message))
    }
}

/// Who handed down a hold of this lock that still stands, and its token.
fn find(value: &OsStr, target: &Path) -> Option<(Holding, String)> {
    value.as_encoded_bytes().split(|byte| *byte == b'\n').rev().find_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b' ');
        let holding = Holding::named(fields.next()?)?;
        let token = std::str::from_utf8(fields.next()?).ok()?;
        let path = sys::path_from_bytes(fields.next()?.to_vec());
        (path == target && is_held(target, token)).then(|| (holding, token.to_owned()))
    })
}

fn is_held(target: &Path, token: &str) -> bool {
    let inspection = filelock::inspect(target).ok().flatten();
    inspection.is_some_and(|inspection| inspection.holder().token() == Some(token))
}

/// The same for all spellings of a file's directory. The file itself may be a link, which has a
/// lock of its own.
fn resolved(target: &Path) -> PathBuf {
    let absolute = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    let parent = absolute.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(OsStr::new(name)),
        _ => absolute,
    }
}
