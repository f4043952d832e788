//! Asking the checker.

use std::time::Instant;

use stateright::{Checker, Model};

use crate::config::Config;
use crate::explore::{Explored, explore};
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
    let Explored { states, steps, depth, broken } = explore(config);
    println!("{config}: {states} states, {steps} steps, depth {depth}, {:.1?}", started.elapsed());
    if let Some((property, steps)) = broken {
        let words = Trace::new(steps).words(config);
        panic!("{config}: it does not hold that {property}:\n{words}");
    }
    states
}

/// How many states the tool finds, if all properties hold in them.
#[track_caller]
pub(crate) fn states_by_the_tool(config: &Config) -> usize {
    let checker = config.clone().checker().spawn_bfs().join();
    checker.assert_properties();
    checker.unique_state_count()
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
