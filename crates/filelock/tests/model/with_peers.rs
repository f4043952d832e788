//! Beside one peer of each Go generation: what goes wrong takes a wrong step of the peer's.
//!
//! Wrong is to remove, move or overwrite what belongs to somebody who lives. The peers do that:
//! they take what they cannot `stat` for stale, and whatever they judged, they clear by name.

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Clock, Config, Kind, Stop};
use crate::model::Action;
use crate::properties::{EVER_ONE_OF_ALL, ONE_OF_ALL, ONE_OF_OURS};

const DIRECTORY: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Directory];
const LAST: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::LastDirectory];
const FILE: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::File];

/// Clearing by name, so that it can hit what was not judged.
fn is_foreign_clearing(call: Pc) -> bool {
    matches!(call, Pc::PeerUnlink | Pc::PeerRmdir | Pc::PeerRename)
}

/// Explored until a peer meddles: what follows, nothing can be promised about.
fn with(kinds: &'static [Kind]) -> Config {
    let clock = if long() { Clock::Jumps } else { Clock::Passes };
    let (crashes, gives_up) = (1, long());
    let stops = vec![Stop::Meddled, Stop::Robbed];
    Config { crashes, clock, gives_up, stops, ..Config::of(kinds) }
}

/// Ours, and all as long as the peer renews in time.
#[test]
fn all_exclude_each_other_until_a_peer_of_the_directory_generation_meddles() {
    holds(&with(DIRECTORY));
    holds(&with(LAST));
    if long() {
        let three = with(&[Kind::Publish, Kind::Publish, Kind::Publish, Kind::Directory]);
        holds(&Config { crashes: 0, gives_up: false, ..three });
    }
}

#[test]
fn all_exclude_each_other_until_a_peer_of_the_file_generation_meddles() {
    holds(&with(FILE));
    if long() {
        let three = with(&[Kind::Publish, Kind::Publish, Kind::Publish, Kind::File]);
        holds(&Config { crashes: 0, gives_up: false, ..three });
    }
}

/// The shortest ways to two holders: of ours, and of all.
#[test]
fn two_hold_only_after_a_peer_cleared_by_name() {
    for kinds in [DIRECTORY, LAST, FILE] {
        for property in [ONE_OF_OURS, ONE_OF_ALL] {
            let config = Config { crashes: 0, gives_up: false, stops: vec![], ..with(kinds) };
            let trace = shortest(config.clone(), property);
            let foreign = trace.calls(&config, |kind| !kind.is_ours());
            assert!(foreign.into_iter().any(is_foreign_clearing));
        }
    }
}

/// Nobody needs to be slow for it: a failed `stat` that counts as stale is enough.
#[test]
fn even_while_the_clock_stands_the_directory_generation_can_let_in_two_of_ours() {
    let config = Config { crashes: 0, gives_up: false, stops: vec![], ..with(DIRECTORY) };
    let config = Config { clock: Clock::Stands, rounds: 2, ..config };
    let trace = shortest(config.clone(), ONE_OF_OURS);
    let foreign = trace.calls(&config, |kind| !kind.is_ours());
    assert!(foreign.into_iter().any(is_foreign_clearing));
}

/// As documented: by the clock, a foreign holder that does not renew is gone.
#[test]
fn a_foreign_holder_that_outstays_its_time_is_replaced_by_ours() {
    for kinds in [DIRECTORY, FILE] {
        let config = Config { crashes: 0, gives_up: false, ..with(kinds) };
        let trace = shortest(config, EVER_ONE_OF_ALL);
        assert!(trace.has(Action::MuchLater) || trace.has(Action::Later));
    }
}
