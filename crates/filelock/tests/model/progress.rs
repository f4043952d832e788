//! Some waiter can always get the lock, and whoever holds nothing is in nobody's way.

use crate::calls::Pc;
use crate::check::{holds, long, shortest, states_by_the_tool};
use crate::config::{Broken, Config, Kind};
use crate::graph::{Graph, is_locked_by_a_stranger};
use crate::properties::NO_STRANGER;
use crate::state::{Flock, Process, Record, State};

const THREE: &[Kind] = &[Kind::Publish; 3];
const IN_PLACE: &[Kind] = &[Kind::InPlace; 3];

fn two_twice() -> Config {
    Config { rounds: 2, ..Config::of(&[Kind::Publish; 2]) }
}

fn publishers() -> Vec<Config> {
    let mut all = vec![Config::of(THREE), two_twice()];
    all.extend(long().then(|| Config::of(&[Kind::Publish; 4])));
    all
}

fn in_place() -> Vec<Config> {
    let both = Config { rounds: 2, ..Config::of(&[Kind::Publish, Kind::InPlace]) };
    let mut all = vec![Config::of(IN_PLACE), both];
    all.extend(long().then(|| Config::of(&[Kind::Publish, Kind::InPlace, Kind::InPlace])));
    all
}

/// Calls that give up or begin anew are all there; so a lock that nobody can ever get again would
/// be one of these states.
#[track_caller]
fn expect_hope(graph: &Graph) {
    let (waiting, hopeless) = graph.hopeless();
    println!("{}: {} states; somebody waits in {waiting}", graph.config, graph.states.len());
    assert!(waiting > 0 && hopeless.is_empty(), "{:?}", hopeless.first());
}

/// The waiters that are blocked by a process of ours that holds nothing, for as long as it is
/// stopped.
fn obstacles(graph: &Graph) -> Vec<(State, u8)> {
    let (waiting, blocked) = graph.blocked();
    println!("{}: of {waiting} waiters, {} are blocked", graph.config, blocked.len());
    blocked
}

#[test]
fn some_publisher_can_always_acquire_and_none_is_blocked_by_a_stopped_one_that_does_not_hold() {
    for config in publishers() {
        let graph = Graph::of(&config);
        expect_hope(&graph);
        assert_eq!(obstacles(&graph), vec![]);
    }
}

/// In place a claimant has its OS lock before its record, and may have it on a directory that is
/// not its own. If it is stopped there, it blocks.
#[test]
fn in_place_some_waiter_can_always_acquire_and_is_blocked_only_by_a_claimant_stopped_after_its_flock()
 {
    for config in in_place() {
        let graph = Graph::of(&config);
        expect_hope(&graph);
        for (state, waiter) in obstacles(&graph) {
            assert!(is_locked_by_a_stranger(&state, waiter), "{state:?}");
            assert!(!is_kept_by(&state, |_| true), "by one that only looks: {state:?}");
        }
    }
}

/// The kernel does not remove a directory in which a record has appeared: so a leftover is cleared
/// without asking for its OS lock. If it were asked for, a claimant stopped before it creates its
/// record would block.
#[test]
fn a_claimant_stopped_in_its_own_directory_blocks_if_it_is_asked_for_its_os_lock() {
    let is_empty = |state: &State| state.at_lock().is_some_and(|at| at.record == Record::None);
    let config = Config { broken: Broken::RemnantAsked, ..Config::of(IN_PLACE) };
    assert!(obstacles(&Graph::of(&config)).iter().any(|(state, _)| is_empty(state)));
    let unasked = obstacles(&Graph::of(&Config::of(IN_PLACE)));
    assert!(!unasked.iter().any(|(state, _)| is_empty(state)));
}

/// The tool and our own searches go different ways about it.
#[test]
fn the_checker_and_the_searches_find_the_same_states() {
    for config in [two_twice(), Config::of(IN_PLACE)] {
        let found = states_by_the_tool(&config);
        assert_eq!((Graph::of(&config).states.len(), holds(&config)), (found, found));
    }
}

/// What it sweeps may have become the lock since it was opened, and its holder may have died.
#[test]
fn a_sweeper_that_is_stopped_under_an_exclusive_os_lock_blocks() {
    let config = Config { broken: Broken::ExclusiveSweep, ..two_twice() };
    let blocked = obstacles(&Graph::of(&config));
    let sweeps = |p: &Process| p.pc == Pc::SweepCompare;
    assert!(!blocked.is_empty() && blocked.iter().all(|(state, _)| is_kept_by(state, sweeps)));
    shortest(config, NO_STRANGER);
}

#[test]
fn a_judge_that_is_stopped_under_an_exclusive_os_lock_blocks() {
    let config = Config { broken: Broken::ExclusiveProbe, crashes: 1, ..Config::of(THREE) };
    let blocked = obstacles(&Graph::of(&config));
    let judges = |p: &Process| p.pc < Pc::FileLook;
    assert!(!blocked.is_empty() && blocked.iter().all(|(state, _)| is_kept_by(state, judges)));
    // It is not unsafe.
    holds(&config);
}

/// Whether one of these has an exclusive OS lock on the lock, which it only looks at.
fn is_kept_by(state: &State, wanted: impl Fn(&Process) -> bool) -> bool {
    let keeps = |p: &Process| p.seen_lock == Flock::Exclusive && p.seen == state.lock;
    state.processes.iter().any(|process| wanted(process) && keeps(process))
}
