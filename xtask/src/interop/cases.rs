//! The cases: one holder, alive or killed, its record young or old, and one of the other kind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::hold::{
    AT_ONCE, Found, SHORT, at_once, held_by_ours, held_by_peer, released, replace, stays_held,
};
use super::process::{Limits, peer_holder, rust_holder};
use super::role::{Faults, Generation, Role};
use crate::outcome::Outcome;
use filelock::AcquireError;
use filelock::testing::Way;

pub(super) type Case = fn(&Path, Way) -> Outcome<Found>;

pub(super) const CASES: [(&str, Case); 12] = [
    ("foreign, killed, record old: replaced by ours", expired_is_replaced),
    ("foreign, alive or killed, record young: not replaced by ours", young_is_not_replaced),
    ("ours, renewing: not taken by a fixed or our own kind of peer", renewing_is_not_taken),
    ("ours, killed: taken at once by our own kind of peer", killed_is_taken_at_once),
    ("ours, killed, record old: taken by a fixed or our own kind of peer", old_is_taken),
    ("ours, alive, record old: not taken by our own kind of peer", old_alive_is_not_taken),
    ("our own kind of peer, killed: replaced by ours at once, or by time", peer_killed),
    ("our own kind of peer, alive, record old: not replaced by ours", peer_alive_is_not_replaced),
    ("left behind by a killed waiter: swept by the other kind", left_behind_is_swept),
    ("ours, older than the grace: taken by an unfixed peer of files", old_is_taken_by_files),
    ("ours, taken over from a late peer of files: not removed if that is fixed", late_is_harmless),
    ("ours, taken over from a late peer of files: removed if that is unfixed", late_removes),
];

/// Past the default TTL, in seconds.
const OLD: u32 = 31;

fn expired_is_replaced(at: &Path, way: Way) -> Outcome<Found> {
    let mut longest = Duration::ZERO;
    for role in Role::FIXED {
        let (mut peer, target) = held_by_peer(at, role, OLD)?;
        peer.kill()?;
        longest = longest.max(replace(way, &target, peer.pid())?);
    }
    Ok(Found::Took(longest))
}

fn young_is_not_replaced(at: &Path, way: Way) -> Outcome<Found> {
    for role in Role::FIXED {
        let (mut alive, target) = held_by_peer(at, role, 0)?;
        stays_held(way, &target)?;
        released(&mut alive)?;
        let (mut killed, target) = held_by_peer(at, role, 0)?;
        killed.kill()?;
        stays_held(way, &target)?;
    }
    Ok(Found::Good)
}

/// The peers wait longer than the TTL, so that without renewing those that judge by time would take
/// it.
fn renewing_is_not_taken(at: &Path, way: Way) -> Outcome<Found> {
    const EVERY: Duration = Duration::from_millis(100);
    let ttl = Duration::from_secs(2);
    let limits = Limits { ttl, grace: ttl / 2, timeout: ttl * 3 / 2 };
    let target = at.join("target");
    let guard = way.options(0).acquire(&target)?;
    let mut peers = Vec::new();
    for role in Role::ours().into_iter().chain(Role::FIXED) {
        peers.push(peer_holder(role, limits, &target, 0)?);
    }
    let mut longest = Duration::ZERO;
    let gave_up = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            peers.iter_mut().try_for_each(|peer| {
                peer.expect("waiting")
                    .and_then(|_| peer.expect("timeout"))
                    .map_err(|failure| failure.to_string())
                    .map(drop)
            })
        });
        let mut renewed = Instant::now();
        while !waiting.is_finished() {
            if let Err(error) = guard.renew() {
                return Err(error.to_string());
            }
            longest = longest.max(renewed.elapsed());
            renewed = Instant::now();
            std::thread::sleep(EVERY);
        }
        waiting.join().expect("because it returns its failure")
    });
    if gave_up.is_err() && longest >= ttl {
        return Err(format!("this machine stood still for {longest:.1?}: nothing is known").into());
    }
    gave_up?;
    guard.release()?;
    Ok(Found::Good)
}

fn killed_is_taken_at_once(at: &Path, way: Way) -> Outcome<Found> {
    if !way.is_kernel_backed() {
        return Ok(Found::NotPromised);
    }
    let mut longest = Duration::ZERO;
    for role in Role::ours() {
        let (mut holder, target) = held_by_ours(at, way, 0)?;
        let mut peer = peer_holder(role, Limits::default(), &target, 0)?;
        peer.expect("waiting")?;
        let killed = Instant::now();
        holder.kill()?;
        peer.expect("held")?;
        longest = longest.max(at_once(killed.elapsed())?);
        released(&mut peer)?;
    }
    Ok(Found::Took(longest))
}

/// Not by a fixed peer of the file generation: it does not know directories.
fn old_is_taken(at: &Path, way: Way) -> Outcome<Found> {
    let mut longest = Duration::ZERO;
    for role in Role::ours().into_iter().chain(Role::FIXED_DIRECTORIES) {
        let (mut holder, target) = held_by_ours(at, way, OLD)?;
        holder.kill()?;
        let mut peer = peer_holder(role, Limits::default(), &target, 0)?;
        longest = longest.max(at_once(Duration::from_micros(peer.expect("held")?[0]))?);
        released(&mut peer)?;
    }
    Ok(Found::Took(longest))
}

fn old_alive_is_not_taken(at: &Path, way: Way) -> Outcome<Found> {
    if !way.is_kernel_backed() {
        return Ok(Found::NotPromised);
    }
    let (mut holder, target) = held_by_ours(at, way, OLD)?;
    for role in Role::ours() {
        let limits = Limits { timeout: SHORT, ..Limits::default() };
        let mut peer = peer_holder(role, limits, &target, 0)?;
        peer.expect("waiting")?;
        peer.expect("timeout")?;
    }
    released(&mut holder)?;
    Ok(Found::Good)
}

fn peer_killed(at: &Path, way: Way) -> Outcome<Found> {
    let mut longest = Duration::ZERO;
    for role in Role::ours() {
        let (mut peer, target) = held_by_peer(at, role, 0)?;
        peer.kill()?;
        if !way.is_kernel_backed() {
            stays_held(way, &target)?;
            continue;
        }
        longest = longest.max(replace(way, &target, peer.pid())?);
    }
    Ok(if way.is_kernel_backed() { Found::Took(longest) } else { Found::Good })
}

fn peer_alive_is_not_replaced(at: &Path, way: Way) -> Outcome<Found> {
    if !way.is_kernel_backed() {
        return Ok(Found::NotPromised);
    }
    for role in Role::ours() {
        let (mut peer, target) = held_by_peer(at, role, OLD)?;
        stays_held(way, &target)?;
        released(&mut peer)?;
    }
    Ok(Found::Good)
}

/// Both ways: a peer's preparation by ours, and where we prepare, ours by a peer. The grace is
/// short enough that living preparations are old as well; their OS lock is what protects them.
fn left_behind_is_swept(at: &Path, way: Way) -> Outcome<Found> {
    const GRACE: Duration = Duration::from_millis(1);
    if !way.is_kernel_backed() {
        return Ok(Found::NotPromised);
    }
    let target = at.join("target");
    let guard = way.options(0).acquire(&target)?.unbind();
    let limits = Limits { grace: GRACE, timeout: SHORT, ..Limits::default() };

    let mut living = peer_holder(Role::Older, Limits::default(), &target, 0)?;
    living.expect("waiting")?;
    let mut waiter = peer_holder(Role::Older, Limits::default(), &target, 0)?;
    waiter.expect("waiting")?;
    waiter.kill()?;
    only_the_living_stays(at, GRACE, || {
        // A waiter sweeps in one of its pauses; a try that fails at once does not.
        match way.options(0).grace(GRACE).timeout(SHORT).acquire(&target) {
            Ok(_) => Err("a held lock was granted".into()),
            Err(AcquireError::Timeout { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    })?;
    if way == Way::Published {
        let mut waiter = rust_holder(way, &target, 0)?;
        waiter.expect("waiting")?;
        waiter.kill()?;
        only_the_living_stays(at, GRACE, || {
            let mut peer = peer_holder(Role::OlderInPlace, limits, &target, 0)?;
            peer.expect("waiting")?;
            peer.expect("timeout").map(drop)
        })?;
    }
    guard.release()?;
    living.expect("held")?;
    released(&mut living)?;
    Ok(Found::Good)
}

/// A peer of the file generation cannot read a directory as its record. By what is known of it, the
/// directory's mtime and the grace are then all it has; no renewal changes that.
fn old_is_taken_by_files(at: &Path, way: Way) -> Outcome<Found> {
    const GRACE: Duration = Duration::from_millis(200);
    let target = at.join("target");
    let guard = way.options(0).acquire(&target)?;
    let limits = Limits { grace: GRACE, ..Limits::default() };
    let mut peer = peer_holder(Role::Go(Generation::File, Faults::AsItIs), limits, &target, 0)?;
    let taken = peer.line()?.starts_with("held") || peer.line()?.starts_with("held");
    if !taken {
        return Ok(Found::Counted("not taken"));
    }
    if guard.verify().is_ok() {
        return Err("a lost lock was verified".into());
    }
    released(&mut peer)?;
    Ok(Found::Counted("taken"))
}

/// A holder of the file generation that comes back after more than the TTL, when ours has taken
/// over.
fn late_is_harmless(at: &Path, way: Way) -> Outcome<Found> {
    let guard = taken_from_the_late(at, way, Faults::Fixed)?;
    guard.release()?;
    Ok(Found::Good)
}

/// It cannot read a directory, takes it for its own lock, and removes it.
fn late_removes(at: &Path, way: Way) -> Outcome<Found> {
    let guard = taken_from_the_late(at, way, Faults::AsItIs)?;
    if guard.verify().is_ok() {
        return Err("the peer of files left our lock alone: it is not as it is known to be".into());
    }
    match guard.release() {
        Err(filelock::ReleaseError::NotHeld(filelock::NotHeld::Lost { .. })) => {
            Ok(Found::Counted("removed"))
        }
        other => Err(format!("a lock that was lost was released: {other:?}").into()),
    }
}

/// Our guard, once the peer whose lock it replaced has come back and released.
fn taken_from_the_late(at: &Path, way: Way, faults: Faults) -> Outcome<filelock::LockGuard> {
    let (mut peer, target) = held_by_peer(at, Role::Go(Generation::File, faults), OLD)?;
    let guard = way.options(0).timeout(AT_ONCE).acquire(&target)?;
    peer.go_on()?;
    peer.expect("lost")?;
    Ok(guard)
}

fn only_the_living_stays(at: &Path, grace: Duration, sweep: impl FnOnce() -> Outcome) -> Outcome {
    let before = preparations(at)?;
    let too_young = |path: &PathBuf| {
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        modified.is_ok_and(|time| SystemTime::now() < time + grace * 2)
    };
    while before.iter().any(too_young) {
        std::thread::sleep(grace);
    }
    sweep()?;
    match (before.len(), preparations(at)?.len()) {
        (2, 1) => Ok(()),
        (before, after) => Err(format!("{before} preparations before, {after} after").into()),
    }
}

fn preparations(at: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(at)?.map(|entry| entry.map(|entry| entry.path()));
    let all: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|path| path.to_string_lossy().contains(".lock.prep-")).collect())
}
