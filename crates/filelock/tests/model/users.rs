//! Two users that may rename in one directory, and not remove what is in each other's locks.

use std::collections::HashSet;

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Broken, Clock, Config, Kind};
use crate::graph::Graph;
use crate::properties::{
    JUDGED, NO_LITTER, NOT_TORN, ONE_OF_OURS, PREPARATION, PROOF, STILL_THERE,
};
use crate::state::{Flock, State};

const TWO: &[Kind] = &[Kind::Publish, Kind::Guest];
const TWO_AND_ONE: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Guest];
const HANDLE: &[Kind] = &[Kind::Move, Kind::Guest];
const GUESTS: &[Kind] = &[Kind::Publish, Kind::Guest, Kind::Guest];

/// A holder whose release failed leaves its lock behind as one that died: more litter than dead.
fn all_but_litter() -> Vec<&'static str> {
    vec![ONE_OF_OURS, NOT_TORN, STILL_THERE, PREPARATION, PROOF, JUDGED]
}

#[test]
fn two_users_exclude_each_other_and_what_is_exchanged_is_dead() {
    let only = all_but_litter;
    holds(&Config { rounds: 2, only: only(), ..Config::of(TWO) });
    holds(&Config { rounds: 2, only: only(), ..Config::of(HANDLE) });
    let quick = Config { gives_up: false, clock: Clock::Passes, ..Config::of(TWO_AND_ONE) };
    holds(&quick);
    holds(&Config { kinds: GUESTS, ..quick.clone() });
    holds(&Config { only: vec![NO_LITTER], gives_up: false, rounds: 2, ..Config::of(TWO) });
    holds(&Config { only: only(), ..Config::of(&[Kind::InPlace, Kind::Guest]) });
    if long() {
        holds(&Config { only: only(), ..Config::of(TWO_AND_ONE) });
        holds(&Config { only: only(), ..Config::of(GUESTS) });
        holds(&Config { only: only(), ..Config::of(&[Kind::Publish, Kind::Move, Kind::Guest]) });
    }
}

/// Whether another process has an OS lock of the record at the lock's name. With the exclusive one
/// it is about to become the holder, and counts as one. With a shared one it keeps other users from
/// that.
fn is_taken_or_looked_at(state: &State, waiter: u8) -> bool {
    (0..).zip(&state.processes).any(|(p, process)| {
        p != waiter && process.seen == state.lock && process.record_lock != Flock::No
    })
}

#[test]
fn some_waiter_can_always_get_it_and_only_a_successor_or_a_look_at_the_record_is_in_the_way() {
    for kinds in [TWO, HANDLE] {
        let config = Config { rounds: 2, ..Config::of(kinds) };
        let graph = Graph::of(&config);
        let (waiting, hopeless) = graph.hopeless();
        let (waiters, blocked) = graph.blocked();
        println!("{config}: {} states; somebody waits in {waiting}", graph.states.len());
        println!("{config}: of {waiters} waiters, {} are blocked", blocked.len());
        assert!(waiting > 0 && hopeless.is_empty(), "{:?}", hopeless.first());
        let other = blocked.iter().find(|(state, p)| !is_taken_or_looked_at(state, *p));
        assert!(other.is_none(), "{other:?}");
    }
}

/// Each of the three rules that make an exchange safe.
#[test]
fn an_exchange_moves_a_living_lock_if_one_of_its_rules_is_broken() {
    let quick = Config { gives_up: false, clock: Clock::Stands, ..Config::of(TWO_AND_ONE) };
    for broken in [Broken::TakeUnlocked, Broken::TakeUncompared, Broken::ClearUnlocked] {
        shortest(Config { broken, crashes: 1, ..quick.clone() }, NOT_TORN);
    }
}

/// The version before asks for no record's OS lock before it clears. If it does so right before an
/// exchange, and a third process takes the lock, that one's lock is moved for a moment.
#[test]
fn beside_the_version_before_an_exchange_can_move_a_living_lock() {
    let kinds: &[Kind] = &[Kind::Old, Kind::Publish, Kind::Guest];
    let config = Config { gives_up: false, clock: Clock::Stands, crashes: 1, ..Config::of(kinds) };
    let trace = shortest(config.clone(), NOT_TORN);
    assert!(trace.calls(&config, Kind::is_ours).contains(&Pc::Exchange));
}

#[test]
fn the_model_makes_every_call_of_an_exchange_but_its_way_back() {
    let config = Config { rounds: 2, ..Config::of(HANDLE) };
    let graph = Graph::of(&config);
    let made: HashSet<Pc> =
        graph.states.iter().flat_map(|state| state.processes.map(|process| process.pc)).collect();
    let judging = [Pc::OthersRead, Pc::OthersProbe, Pc::OthersCompare];
    let taking = [Pc::TakeLock, Pc::TakeCompare, Pc::Exchange, Pc::ExchangeLook, Pc::ClearLock];
    for call in judging.iter().chain(&taking) {
        assert!(made.contains(call), "{call:?} is never reached");
    }
    assert!(!made.contains(&Pc::ExchangeBack), "it takes a foreign peer, or a person");
}
