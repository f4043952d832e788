//! All reachable states, breadth first, one of each kind: what `stateright` does as well, several
//! times faster. A state is remembered by its whole code, not by a hash of it.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use stateright::Model;

use crate::config::Config;
use crate::model::{Action, Moment};
use crate::state::State;

/// What was found.
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    pub(crate) depth: usize,
    /// The first property that does not hold somewhere, and a shortest way there.
    pub(crate) broken: Option<(&'static str, Vec<(Action, Moment)>)>,
}

/// A state that is still to be gone on from, and its number.
type Next = (State, u32);

/// Explores all that can happen, until a property does not hold.
pub(crate) fn explore(config: &Config) -> Explored {
    let properties = config.properties();
    let start = config.moment(config.start());
    let mut seen = HashSet::<_, BuildHasherDefault<Mix>>::from_iter([*start.code()]);
    // How each state, by its number, was first met.
    let mut met: Vec<(u32, Action)> = vec![(0, Action::Later)];
    let (mut steps, mut depth) = (1, 0);
    let mut layer: Vec<Next> = vec![(start.state, 0)];
    let mut actions = Vec::new();
    let broken_by = |moment: &Moment| {
        properties.iter().find(|property| !(property.condition)(config, moment)).map(|it| it.name)
    };
    let mut broken = broken_by(&start).map(|property| (property, 0));
    while !layer.is_empty() && broken.is_none() {
        depth += 1;
        let mut next_layer = Vec::new();
        'layer: for (state, number) in &layer {
            config.possible(state, &mut actions);
            for action in actions.drain(..) {
                let Some(next) = config.after(state, action) else { continue };
                steps += 1;
                let next = config.moment(next);
                if !seen.insert(*next.code()) {
                    continue;
                }
                let new = u32::try_from(met.len()).expect("because memory ends before");
                met.push((*number, action));
                if let Some(property) = broken_by(&next) {
                    broken = Some((property, new));
                    break 'layer;
                }
                next_layer.push((next.state, new));
            }
        }
        layer = next_layer;
    }
    let broken = broken.map(|(property, number)| (property, way_to(config, &met, number)));
    Explored { states: met.len(), steps, depth, broken }
}

/// The actions that led to a state, each with the state before it.
fn way_to(config: &Config, met: &[(u32, Action)], number: u32) -> Vec<(Action, Moment)> {
    let mut actions = Vec::new();
    let mut at = number;
    while at > 0 {
        let (before, action) = met[at as usize];
        actions.push(action);
        at = before;
    }
    let mut state = config.start();
    let step = |action| {
        let before = config.moment(state);
        state = config.after(&state, action).expect("because it was so before");
        (action, before)
    };
    actions.into_iter().rev().map(step).collect()
}

/// A quick hash of a few words. Nobody chooses them to make it collide.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..word.len()].copy_from_slice(word);
            self.write_u64(u64::from_ne_bytes(eight));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, _: usize) {
        // The length, which is always the same.
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
}
