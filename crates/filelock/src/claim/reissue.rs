//! Acquiring again: what a handle has parked becomes its next claim.
//!
//! Between two acquisitions a handle keeps its directory at `L.prep-U`, with its record, its
//! `flock` and two open descriptors. The same inode then is the lock once more: the inode names a
//! directory and its owner, the token names the acquisition.
//!
//! ```text
//! step                another process acts here               dies here          stalls here
//! parked              a sweeper: its flock is refused,        a leftover, swept  nobody waits for it
//!                     however old the directory is;
//!                     a judge that still has it open is
//!                     refused as well;
//!                     a forked child: closes its copies,
//!                     touches nothing, prepares its own
//! lstat L.prep-U      moved, or replaced by a copy, which     as above           replaced after this
//!                     has no flock: closed, prepared again                       look: next line
//! fstatat holder      its record was removed or replaced:     as above           a copy put there in these
//!                     removed, prepared again                                    microseconds is published,
//!                                                                                and verify says so
//! futimens            for peers that go by the directory's    as above
//!                     mtime, if that is a second old
//! pwrite              an older judge that has the directory   as above; a torn   as above
//!                     open reads t1, a mixture or t2, and     record is never
//!                     is refused: "alive"                     published by us
//! rename to L         as a first claim, see publish.rs: exists: another holds it, parked again
//! ```
//!
//! Never parked: what was lost, what a child may have a share of on purpose, what was robbed of its
//! record. A process that ends without dropping its handle leaves the directory; without its
//! `flock` it is a leftover, which the next handle's first acquisition sweeps.

use std::io;

use crate::claim::prepare::Preparation;
use crate::claim::{Claim, FRESH};
use crate::environment::{Environment, new_token};
use crate::sys;

impl Preparation {
    /// Makes what was parked a new acquisition's: another token, the time of now. `None`: it cannot
    /// be used again, and was removed; or, in a forked child, closed.
    pub(crate) fn reissue(mut self, environment: &Environment) -> Option<Self> {
        let claim = self.claim.as_mut().expect("because publishing consumes the preparation");
        let usable = claim.owner.is_current()
            && sys::is_at(&self.path, claim.id).unwrap_or(false)
            && matches!(claim.reissue(environment), Ok(true));
        usable.then_some(self)
    }
}

impl Claim {
    /// Overwrites the whole record with one positioned write. It has the same length each time;
    /// nothing stays of what another process may have written there. `false`: the record is no
    /// longer in its directory.
    fn reissue(&mut self, environment: &Environment) -> io::Result<bool> {
        match &self.file {
            Some(own) if own.is_in(&self.dir)? => {}
            _ => return Ok(false),
        }
        let now = environment.now();
        // Not in each acquisition: it is a system call.
        if environment.age(self.changed) > FRESH {
            let _ = self.dir.touch();
            self.changed = now;
        }
        let token = new_token(self.owner.number);
        let record = &mut self.record;
        self.file.as_mut().map_or(Ok(false), |own| own.reissue(record, now, token))
    }
}
