//! One holder and one of the other kind that waits: what the cases are made of.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use filelock::{AcquireError, Holder};

use super::process::{Limits, Process, python_holder, rust_holder};
use super::{Claim, Role};

pub(super) type Failure = Box<dyn std::error::Error>;

/// What came of a case that did not fail.
pub(super) enum Found {
    /// The lock was taken after so long.
    Took(Duration),
    /// The lock stayed with its holder, or what was to go is gone.
    Good,
    /// Nothing is promised for this claim.
    NotPromised,
    /// What a peer with a bug did.
    Counted(&'static str),
}

impl Found {
    pub(super) fn word(&self) -> String {
        match self {
            Self::Took(wait) => format!("{:.1} ms", wait.as_secs_f64() * 1e3),
            Self::Good => "good".to_owned(),
            Self::NotPromised => "–".to_owned(),
            Self::Counted(what) => format!("[{what}]"),
        }
    }
}

/// A limit for what is to happen "at once": far above what a busy machine takes, far below the
/// grace and the TTL that would have to pass if the kernel were not asked.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long is waited for what must not happen. A holder taken wrongly is taken at the first look.
pub(super) const SHORT: Duration = Duration::from_millis(200);

pub(super) fn held_by_peer(
    at: &Path,
    role: Role,
    aged: u32,
) -> Result<(Process, PathBuf), Failure> {
    let target = at.join(role.name());
    let mut peer = python_holder(role, Limits::default(), &target, aged)?;
    peer.expect("held")?;
    Ok((peer, target))
}

pub(super) fn held_by_ours(
    at: &Path,
    claim: Claim,
    aged: u32,
) -> Result<(Process, PathBuf), Failure> {
    let target = at.join("ours");
    let mut holder = rust_holder(claim, &target, aged)?;
    holder.expect("held")?;
    Ok((holder, target))
}

pub(super) fn released(process: &mut Process) -> Result<(), Failure> {
    process.go_on()?;
    process.expect("released").map(drop)
}

/// Acquires a lock whose holder is gone; it must be at once, and the guard must say whose it was.
pub(super) fn replace(claim: Claim, target: &Path, pid: u32) -> Result<Duration, Failure> {
    let asked = Instant::now();
    let guard = claim.options(0).acquire(target)?;
    let waited = at_once(asked.elapsed())?;
    if guard.takeover().and_then(Holder::pid) != Some(pid) {
        return Err("replaced a dead holder without telling".into());
    }
    guard.release()?;
    Ok(waited)
}

pub(super) fn stays_held(claim: Claim, target: &Path) -> Result<(), Failure> {
    match claim.options(0).timeout(SHORT).acquire(target) {
        Ok(_) => Err("took a lock that counts as held".into()),
        Err(AcquireError::Timeout { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn at_once(waited: Duration) -> Result<Duration, Failure> {
    if waited < AT_ONCE { Ok(waited) } else { Err(format!("took {waited:.1?}").into()) }
}
