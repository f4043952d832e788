//! At most one holder: locks made in place, with OS locks that are trusted, and where time decides.

use crate::check::{holds, long, shortest};
use crate::config::{Clock, Config, IMPLEMENTED, Kind, Mend, Scene, Stop};
use crate::properties::{NOT_TORN, ONE_OF_OURS};
use crate::words::Trace;

const THREE: &[Kind] = &[Kind::InPlace; 3];
const TWO: &[Kind] = &[Kind::InPlace; 2];

fn mended(config: Config, mend: Mend) -> Config {
    Config { mends: [IMPLEMENTED, &[mend]].concat(), ..config }
}

/// As a network file system: OS locks mean nothing, clocks agree, and holders renew in time.
fn by_time(kinds: &'static [Kind]) -> Config {
    let crashes = if long() { 2 } else { 1 };
    let (clock, stops) = (Clock::Passes, vec![Stop::Outstayed]);
    Config { local: false, clock, stops, crashes, ..Config::of(kinds) }
}

#[test]
fn at_most_one_holds_a_lock_made_in_place() {
    holds(&Config::of(THREE));
}

#[test]
fn at_most_one_holds_in_place_if_the_kernel_is_asked_before_anything_expires() {
    holds(&mended(Config::of(THREE), Mend::ProbeTheExpired));
    let dead = Config { scene: Scene::ExpiredDirectory, ..Config::of(THREE) };
    holds(&mended(dead, Mend::ProbeTheExpired));
}

/// One whose file system lets it have no preparation, at this moment, beside others that publish.
#[test]
fn both_ways_at_once_let_in_one_if_the_kernel_is_asked_before_anything_expires() {
    let some: &[&'static [Kind]] = &[&[Kind::Publish, Kind::InPlace]];
    let all: &[&'static [Kind]] = &[
        &[Kind::Publish, Kind::InPlace],
        &[Kind::Publish, Kind::Publish, Kind::InPlace],
        &[Kind::Publish, Kind::InPlace, Kind::InPlace],
    ];
    for kinds in if long() { all } else { some } {
        holds(&mended(Config { rounds: 1, ..Config::of(kinds) }, Mend::ProbeTheExpired));
    }
    let twice = Config { rounds: 2, ..Config::of(some[0]) };
    holds(&mended(twice, Mend::ProbeTheExpired));
}

/// What the mend is for: the claim is slow, the judge reads its record before it is written, and removes it
/// when it is, and when its owner holds.
#[test]
fn an_expired_verdict_that_asks_nobody_clears_a_living_claim() {
    let unmended = Config { mends: vec![], crashes: 0, gives_up: false, ..Config::of(TWO) };
    let unmended = Config { clock: Clock::Passes, ..unmended };
    shortest(unmended.clone(), ONE_OF_OURS);
    shortest(unmended, NOT_TORN);
}

#[test]
fn where_time_decides_at_most_one_holds_as_long_as_holders_renew() {
    holds(&by_time(THREE));
}

#[test]
fn where_time_decides_at_most_one_holds_if_slow_claims_are_given_up() {
    holds(&mended(by_time(THREE), Mend::SlowClaimIsLost));
}

/// What that mend is for.
#[test]
fn where_time_decides_a_slow_claim_lets_in_two() {
    let unmended = Config { mends: vec![], crashes: 0, gives_up: false, ..by_time(TWO) };
    shortest(unmended, ONE_OF_OURS);
}

/// A claimant that opens the directory of a foreign one believes that it is its own.
#[test]
fn beside_the_directory_generation_a_claimant_in_place_can_take_over_its_directory() {
    const KINDS: &[Kind] = &[Kind::InPlace, Kind::InPlace, Kind::Directory];
    let stops = vec![Stop::Meddled, Stop::Outstayed];
    let config = Config { crashes: 0, gives_up: false, stops, ..Config::of(KINDS) };
    let asked = mended(config.clone(), Mend::ProbeTheExpired);
    let trace: Trace = shortest(asked, crate::properties::ONE_OF_ALL);
    assert!(!trace.calls(&config, |kind| !kind.is_ours()).contains(&crate::calls::Pc::PeerUnlink));
    let mends = [IMPLEMENTED, &[Mend::ProbeTheExpired, Mend::NoAdoption]].concat();
    holds(&Config { mends, crashes: 1, ..config });
}
