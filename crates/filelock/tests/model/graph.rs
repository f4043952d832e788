//! All reachable states and what leads from one to the next, and backward searches over them.
//!
//! The tool's own `eventually` gives up where paths meet or run in circles, and a waiter that polls
//! runs in a circle. So this asks another question, and answers it exactly. From which states is
//! there a way to an acquisition at all, and from which by one waiter's own steps alone?

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::calls::Pc;
use crate::canonical::Places;
use crate::config::Config;
use crate::explore::Mix;
use crate::model::Action;
use crate::state::{Flock, NONE, PROCESSES, State};

/// One transition.
struct Edge {
    from: u32,
    to: u32,
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
        let mut numbers = HashMap::<_, _, BuildHasherDefault<Mix>>::from_iter([(start.code(), 0)]);
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
                    number(states.len() - 1)
                });
                edges.push(Edge { from: number(from), to, action, places });
            }
            from += 1;
        }
        Self { config, states, edges }
    }

    /// In how many states somebody waits, and those of them from which no waiter can get the lock
    /// any more, whatever happens.
    pub(crate) fn hopeless(&self) -> (usize, Vec<State>) {
        let back = Backward::of(self.states.len(), || self.edges.iter().map(|it| (it.to, it.from)));
        let acquiring = self.edges.iter().filter(|edge| self.acquirer(edge).is_some());
        let good = back.lead_to(acquiring.map(|edge| edge.from));
        let waits = |state: &State| self.waiters(state).next().is_some();
        let waiting = (0..self.states.len()).filter(|at| waits(&self.states[*at]));
        let count = waiting.clone().count();
        (count, waiting.filter(|at| !good[*at]).map(|at| self.states[at]).collect())
    }

    /// How many waiters there are in all states, and those that are blocked by a process that holds
    /// nothing and may be stopped for ever. Such a waiter cannot get the lock by its own steps and
    /// the passing of time. No living process of ours has its record in the lock.
    pub(crate) fn blocked(&self) -> (usize, Vec<(State, u8)>) {
        let width = number(PROCESSES);
        let node = |state: u32, p: u8| state * width + u32::from(p);
        let all = self.config.kinds.len().try_into().unwrap();
        let runners = |edge: &Edge| match edge.action {
            Action::Step(p, 0) => p..p + 1,
            Action::Later | Action::MuchLater => 0..all,
            _ => 0..0,
        };
        let back = Backward::of(self.states.len() * PROCESSES, || {
            self.edges.iter().flat_map(|edge| {
                let to = |p| node(edge.to, edge.places[usize::from(p)]);
                runners(edge).map(move |p| (to(p), node(edge.from, p)))
            })
        });
        let acquiring = self.edges.iter().flat_map(|edge| {
            let acquires = runners(edge).filter(|p| self.acquirer(edge) == Some(*p));
            acquires.map(|p| node(edge.from, p))
        });
        let good = back.lead_to(acquiring);
        let alone = |at: usize| {
            let state = &self.states[at];
            let waiters = self.waiters(state).filter(|p| !has_live_holder(state, *p));
            waiters.map(move |p| (at, p))
        };
        let waiting: Vec<(usize, u8)> = (0..self.states.len()).flat_map(alone).collect();
        let is_good = |at: usize, p: u8| good[at * PROCESSES + usize::from(p)];
        let blocked = waiting.iter().filter(|(at, p)| !is_good(*at, *p));
        (waiting.len(), blocked.map(|(at, p)| (self.states[*at], *p)).collect())
    }

    fn waiters(&self, state: &State) -> impl Iterator<Item = u8> + use<> {
        let state = *state;
        self.config.processes().filter(move |p| state.process(*p).wants())
    }

    /// The process of ours that gets the lock by this step, if one does.
    fn acquirer(&self, edge: &Edge) -> Option<u8> {
        let Action::Step(p, _) = edge.action else { return None };
        let after = self.states[edge.to as usize].process(edge.places[usize::from(p)]).pc;
        let before = self.states[edge.from as usize].process(p).pc;
        (after == Pc::Held && before != Pc::Held).then_some(p)
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("because memory ends before")
}

/// From where there is a step to each node. One array for all: there are tens of millions.
struct Backward {
    /// Where those of each node begin.
    starts: Vec<u32>,
    sources: Vec<u32>,
}

impl Backward {
    /// `steps`: the node that each leads to, and the one that it begins at.
    fn of<I: Iterator<Item = (u32, u32)>>(nodes: usize, steps: impl Fn() -> I) -> Self {
        let mut starts = vec![0; nodes + 1];
        for (to, _) in steps() {
            starts[to as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let (mut ends, mut sources) = (starts.clone(), vec![0; starts[nodes] as usize]);
        for (to, from) in steps() {
            sources[ends[to as usize] as usize] = from;
            ends[to as usize] += 1;
        }
        Self { starts, sources }
    }

    /// The nodes from which there is a way to one of these.
    fn lead_to(&self, these: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut good = vec![false; self.starts.len() - 1];
        let mut found: Vec<u32> = Vec::new();
        let mut find = |node: u32, found: &mut Vec<u32>| {
            if !std::mem::replace(&mut good[node as usize], true) {
                found.push(node);
            }
        };
        for node in these {
            find(node, &mut found);
        }
        while let Some(node) = found.pop() {
            let [start, end] =
                [node as usize, node as usize + 1].map(|at| self.starts[at] as usize);
            for from in &self.sources[start..end] {
                find(*from, &mut found);
            }
        }
        good
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
