//! A handle's release moves the lock back to its private name, and takes it again from there.
//! Beside one-shot claimants, the version before, foreign peers, and a person who breaks locks.

use std::collections::HashSet;

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Broken, Clock, Config, Kind, Scene, Stop};
use crate::graph::Graph;
use crate::properties::{NO_STRANGER, NOT_ROBBED, NOT_TORN, ONE_UNBROKEN};

const TWO: &[Kind] = &[Kind::Move; 2];
const THREE: &[Kind] = &[Kind::Move; 3];
const BOTH_DOORS: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Move];
const BOTH_VERSIONS: &[Kind] = &[Kind::Old, Kind::Publish, Kind::Move];
const OLD_AND_MOVE: &[Kind] = &[Kind::Old, Kind::Move];

#[test]
fn three_that_move_exclude_each_other() {
    holds(&Config::of(THREE));
}

#[test]
fn two_that_take_their_locks_again_exclude_each_other() {
    holds(&Config { rounds: 2, ..Config::of(TWO) });
    if long() {
        holds(&Config { rounds: 3, ..Config::of(TWO) });
        holds(&Config { rounds: 2, crashes: 1, ..Config::of(THREE) });
    }
}

#[test]
fn handles_and_one_shots_exclude_each_other() {
    holds(&Config { rounds: 2, ..Config::of(&[Kind::Publish, Kind::Move]) });
    holds(&Config::of(BOTH_DOORS));
    holds(&Config { rounds: 2, ..Config::of(&[Kind::Move, Kind::InPlace]) });
    if long() {
        holds(&Config { rounds: 2, crashes: 1, ..Config::of(BOTH_DOORS) });
    }
}

/// Older builds judge, sweep and release beside newer ones, both ways.
#[test]
fn both_versions_exclude_each_other() {
    holds(&Config { rounds: 2, ..Config::of(OLD_AND_MOVE) });
    holds(&Config { rounds: 2, ..Config::of(&[Kind::Old, Kind::Publish]) });
    holds(&Config { crashes: 0, gives_up: false, ..Config::of(BOTH_VERSIONS) });
    if long() {
        holds(&Config::of(BOTH_VERSIONS));
        holds(&Config::of(&[Kind::Old, Kind::Old, Kind::Move]));
        holds(&Config {
            rounds: 2,
            crashes: 1,
            ..Config::of(&[Kind::Old, Kind::Move, Kind::Move])
        });
    }
}

/// Explored until a peer meddles, or goes on although its directory was cleared away: what follows,
/// nothing can be promised about.
fn with(kinds: &'static [Kind]) -> Config {
    let (gives_up, rounds) = (long(), if long() { 2 } else { 1 });
    let stops = vec![Stop::Meddled, Stop::Robbed];
    Config { crashes: 1, clock: Clock::Passes, gives_up, stops, rounds, ..Config::of(kinds) }
}

#[test]
fn all_exclude_each_other_until_a_peer_meddles() {
    holds(&with(&[Kind::Move, Kind::Move, Kind::Directory]));
    holds(&with(&[Kind::Move, Kind::Move, Kind::LastDirectory]));
    holds(&with(&[Kind::Move, Kind::Move, Kind::File]));
    if long() {
        holds(&with(&[Kind::Old, Kind::Move, Kind::Directory]));
    }
}

#[test]
fn some_waiter_can_always_get_it_and_one_that_holds_nothing_is_in_nobodys_way() {
    let configs =
        [Config { rounds: 2, ..Config::of(TWO) }, Config { rounds: 2, ..Config::of(OLD_AND_MOVE) }];
    let more = Config { crashes: 1, ..Config::of(BOTH_VERSIONS) };
    for config in configs.into_iter().chain(long().then_some(more)) {
        let graph = Graph::of(&config);
        let (waiting, hopeless) = graph.hopeless();
        let (waiters, blocked) = graph.blocked();
        println!("{config}: {} states; somebody waits in {waiting}", graph.states.len());
        println!("{config}: of {waiters} waiters, {} are blocked", blocked.len());
        assert!(waiting > 0 && hopeless.is_empty(), "{:?}", hopeless.first());
        assert!(waiters > 0 && blocked.is_empty(), "{:?}", blocked.first());
    }
    holds(&Config { only: vec![NO_STRANGER], ..Config::of(TWO) });
}

/// A waiter leaves an owner's emptied directory alone for a moment. If it did so for as long as the
/// owner lives, a stopped one would block it.
#[test]
fn an_owner_that_is_stopped_on_its_way_out_blocks_if_it_is_trusted_for_ever() {
    let trusted = Config { broken: Broken::StickyTrusted, ..Config::of(TWO) };
    let (_, blocked) = Graph::of(&trusted).blocked();
    assert!(!blocked.is_empty());
    assert!(blocked.iter().all(|(state, _)| state.at_lock().is_some_and(|at| at.sticky)));
}

/// Two that remove one directory by its name: the second one can hit what a foreign claimant has
/// just made. The version before does that while all live and nobody is slow; this one does not.
#[test]
fn while_nobody_dies_or_is_stopped_no_foreign_claimant_loses_its_directory_to_ours() {
    for peer in [Kind::Directory, Kind::LastDirectory] {
        let quick = |kinds: &'static [Kind]| {
            let (clock, only) = (Clock::Stands, vec![NOT_ROBBED]);
            Config { crashes: 0, gives_up: false, clock, only, stops: vec![], ..with(kinds) }
        };
        let (old, one_shot, moved): (&[Kind], &[Kind], &[Kind]) = match peer {
            Kind::Directory => (
                &[Kind::Old, Kind::Old, Kind::Directory],
                &[Kind::Publish, Kind::Publish, Kind::Directory],
                &[Kind::Move, Kind::Move, Kind::Directory],
            ),
            _ => (
                &[Kind::Old, Kind::Old, Kind::LastDirectory],
                &[Kind::Publish, Kind::Publish, Kind::LastDirectory],
                &[Kind::Move, Kind::Move, Kind::LastDirectory],
            ),
        };
        // Its own fault set aside: it clears by name what it could not `stat`.
        let stops = vec![Stop::Meddled];
        shortest(Config { stops: stops.clone(), ..quick(old) }, NOT_ROBBED);
        holds(&Config { stops: stops.clone(), ..quick(one_shot) });
        holds(&Config { stops, ..quick(moved) });
    }
}

/// As the test above, of two that clear one lock: an expired one of a foreign peer, and a dead one
/// of ours.
#[test]
fn while_nobody_is_stopped_no_foreign_claimant_loses_its_directory_to_two_that_clear_a_lock() {
    const FIRST: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Directory];
    const LAST: &[Kind] = &[Kind::Move, Kind::Publish, Kind::LastDirectory];
    for (kinds, scene) in [FIRST, LAST]
        .into_iter()
        .flat_map(|kinds| [Scene::ExpiredDirectory, Scene::Dead].map(|scene| (kinds, scene)))
    {
        let (clock, only, stops) = (Clock::Stands, vec![NOT_ROBBED], vec![Stop::Meddled]);
        let quick = Config { crashes: 0, gives_up: false, clock, only, stops, ..with(kinds) };
        let config = Config { scene, rounds: 1, peers_clear: false, ..quick };
        holds(&config);
        // One that dies in the middle of it leaves it to the next one, and that takes time.
        holds(&Config { crashes: 1, ..config.clone() });
        shortest(Config { broken: Broken::ClearedByBoth, ..config.clone() }, NOT_ROBBED);
        let other = match scene {
            Scene::Dead => Broken::RemnantAtOnce,
            _ => Broken::EmptiedByFirstLook,
        };
        shortest(Config { broken: other, ..config }, NOT_ROBBED);
    }
}

/// What the move costs. A foreign peer, or a person, can take the lock from a living holder between
/// its last look and its rename. The rename then carries the lock of a later holder away.
#[test]
fn after_a_theft_a_release_can_carry_another_of_ours_away() {
    let kinds: &[Kind] = &[Kind::Move, Kind::Move, Kind::Directory];
    let config = Config { crashes: 0, gives_up: false, stops: vec![], ..with(kinds) };
    let trace = shortest(config.clone(), NOT_TORN);
    assert!(trace.calls(&config, Kind::is_ours).contains(&Pc::MoveBack));
}

/// Somebody who breaks a lock first takes the private name that its holder would move it to.
#[test]
fn a_lock_that_is_broken_by_a_person_carries_nobodys_away() {
    let kinds: &[Kind] = &[Kind::Move, Kind::Move, Kind::Breaker];
    let config = Config { crashes: 1, only: vec![NOT_TORN, ONE_UNBROKEN], ..Config::of(kinds) };
    holds(&config);
    let twice: &[Kind] = &[Kind::Move, Kind::Breaker];
    holds(&Config { rounds: 2, ..Config { kinds: twice, ..config.clone() } });
    if long() {
        let kinds: &[Kind] = &[Kind::Move, Kind::Move, Kind::Move, Kind::Breaker];
        let (crashes, gives_up, clock) = (0, false, Clock::Stands);
        holds(&Config { kinds, crashes, clock, gives_up, ..config.clone() });
    }
    let unbarred = Config { broken: Broken::BreakUnbarred, crashes: 0, gives_up: false, ..config };
    shortest(Config { clock: Clock::Stands, ..unbarred }, NOT_TORN);
}

#[test]
fn the_model_makes_every_call_of_moving_back_and_taking_again() {
    let config = Config { rounds: 2, ..Config::of(TWO) };
    let graph = Graph::of(&config);
    let made: HashSet<Pc> =
        graph.states.iter().flat_map(|state| state.processes.map(|process| process.pc)).collect();
    let moving = [Pc::VerifyName, Pc::MoveBack, Pc::MoveLook, Pc::ReleaseUnlink, Pc::ReleaseRmdir];
    let again = [Pc::ReissueName, Pc::ReissueRecord, Pc::ReissueWrite, Pc::AgainUnlink];
    for call in moving.iter().chain(&again).chain(&[Pc::DropRecord, Pc::DropPrep, Pc::ProbeSticky])
    {
        assert!(made.contains(call), "{call:?} is never reached");
    }
}
