//! Taking the dead lock of another user: ones own preparation and `L` are exchanged.
//!
//! Only its owner may open that directory, or remove what is in it. But each process that may
//! rename in the directory that `L` lies in may exchange two names there. No system call compares
//! and exchanges. So `L` must be kept as it was judged. Each process that could take the dead lock
//! away asks for the OS lock of its record first. Its owner's processes, which clear it, ask for a
//! shared one (`clear/directory.rs`). Other users' processes ask for the exclusive one, here. With
//! that, the lock is as good as ours: others wait for us as for any holder.
//!
//! ```text
//! step                another process acts here              dies here          stalls here
//! record judged dead  its shared OS lock granted: judge/others.rs
//! flock of it,        refused: its owner's processes clear   nothing            the owner's processes and other
//!   exclusive         it, or another user's takes it, or     happened           users wait, as for a holder
//!                     looks at it: look again
//! lstat L/holder,     not that file, or another record:      as above           as above
//!   read it again     cleared in the meantime, look again
//! exchange L.prep-U   nobody may: the record is locked.      before: as above   as above; after: as a holder
//!   and L             An older build that clears it does     after: dead
//!                     not ask; nor does a person, or a       holder, replaced
//!                     foreign peer: see below                at once
//! lstat L.prep-U/     what was judged: the lock is ours.     as above           as a holder
//!   holder            The dead one stays at L.prep-U, for
//!                     its owner's sweep
//! … it is not there:  a sticky directory, or nothing: its    as above           as a holder
//!   lstat L.prep-U    owner's sweep was quick. Else another
//!                     program's lock: the next row
//! … it is another's:  a third may have taken L: then what    the other's lock   the other is without its lock for
//!   exchange back,    we moved stays at L.prep-U, and its    stays at L.prep-U  so long; its verify says "lost"
//!   if L is ours      verify says "lost"                     (flocked: kept)
//! ```
//!
//! The last row takes a stall of ours between two calls, and another process that removes locks
//! and asks for no record. That can be an older build of the dead holder's user, a foreign peer,
//! or a person. Then it is as if that process had taken the lock from its holder.
//!
//! In a sticky directory, such as `/tmp`, only the owner may rename what is there. The exchange is
//! refused, and the error says who can remove the lock.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::claim::Claim;
use crate::claim::prepare::Preparation;
use crate::environment::Environment;
use crate::error::AcquireError;
use crate::judge::others::is_still_there;
use crate::names::Names;
use crate::record::{self, Record};
use crate::sys::{self, Flock, Kind};

/// What happened to an attempt to take another user's dead lock.
pub(crate) enum Exchanged {
    /// It is ours now.
    Done(Box<Claim>),
    /// Another process was quicker. What is left of the preparation, if anything.
    Not(Option<Preparation>),
    /// Not possible here.
    Refused(Preparation, io::Error),
}

impl Preparation {
    /// Puts this claim in the place of the lock with `judged` in `file`, whose OS lock was granted.
    pub(crate) fn exchange(
        mut self,
        file: &File,
        judged: &Record,
        names: &Names,
        environment: &Environment,
    ) -> Result<Exchanged, AcquireError> {
        let claim = self.claim.as_mut().expect("because publishing consumes the preparation");
        claim
            .stamp_if_stale(environment)
            .map_err(|error| AcquireError::of("write", &self.path, error))?;
        let (own, path) = (claim.id, self.path.clone());
        if !matches!(sys::try_flock_file(file, Flock::Exclusive), Ok(true))
            || !is_still_there(names, file, judged)
        {
            return Ok(Exchanged::Not(Some(self)));
        }
        match sys::exchange(&path, &names.lock) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_left = sys::is_at(&path, own).unwrap_or(false);
                return Ok(Exchanged::Not(is_left.then_some(self)));
            }
            Err(error) => return Ok(Exchanged::Refused(self, error)),
        }
        if !came_out(&path, file) {
            if sys::is_at(&names.lock, own).unwrap_or(false) {
                let _ = sys::exchange(&path, &names.lock);
            }
            return Ok(Exchanged::Not(None));
        }
        let mut claim = self.claim.take().expect("because publishing consumes the preparation");
        claim.private = Some(path);
        Ok(Exchanged::Done(claim))
    }
}

/// Whether the lock with the judged record, in `file`, is at `path` now, or was until its owner
/// swept it. What cannot be looked at most likely is that: only an older build, a foreign peer or a
/// person makes it another's.
fn came_out(path: &Path, file: &File) -> bool {
    if let Ok(stat) = sys::lstat(&path.join(record::NAME)) {
        return sys::identity(file).map_or(true, |id| id == stat.id);
    }
    // A foreign claimant's new directory has no record yet, and a lock file never has one.
    sys::lstat(path).map_or(true, |stat| stat.kind == Kind::Directory && stat.is_sticky())
}
