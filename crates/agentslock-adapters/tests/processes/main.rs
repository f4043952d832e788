//! All who write typed sections, as processes, at once: a resolver's two passes and three adapters.
//!
//! The digest of each entry tells the round in which it was written. So a reader can tell an old, a
//! mixed and a lost entry.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod adapters;
mod killed;
mod resolver;
mod ten;
mod together;

use std::path::PathBuf;
use std::time::Duration;

use agentslock_config::{Digest, Durability, LockOptions, LockfileOptions, Timestamp};
use testkit::Parent;

/// Waits for the lock as long as it takes with this many writers on a busy machine. Does not sync:
/// how long that takes is up to all who use the disk.
fn patient() -> LockfileOptions {
    LockfileOptions::new()
        .durability(Durability::Atomic)
        .lock(LockOptions::new().timeout(Duration::from_secs(60)))
}

/// The digest of something that was made in `round`.
fn digest(round: u64) -> Digest {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&round.to_be_bytes());
    Digest::from_sha256(hash)
}

/// The round that a digest tells of.
fn round(digest: &Digest) -> u64 {
    u64::from_str_radix(&digest.as_str()["sha256:".len()..][..16], 16).unwrap()
}

fn at(round: u64) -> Timestamp {
    let time = std::time::UNIX_EPOCH + Duration::from_secs(round);
    Timestamp::from_system_time(time).unwrap()
}

/// Does `work` as often as the parent wants, starting when it says so, and reports each hundredth
/// time.
fn work(mut parent: Parent, mut work: impl FnMut(u64)) {
    let rounds = parent.number("ROUNDS");
    parent.at("ready", "");
    parent.await_word("go");
    for round in 1..=rounds {
        work(round);
        if round.is_multiple_of(100) || round == rounds {
            parent.at("round", &round.to_string());
        }
    }
}

fn document(parent: &Parent) -> PathBuf {
    parent.path("DOCUMENT")
}
