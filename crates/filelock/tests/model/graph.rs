//! All reachable states and what leads from one to the next, and backward searches over them.
//!
//! The tool's own `eventually` gives up where paths meet or run in circles, and a waiter that polls
//! runs in a circle. So this asks another question, and answers it exactly. From which states is
//! there a way to an acquisition at all, and from which by one waiter's own steps alone?

use std::collections::HashMap;

use crate::calls::Pc;
use crate::canonical::Places;
use crate::config::Config;
use crate::model::Action;
use crate::state::{Flock, NONE, PROCESSES, State};

/// One transition.
struct Edge {
    from: usize,
    to: usize,
    action: Action,
    /// Where the processes of `from` stand in `to`.
    places: Places,
}

/// The reachable states, each by its representative.
pub(crate) struct Graph<'a> {
    pub(crate) config: &'a Config,
    pub(crate) states: Vec<State>,
    edges: Vec<Edge>,
}

impl<'a> Graph<'a> {
    pub(crate) fn of(config: &'a Config) -> Self {
        let start = config.representative(&config.start()).0;
        let mut numbers = HashMap::from([(start.code(), 0)]);
        let (mut states, mut edges, mut actions) = (vec![start], Vec::new(), Vec::new());
        let mut from = 0;
        while from < states.len() {
            let state = states[from];
            config.possible(&state, &mut actions);
            for action in actions.drain(..) {
                let Some(next) = config.after(&state, action) else { continue };
                let (next, places) = config.representative(&next);
                let to = *numbers.entry(next.code()).or_insert_with(|| {
                    states.push(next);
                    states.len() - 1
                });
                edges.push(Edge { from, to, action, places });
            }
            from += 1;
        }
        Self { config, states, edges }
    }

    /// In how many states somebody waits, and those of them from which no waiter can get the lock
    /// any more, whatever happens.
    pub(crate) fn hopeless(&self) -> (usize, Vec<State>) {
        let mut good = vec![false; self.states.len()];
        let mut found: Vec<usize> = Vec::new();
        let mut before = vec![Vec::new(); self.states.len()];
        for edge in &self.edges {
            before[edge.to].push(edge.from);
            if self.acquirer(edge).is_some() && !std::mem::replace(&mut good[edge.from], true) {
                found.push(edge.from);
            }
        }
        while let Some(at) = found.pop() {
            for from in &before[at] {
                if !std::mem::replace(&mut good[*from], true) {
                    found.push(*from);
                }
            }
        }
        let waits = |state: &State| self.waiters(state).next().is_some();
        let waiting = (0..self.states.len()).filter(|at| waits(&self.states[*at]));
        let count = waiting.clone().count();
        (count, waiting.filter(|at| !good[*at]).map(|at| self.states[at]).collect())
    }

    /// How many waiters there are in all states, and those that are blocked by a process that holds
    /// nothing and may be stopped for ever. Such a waiter cannot get the lock by its own steps and
    /// the passing of time. No living process of ours has its record in the lock.
    pub(crate) fn blocked(&self) -> (usize, Vec<(State, u8)>) {
        let node = |state: usize, p: u8| state * PROCESSES + usize::from(p);
        let mut good = vec![false; self.states.len() * PROCESSES];
        let mut found: Vec<usize> = Vec::new();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); good.len()];
        for edge in &self.edges {
            let runners = match edge.action {
                Action::Step(p, 0) => p..p + 1,
                Action::Later | Action::MuchLater => 0..self.config.kinds.len().try_into().unwrap(),
                _ => continue,
            };
            for p in runners {
                let from = node(edge.from, p);
                before[node(edge.to, edge.places[usize::from(p)])].push(from);
                if self.acquirer(edge) == Some(p) && !std::mem::replace(&mut good[from], true) {
                    found.push(from);
                }
            }
        }
        while let Some(at) = found.pop() {
            for from in &before[at] {
                if !std::mem::replace(&mut good[*from], true) {
                    found.push(*from);
                }
            }
        }
        let alone = |at: usize| {
            let state = &self.states[at];
            let waiters = self.waiters(state).filter(|p| !has_live_holder(state, *p));
            waiters.map(move |p| (at, p))
        };
        let waiting: Vec<(usize, u8)> = (0..self.states.len()).flat_map(alone).collect();
        let blocked = waiting.iter().filter(|(at, p)| !good[node(*at, *p)]);
        (waiting.len(), blocked.map(|(at, p)| (self.states[*at], *p)).collect())
    }

    fn waiters(&self, state: &State) -> impl Iterator<Item = u8> + use<> {
        let state = *state;
        self.config.processes().filter(move |p| state.process(*p).wants())
    }

    /// The process of ours that gets the lock by this step, if one does.
    fn acquirer(&self, edge: &Edge) -> Option<u8> {
        let Action::Step(p, _) = edge.action else { return None };
        let after = self.states[edge.to].process(edge.places[usize::from(p)]).pc;
        let before = self.states[edge.from].process(p).pc;
        (after == Pc::Held && before != Pc::Held).then_some(p)
    }
}

/// Whether the lock carries the record of a living process other than `p`, which the kernel vouches
/// for.
fn has_live_holder(state: &State, p: u8) -> bool {
    let owner = state.at_lock().and_then(|at| at.record.by());
    owner.is_some_and(|owner| {
        owner != p
            && usize::from(owner) < PROCESSES
            && state.process(owner).own_lock == Flock::Exclusive
            && state.process(owner).own == state.lock
    })
}

/// Whether a process other than `p` keeps an exclusive OS lock on what stands at the lock's name.
/// The record in it is not its own.
pub(crate) fn is_locked_by_a_stranger(state: &State, p: u8) -> bool {
    let owner = state.at_lock().and_then(|at| at.record.by());
    (0..).zip(&state.processes).any(|(q, other)| {
        let own = other.own_lock == Flock::Exclusive && other.own == state.lock;
        let seen = other.seen_lock == Flock::Exclusive && other.seen == state.lock;
        state.lock != NONE && q != p && owner != Some(q) && (own || seen)
    })
}
