//! The tries of one call: published by a rename, in place, or in exchange for a dead lock.

use std::io::ErrorKind;

use super::exchange::Exchanged;
use super::prepare::{Preparation, PrepareError};
use super::publish::Publication;
use super::{Claim, in_place};
use crate::environment::Way;
use crate::error::AcquireError;
use crate::names::Names;
use crate::options::LockOptions;
use crate::wait::Dead;

/// How often a claim is prepared anew when somebody removes or takes over the preparation.
const PREPARATIONS: u32 = 8;

/// One call's claiming.
pub(crate) struct Claiming {
    /// Chosen per file system.
    way: Way,
    /// The preparation serves all tries of a call, and is removed when the call ends without it.
    pub(crate) ready: Option<Preparation>,
    /// Whether a handle may move the lock back when it is released.
    movable: bool,
}

impl Claiming {
    pub(crate) fn new(way: Way, ready: Option<Preparation>, movable: bool) -> Self {
        Self { way, ready, movable }
    }

    /// One try. `None`: another process has the lock.
    pub(crate) fn attempt(
        &mut self,
        names: &Names,
        options: &LockOptions,
    ) -> Result<Option<Box<Claim>>, AcquireError> {
        let environment = &options.environment;
        let mut disturbed = names.preparation("");
        for tries in 1..=PREPARATIONS {
            if self.way != Way::Published {
                return in_place::attempt(names, options, self.way == Way::InPlace);
            }
            let prepared = match self.ready.take() {
                Some(ready) => Ok(ready),
                None => Preparation::new(names, options, self.movable),
            };
            let preparation = match prepared {
                Ok(preparation) => preparation,
                Err(PrepareError::Retry(path)) => {
                    disturbed = path;
                    continue;
                }
                Err(PrepareError::Unsupported) => {
                    self.way = Way::InPlace;
                    continue;
                }
                // Another call, which failed, may have removed the directory, and a third one put
                // it there again.
                Err(PrepareError::Failed(AcquireError::Intercepted { .. }))
                    if tries < PREPARATIONS =>
                {
                    continue;
                }
                Err(PrepareError::Failed(error)) => return Err(error),
            };
            match preparation.publish(names, environment)? {
                Publication::Done(claim) => return Ok(Some(claim)),
                Publication::Taken(preparation) => {
                    self.ready = Some(preparation);
                    return Ok(None);
                }
                Publication::Gone => {}
                Publication::Unsupported => self.way = Way::InPlace,
            }
        }
        Err(AcquireError::Disturbed { path: disturbed, attempts: PREPARATIONS })
    }

    /// One try at a dead lock of another user. `None`: another process was quicker, or the
    /// preparation was disturbed.
    pub(crate) fn exchange(
        &mut self,
        dead: Box<Dead>,
        names: &Names,
        options: &LockOptions,
    ) -> Result<Option<Box<Claim>>, AcquireError> {
        let Dead { file, record, holder } = *dead;
        let refused = |source| AcquireError::DeadOfAnotherUser {
            path: names.target.clone(),
            lock: names.lock.clone(),
            holder: Box::new(holder),
            source,
        };
        if self.way != Way::Published {
            return Err(refused(ErrorKind::Unsupported.into()));
        }
        let ready = match self.ready.take() {
            Some(ready) => ready,
            None => match Preparation::new(names, options, self.movable) {
                Ok(ready) => ready,
                Err(PrepareError::Retry(_)) => return Ok(None),
                Err(PrepareError::Unsupported) => {
                    return Err(refused(ErrorKind::Unsupported.into()));
                }
                Err(PrepareError::Failed(error)) => return Err(error),
            },
        };
        match ready.exchange(&file, &record, names, &options.environment)? {
            Exchanged::Done(claim) => Ok(Some(claim)),
            Exchanged::Not(ready) => {
                self.ready = ready;
                Ok(None)
            }
            Exchanged::Refused(ready, error) => {
                self.ready = Some(ready);
                Err(refused(error))
            }
        }
    }
}
