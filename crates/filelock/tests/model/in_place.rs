//! At most one holder: locks made in place, with OS locks that are trusted, and where time decides.

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Clock, Config, Kind, Mend, Scene, Stop};
use crate::properties::ONE_OF_ALL;

const THREE: &[Kind] = &[Kind::InPlace; 3];

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

/// The kernel does not remove a directory in which a record has appeared. So a claim in the making that looks
/// like a leftover could be cleared by the clock's word alone.
#[test]
fn a_directory_without_a_record_needs_no_question_to_the_kernel() {
    holds(&Config { mend: Some(Mend::RemnantUnasked), ..Config::of(THREE) });
}

/// A known limit: a claimant in place that opens the directory of a peer that has just made it takes it
/// for its own, and the peer then overwrites its record. Neither did anything that it does not always do.
#[test]
fn a_claimant_in_place_can_take_over_the_directory_of_a_peer_of_the_directory_generation() {
    const KINDS: &[Kind] = &[Kind::InPlace, Kind::InPlace, Kind::Directory];
    let config = Config { stops: vec![Stop::Meddled], ..Config::of(KINDS) };
    let config = Config { crashes: 0, gives_up: false, ..config };
    let trace = shortest(config.clone(), ONE_OF_ALL);
    let foreign = trace.calls(&config, |kind| !kind.is_ours());
    assert!(!foreign.contains(&Pc::PeerUnlink) && !foreign.contains(&Pc::PeerRmdir));
    // If it could tell, there would be no other way to two holders.
    holds(&Config { mend: Some(Mend::NoAdoption), crashes: 1, ..config });
}
