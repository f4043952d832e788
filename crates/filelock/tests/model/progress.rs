//! Some waiter can always get the lock, and whoever holds nothing is in nobody's way.

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Broken, Config, IMPLEMENTED, Kind, Mend};
use crate::graph::{Graph, is_locked_by_a_stranger};
use crate::properties::NO_STRANGER;
use crate::state::{Flock, Process, State};

const THREE: &[Kind] = &[Kind::Publish; 3];
const TWICE: &[Kind] = &[Kind::Publish; 2];

fn all() -> Vec<Config> {
    let twice = Config { rounds: 2, ..Config::of(TWICE) };
    let in_place = Config { crashes: 1, ..Config::of(&[Kind::InPlace; 3]) };
    let both = Config { rounds: 2, ..Config::of(&[Kind::Publish, Kind::InPlace]) };
    let mut all = vec![Config::of(THREE), twice, in_place, both];
    if long() {
        all.push(Config::of(&[Kind::Publish; 4]));
        all.push(Config::of(&[Kind::Publish, Kind::InPlace, Kind::InPlace]));
    }
    all
}

/// Calls that give up and begin anew are all there; so a lock that nobody can ever get again would be one of
/// these states. And where somebody who holds nothing blocks a waiter for as long as it is stopped, it is by
/// an exclusive OS lock on another's lock: a sweeper, or a claimant in place that opened another's directory.
#[test]
fn from_every_reachable_state_some_waiter_can_still_acquire() {
    for config in all() {
        let graph = Graph::of(&config);
        let (waiting, hopeless) = graph.hopeless();
        println!("{config}: {} states, in {waiting} of them somebody waits", graph.states.len());
        assert!(waiting > 0 && hopeless.is_empty(), "{:?}", hopeless.first());
        for (state, waiter) in obstacles(&graph) {
            assert!(is_locked_by_a_stranger(&state, waiter), "{state:?}");
        }
    }
}

/// The waiters that a process of ours which may be stopped for ever is in the way of.
fn obstacles(graph: &Graph) -> Vec<(State, u8)> {
    let (waiting, blocked) = graph.blocked();
    println!("{}: of {waiting} waiters, {} are blocked", graph.config, blocked.len());
    blocked
}

/// The tool and our own search go different ways about it.
#[test]
fn the_checker_and_the_search_find_the_same_states() {
    let config = Config { rounds: 2, ..Config::of(TWICE) };
    assert_eq!(Graph::of(&config).states.len(), holds(&config));
}

#[test]
fn a_stopped_process_that_does_not_hold_blocks_no_publisher_of_three() {
    assert_eq!(obstacles(&Graph::of(&Config::of(THREE))), vec![]);
}

/// With an acquisition each of three there is nobody left to be blocked. With two each there is: whoever is stopped
/// as it sweeps a preparation that became the lock meanwhile, and whose owner then died.
#[test]
fn a_stopped_process_that_does_not_hold_blocks_nobody() {
    let twice = Config { rounds: 2, ..Config::of(TWICE) };
    assert_eq!(obstacles(&Graph::of(&twice)), vec![]);
}

#[test]
fn a_stopped_process_that_does_not_hold_blocks_nobody_if_sweepers_share() {
    let twice = Config { rounds: 2, ..Config::of(TWICE) };
    let shared = Config { mends: [IMPLEMENTED, &[Mend::SharedSweep]].concat(), ..twice };
    holds(&shared);
    assert_eq!(obstacles(&Graph::of(&shared)), vec![]);
}

/// What sharing is for.
#[test]
fn a_sweeper_that_is_stopped_under_an_exclusive_os_lock_blocks() {
    let twice = Config { rounds: 2, mends: vec![], ..Config::of(TWICE) };
    let blocked = obstacles(&Graph::of(&twice));
    let stopped = |p: &Process| p.pc == Pc::SweepCompare;
    assert!(!blocked.is_empty() && blocked.iter().all(|(state, _)| is_kept_by(state, stopped)));
    shortest(twice, NO_STRANGER);
}

/// Whether one of these has an exclusive OS lock on the lock, which it only looks at.
fn is_kept_by(state: &State, wanted: impl Fn(&Process) -> bool) -> bool {
    let keeps = |p: &Process| p.seen_lock == Flock::Exclusive && p.seen == state.lock;
    state.processes.iter().any(|process| wanted(process) && keeps(process))
}

#[test]
fn with_an_exclusive_probe_a_stopped_judge_blocks() {
    let config = Config { broken: Broken::ExclusiveProbe, crashes: 1, ..Config::of(THREE) };
    let blocked = obstacles(&Graph::of(&config));
    let judges = |p: &Process| p.pc < Pc::FileLook;
    assert!(!blocked.is_empty() && blocked.iter().all(|(state, _)| is_kept_by(state, judges)));
    // It is not unsafe.
    holds(&config);
}
