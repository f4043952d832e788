//! Looking at a lock, and freeing one by hand.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::acquire::{TryAcquired, try_acquire_from};
use crate::clear::bar::bar;
use crate::clear::clear;
use crate::clear::cleared::Cleared;
use crate::clear::directory::strange;
use crate::error::{AcquireError, BreakError, InspectError};
use crate::guard::release::ReleaseError;
use crate::holder::{Holder, Liveness};
use crate::judge::judge;
use crate::judge::occupant::{Found, Occupant, Removable, Stranger};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::Record;
use crate::record::facts::fnv1a;
use crate::sys::{self, Kind};

/// What stands at a lock's name, as it was at the moment of the look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    holder: Holder,
    holder_id: HolderId,
}

impl Inspection {
    /// Who holds the lock, since when, and whether they live.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Names this holding of the lock and no other: for [`break_lock`].
    pub fn holder_id(&self) -> &HolderId {
        &self.holder_id
    }
}

/// Names one holding of a lock by its token. For a holder that wrote none, it is the inode, and a
/// hash of the record and of its last change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HolderId(String);

impl HolderId {
    fn of(occupant: &Occupant) -> Self {
        let token = occupant.record.as_ref().map_or("", |record| record.token.as_str());
        if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Self(token.to_owned());
        }
        let (inode, changed) = occupant.stat.map_or((0, 0), |stat| (stat.id.inode, stat.changed));
        let mut bytes = occupant.record.as_ref().map(Record::encode).unwrap_or_default();
        bytes.extend_from_slice(&changed.to_le_bytes());
        Self(format!("{inode}-{:016x}", fnv1a(&bytes)))
    }
}

impl fmt::Display for HolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HolderId {
    type Err = std::convert::Infallible;

    /// Any text is an id; one that names nothing breaks nothing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Who holds the lock of `path`; `None` when it is free. Changes nothing, not even a dead lock.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("build.log");
/// let guard = filelock::acquire(&path)?;
/// let found = filelock::inspect(&path)?.expect("because it is held");
/// assert_eq!(found.holder().pid(), Some(std::process::id()));
/// guard.release()?;
/// assert!(filelock::inspect(&path)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`InspectError`].
pub fn inspect(path: impl AsRef<Path>) -> Result<Option<Inspection>, InspectError> {
    LockOptions::new().inspect(path)
}

/// Frees the lock of `path`, dead or alive, if it still is the one that `holder_id` names.
///
/// A holder that lives goes on working, until its next [`verify`](crate::LockGuard::verify) tells
/// it that it lost the lock. Whoever breaks a lock answers for what both write until then.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("build.log");
/// # let guard = filelock::acquire(&path)?;
/// // Show the holder to a person first. The id then names that holder, and no later one.
/// if let Some(found) = filelock::inspect(&path)? {
///     println!("{}", found.holder());
///     filelock::break_lock(&path, found.holder_id())?;
/// }
/// assert!(filelock::inspect(&path)?.is_none());
/// assert!(guard.verify().is_err()); // the holder learns that it lost the lock
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BreakError`]; unless it is [`BreakError::Clear`], nothing was changed.
pub fn break_lock(path: impl AsRef<Path>, holder_id: &HolderId) -> Result<(), BreakError> {
    let (names, occupant) = look(path.as_ref(), &LockOptions::new())?;
    let lock = names.lock.clone();
    let Some(occupant) = occupant else {
        return Err(BreakError::Free { lock });
    };
    if matches!(occupant.removable, Removable::Closed) {
        if occupant.stat.is_some_and(|stat| stat.kind == Kind::File) && occupant.record.is_none() {
            return Err(InspectError::NotALock { lock, kind: "another program's file" }.into());
        }
        let holder = Box::new(occupant.holder(&LockOptions::new().environment));
        return Err(BreakError::Unreadable { lock, holder });
    }
    if HolderId::of(&occupant) != *holder_id {
        return Err(BreakError::Changed { lock });
    }
    if matches!(occupant.removable, Removable::Others(Some(_))) {
        // With its share of the record's OS lock, which we ask for again.
        drop(occupant);
        return take_and_release(&names);
    }
    let runs = matches!(occupant.verdict, Verdict::Alive(Liveness::Running));
    if runs && !bar(&names, &occupant) {
        return Err(BreakError::Changed { lock });
    }
    let occupant = Occupant { verdict: condemned(&occupant.verdict), ..*occupant };
    // A person breaks what there is, whoever is at it.
    match clear(&names, occupant, &LockOptions::new(), false) {
        Ok(Cleared::Done | Cleared::NotYet(None)) => Ok(()),
        Ok(Cleared::Taken | Cleared::ByAnother(_)) => Err(BreakError::Changed { lock }),
        // Its record is gone, but nobody gets the lock as long as this stays.
        Ok(Cleared::NotYet(Some(entry))) => {
            Err(BreakError::Clear { lock, source: strange(&names, entry) })
        }
        Err(source) => Err(BreakError::Clear { lock, source }),
    }
}

/// Frees a dead lock of another user, which cannot be removed, as every process does that takes it.
/// If it changes hands meanwhile, a lock that is free is taken and released.
fn take_and_release(names: &Names) -> Result<(), BreakError> {
    let lock = names.lock.clone();
    let clear = |source| BreakError::Clear { lock: names.lock.clone(), source };
    match try_acquire_from(names, &LockOptions::new(), None).map_err(clear)? {
        TryAcquired::Held(_) => Err(BreakError::Changed { lock }),
        TryAcquired::Acquired(guard) => guard.release().map_err(|error| match error {
            ReleaseError::NotHeld(_) => BreakError::Changed { lock },
            ReleaseError::Io { verb, path, source, .. } => {
                clear(AcquireError::of(verb, path, source))
            }
        }),
    }
}

impl LockOptions {
    /// As [`inspect`], by these options' TTL and grace.
    ///
    /// # Errors
    ///
    /// [`InspectError`].
    pub fn inspect(&self, path: impl AsRef<Path>) -> Result<Option<Inspection>, InspectError> {
        let Some(occupant) = look(path.as_ref(), self)?.1 else { return Ok(None) };
        let holder = occupant.holder(&self.environment);
        if !holder.has_ended() {
            return Ok(Some(Inspection { holder, holder_id: HolderId::of(&occupant) }));
        }
        // See `judge::heir`.
        drop(occupant);
        let Some(occupant) = look(path.as_ref(), self)?.1 else { return Ok(None) };
        let holder = occupant.holder(&self.environment).seen_again(&holder);
        Ok(Some(Inspection { holder, holder_id: HolderId::of(&occupant) }))
    }
}

fn look(
    path: &Path,
    options: &LockOptions,
) -> Result<(Names, Option<Box<Occupant>>), InspectError> {
    options.check().map_err(InspectError::Unusable)?;
    let names = Names::of(path).map_err(InspectError::Unusable)?;
    let local = match sys::file_system_is_local(&names.parent) {
        Ok(local) => local,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((names, None)),
        Err(source) => {
            let path = names.parent;
            return Err(InspectError::Unusable(AcquireError::of("examine", path, source)));
        }
    };
    match judge(&names, options, options.environment.asks_kernel(local)) {
        Found::Nothing => Ok((names, None)),
        // Not even looked at: then whether anything stands there is not known.
        Found::Occupied(occupant) if occupant.stat.is_none() => match sys::lstat(&names.lock) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((names, None)),
            Err(source) => {
                Err(InspectError::Unusable(AcquireError::of("examine", names.lock, source)))
            }
            Ok(_) => Ok((names, Some(occupant))),
        },
        Found::Occupied(occupant) => Ok((names, Some(occupant))),
        Found::NotALock(Stranger { kind, .. }) => {
            Err(InspectError::NotALock { lock: names.lock, kind })
        }
    }
}

/// What a person decides who breaks a lock: that what stands there may be removed.
fn condemned(verdict: &Verdict) -> Verdict {
    match verdict {
        Verdict::Leaving => Verdict::Leaving,
        Verdict::Remnant { timed } => Verdict::Remnant { timed: *timed },
        Verdict::Dead => Verdict::Dead,
        Verdict::Alive(_) | Verdict::Expired | Verdict::Broken => Verdict::Broken,
    }
}
