//! At most one holder: the published path, with OS locks that are trusted.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::calls::Pc;
use crate::check::{holds, long};
use crate::config::{Clock, Config, Kind, Scene};
use crate::explore::Mix;
use crate::graph::Graph;
use crate::state::State;

const THREE: &[Kind] = &[Kind::Publish; 3];
const TWO: &[Kind] = &[Kind::Publish; 2];

#[test]
fn at_most_one_publisher_holds_and_no_living_one_is_touched() {
    holds(&Config::of(THREE));
    if long() {
        holds(&Config::of(&[Kind::Publish; 4]));
    }
}

#[test]
fn so_it_is_when_each_acquires_twice() {
    holds(&Config { rounds: 2, ..Config::of(TWO) });
    if long() {
        holds(&Config { rounds: 2, crashes: 1, gives_up: false, ..Config::of(THREE) });
    }
}

/// A dead lock lies at the name.
fn beside(scene: Scene) -> Config {
    let few = Config { crashes: 0, gives_up: false, clock: Clock::Passes, ..Config::of(THREE) };
    Config { scene, ..if long() { Config::of(THREE) } else { few } }
}

#[test]
fn a_dead_lock_of_the_directory_generation_lets_in_one() {
    holds(&beside(Scene::ExpiredDirectory));
}

#[test]
fn a_dead_lock_of_the_file_generation_lets_in_one() {
    holds(&beside(Scene::ExpiredFile));
}

/// Otherwise what holds in all states could hold because nothing happens.
#[test]
fn the_model_makes_every_call_of_publishing_judging_clearing_sweeping_and_releasing() {
    let config = Config { rounds: 2, ..Config::of(TWO) };
    let graph = Graph::of(&config);
    let made: HashSet<Pc> =
        graph.states.iter().flat_map(|state| state.processes.map(|process| process.pc)).collect();
    let publishing = [Pc::MakePrep, Pc::LockPrep, Pc::MarkSticky, Pc::Rename, Pc::AgainRmdir];
    let judging = [Pc::OpenLock, Pc::StatLock, Pc::ReadRecord, Pc::Probe, Pc::Compare];
    let clearing = [Pc::UnlinkDead, Pc::StillThere, Pc::RemoveLock, Pc::CloseJudged];
    let sweeping = [Pc::SweepLock, Pc::SweepCompare, Pc::SweepUnlink, Pc::SweepRmdir];
    let releasing = [Pc::RenewWrite, Pc::VerifyRead, Pc::ReleaseUnlink, Pc::ReleaseRmdir];
    let calls = [&publishing[..], &judging, &clearing, &sweeping, &releasing].concat();
    for call in calls.iter().chain(&[Pc::DropPrep, Pc::Ended, Pc::Crashed]) {
        assert!(made.contains(call), "{call:?} is never reached");
    }
}

/// What makes the model small enough: that it does not matter which process is which.
#[test]
fn exploring_one_state_of_each_kind_leaves_out_none() {
    let three = Config { crashes: 0, gives_up: false, ..Config::of(THREE) };
    let config = if long() { three } else { Config::of(TWO) };
    let start = config.start();
    let mut seen = HashSet::<_, BuildHasherDefault<Mix>>::from_iter([start.code()]);
    let mut kinds = HashSet::<_, BuildHasherDefault<Mix>>::default();
    let (mut states, mut actions) = (vec![start], Vec::new());
    while let Some(state) = states.pop() {
        kinds.insert(config.representative(&state).0.code());
        config.possible(&state, &mut actions);
        let next = actions.drain(..).filter_map(|action| config.after(&state, action));
        states.extend(next.filter(|next| seen.insert(next.code())));
    }
    println!("{config}: {} states of {} kinds", seen.len(), kinds.len());
    let explored: HashSet<_, BuildHasherDefault<Mix>> =
        Graph::of(&config).states.iter().map(State::code).collect();
    assert_eq!(kinds, explored);
}
