//! At most one holder: locks made in place, with OS locks that are trusted, and where time decides.

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Broken, Clock, Config, Kind, Scene, Stop};
use crate::graph::Graph;
use crate::model::Action;
use crate::properties::ONE_OF_ALL;
use crate::state::State;

const THREE: &[Kind] = &[Kind::InPlace; 3];
const TWO: &[Kind] = &[Kind::InPlace; 2];

/// As a network file system: OS locks mean nothing, clocks agree, and holders renew in time.
pub(crate) fn by_time(kinds: &'static [Kind]) -> Config {
    let crashes = if long() { 2 } else { 0 };
    let (clock, stops) = (Clock::Passes, vec![Stop::Outstayed]);
    Config { local: false, clock, stops, crashes, ..Config::of(kinds) }
}

#[test]
fn at_most_one_holds_a_lock_made_in_place() {
    holds(&Config::of(THREE));
    holds(&Config { scene: Scene::ExpiredDirectory, ..Config::of(THREE) });
}

/// One that can have no preparation at this moment, beside others that publish.
#[test]
fn at_most_one_holds_if_some_publish_and_some_claim_in_place() {
    const BOTH: &[Kind] = &[Kind::Publish, Kind::InPlace];
    holds(&Config::of(BOTH));
    holds(&Config { rounds: 2, ..Config::of(BOTH) });
    if long() {
        holds(&Config::of(&[Kind::Publish, Kind::Publish, Kind::InPlace]));
        holds(&Config::of(&[Kind::Publish, Kind::InPlace, Kind::InPlace]));
    }
}

#[test]
fn where_time_decides_at_most_one_holds_as_long_as_holders_renew() {
    holds(&by_time(THREE));
}

/// Once it is awake again, both clocks show an old stamp. A waiter is faster than a holder.
#[test]
fn where_time_decides_a_machine_that_sleeps_costs_no_holder_its_lock() {
    let asleep = |kinds| Config { sleeps: true, ..by_time(kinds) };
    holds(&asleep(if long() { THREE } else { TWO }));
    let few = Config { crashes: 0, gives_up: false, ..asleep(TWO) };
    let unnoticed = Config { broken: Broken::SleepUnnoticed, ..few.clone() };
    assert!(shortest(unnoticed, ONE_OF_ALL).hits_a_holder(Action::Sleep));
    // A known limit: a call that begins after it does not know of it.
    let trace = shortest(Config { rounds: 2, ..few }, ONE_OF_ALL);
    assert!(trace.hits_a_holder(Action::Sleep));
}

/// A scanner can keep a record from being removed, and seldom from being written. Its holder then
/// zeroes the stamp. No time needs to go by for others to go on.
#[test]
fn where_time_decides_a_record_that_cannot_be_removed_keeps_nobody_waiting() {
    let sticks = |clock| Config { records_stick: true, gives_up: false, clock, ..by_time(TWO) };
    holds(&Config { gives_up: true, ..sticks(Clock::Passes) });
    let stands = Config { crashes: 0, ..sticks(Clock::Stands) };
    let graph = Graph::of(&stands);
    let reached = |state: &State| state.processes.iter().any(|p| p.pc == Pc::ReleaseExpire);
    assert!(graph.states.iter().any(reached) && graph.hopeless().1.is_empty());
    let kept = Config { broken: Broken::StampKept, ..stands };
    assert!(!Graph::of(&kept).hopeless().1.is_empty(), "all wait for the TTL");
}

/// A known limit: a claimant in place can open the directory that a peer has just made, and take it
/// for its own. The peer then overwrites its record. Both follow the protocol.
///
/// One that was slow to open it does not take it. What is left is somebody stopped right before it
/// clears a lock by name, who removes the directory that a quick claimant has just made.
#[test]
fn in_place_a_claimant_takes_over_the_directory_of_a_peer_only_if_its_own_was_removed_by_a_stopped_waiter()
 {
    const KINDS: &[Kind] = &[Kind::InPlace, Kind::InPlace, Kind::LastDirectory];
    let config = Config { stops: vec![Stop::Meddled], ..Config::of(KINDS) };
    let config = Config { crashes: 0, gives_up: false, ..config };
    let trace = shortest(config.clone(), ONE_OF_ALL);
    assert!(trace.calls(&config, Kind::is_ours).contains(&Pc::RemoveLock));
    assert!(trace.calls(&config, |kind| !kind.is_ours()).contains(&Pc::PeerMkdir));
    let slow = shortest(Config { broken: Broken::SlowOpenKept, ..config.clone() }, ONE_OF_ALL);
    assert!(slow.len() < trace.len());
    // If it could tell, there would be no other way to two holders.
    holds(&Config { ideal: true, crashes: 1, ..config });
}
