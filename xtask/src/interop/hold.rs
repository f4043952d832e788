//! One holder and one of the other kind that waits: what the cases are made of.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use filelock::{AcquireError, Holder};

use super::process::{Limits, Process, peer_holder, rust_holder};
use super::role::Role;
use crate::outcome::Outcome;
use filelock::testing::Way;

/// What came of a case that did not fail.
pub(super) enum Found {
    /// The lock was taken after so long.
    Took(Duration),
    /// The lock stayed with its holder, or what was to go is gone.
    Good,
    /// Nothing is promised for this way.
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

/// A limit for what must happen "at once". It is far above what a busy machine takes. It is far
/// below the grace and the TTL, which would pass if the kernel were not asked.
pub(super) const AT_ONCE: Duration = Duration::from_secs(1);
/// How long is waited for what must not happen. A holder taken wrongly is taken at the first look.
pub(super) const SHORT: Duration = Duration::from_millis(200);

pub(super) fn held_by_peer(at: &Path, role: Role, aged: u32) -> Outcome<(Process, PathBuf)> {
    let target = at.join(role.name());
    let mut peer = peer_holder(role, Limits::default(), &target, aged)?;
    peer.expect("held")?;
    Ok((peer, target))
}

pub(super) fn held_by_ours(at: &Path, way: Way, aged: u32) -> Outcome<(Process, PathBuf)> {
    let target = at.join("ours");
    let mut holder = rust_holder(way, &target, aged)?;
    holder.expect("held")?;
    Ok((holder, target))
}

pub(super) fn released(process: &mut Process) -> Outcome {
    process.go_on()?;
    process.expect("released").map(drop)
}

/// Acquires a lock whose holder is gone; it must be at once, and the guard must say whose it was.
pub(super) fn replace(way: Way, target: &Path, pid: u32) -> Outcome<Duration> {
    let asked = Instant::now();
    let guard = way.options(0).acquire(target)?;
    let waited = at_once(asked.elapsed())?;
    if guard.takeover().and_then(Holder::pid) != Some(pid) {
        return Err("replaced a dead holder without telling".into());
    }
    guard.release()?;
    Ok(waited)
}

pub(super) fn stays_held(way: Way, target: &Path) -> Outcome {
    match way.options(0).timeout(SHORT).acquire(target) {
        Ok(_) => Err("took a lock that counts as held".into()),
        Err(AcquireError::Timeout { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn at_once(waited: Duration) -> Outcome<Duration> {
    if waited < AT_ONCE { Ok(waited) } else { Err(format!("took {waited:.1?}").into()) }
}
