//! Asking the checker.

use std::time::Instant;

use stateright::{Checker, Model};

use crate::config::Config;
use crate::words::Trace;

/// Whether the larger bounds are asked for: minutes instead of seconds.
pub(crate) fn long() -> bool {
    std::env::var_os("FILELOCK_MODEL_LONG").is_some_and(|value| value == "1")
}

/// Explores all that can happen, and fails with the way there if a property does not hold.
/// The number of unique states.
#[track_caller]
pub(crate) fn holds(config: &Config) -> usize {
    let started = Instant::now();
    let checker = config.clone().checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    let (steps, depth, took) = (checker.state_count(), checker.max_depth(), started.elapsed());
    println!("{config}: {states} states, {steps} steps, depth {depth}, {took:.1?}");
    if let Some((property, path)) = checker.discoveries().into_iter().next() {
        let words = Trace::of(path).words(config);
        panic!("{config}: it does not hold that {property}:\n{words}");
    }
    states
}

/// The shortest way to a state in which `property` does not hold.
#[track_caller]
pub(crate) fn shortest(config: Config, property: &'static str) -> Trace {
    // With one property, breadth first in one thread, the first discovery is the shortest.
    let config = Config { only: vec![property], ..config };
    let checker = config.clone().checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    let Some(path) = checker.discovery(property) else {
        panic!("{config}: {states} states, and in all of them {property}");
    };
    let trace = Trace::of(path);
    println!("{config}: {states} states; not always {property}, in {} steps:", trace.len());
    print!("{}", trace.words(&config));
    trace
}
