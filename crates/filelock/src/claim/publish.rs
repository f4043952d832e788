//! Acquiring, step 2: publish the prepared claim, by one exclusive rename.
//!
//! ```text
//! stamp anew          if it has become old                   dies here: a leftover, swept
//! rename to L         only if L does not exist               dies here: a dead lock, replaced
//! ```

use std::io::ErrorKind;

use crate::claim::Claim;
use crate::claim::prepare::Preparation;
use crate::environment::Environment;
use crate::error::AcquireError;
use crate::names::Names;
use crate::sys;

/// What happened to an attempt to publish.
pub(crate) enum Publication {
    /// It is the lock now.
    Done(Box<Claim>),
    /// The name is taken; the preparation stays ready for the next try.
    Taken(Preparation),
    /// The preparation is no longer there.
    Gone,
    /// This file system has no exclusive rename.
    Unsupported,
}

impl Preparation {
    /// Tries to make this claim the lock.
    pub(crate) fn publish(
        mut self,
        names: &Names,
        environment: &Environment,
    ) -> Result<Publication, AcquireError> {
        let claim = self.claim.as_mut().expect("because publishing consumes the preparation");
        claim
            .stamp_if_stale(environment)
            .map_err(|error| AcquireError::of("write", &self.path, error))?;
        match sys::rename_exclusive(&self.path, &names.lock) {
            Ok(()) => {}
            Err(error) => match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => {
                    return Ok(Publication::Taken(self));
                }
                ErrorKind::Unsupported => return Ok(Publication::Unsupported),
                // Somebody removed the preparation; or the rename took place and its answer was
                // lost.
                ErrorKind::NotFound => {
                    let ours = sys::is_at(&names.lock, claim.id).unwrap_or(false);
                    if !ours {
                        return Ok(Publication::Gone);
                    }
                }
                _ => return Err(AcquireError::of("publish", &names.lock, error)),
            },
        }
        let mut claim = self.claim.take().expect("because publishing consumes the preparation");
        claim.private = Some(std::mem::take(&mut self.path));
        Ok(Publication::Done(claim))
    }
}
