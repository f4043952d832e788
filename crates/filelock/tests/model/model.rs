//! The configuration as a `stateright::Model`: what can happen next, and what must always hold.

use std::hash::{Hash, Hasher};

use stateright::{Model, Property};

use crate::config::{Broken, Clock, Config, Kind, Stop};
use crate::state::{INODES, PAST_TTL, Pc, Place, Record, State};
use crate::world::Turn;

/// What can happen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A process makes its next system call. Where it may do one thing or another, which.
    Step(u8, u8),
    /// That call, a look, fails with an error that says nothing.
    FailedLook(u8),
    /// A waiter's deadline has come.
    GiveUp(u8),
    /// A process is killed.
    Crash(u8),
    /// More than the grace goes by for whatever was fresh, and more than the TTL for what was not.
    Later,
    /// More than the TTL goes by.
    MuchLater,
    /// The clock is set back.
    Back,
}

/// Hashed by its representative, so that a checker explores one of each kind. It is as sure of that as the
/// processes are interchangeable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) state: State,
    /// The representative's code.
    code: [u64; 5],
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for word in self.code {
            hasher.write_u64(word);
        }
    }
}

impl Config {
    fn moment(&self, state: State) -> Moment {
        Moment { state, code: self.representative(&state).0.code() }
    }

    /// What can happen in this state.
    pub(crate) fn possible(&self, state: &State, actions: &mut Vec<Action>) {
        let stopped = |stop: &Stop| match stop {
            Stop::Meddled => state.marks.meddled,
            Stop::Outstayed => state.marks.outstayed,
        };
        if self.stops.iter().any(stopped) {
            return;
        }
        let crashed = self.processes().filter(|p| state.process(*p).pc == Pc::Crashed).count();
        for p in self.processes().filter(|p| state.process(*p).is_live()) {
            actions.push(Action::Step(p, 0));
            let pc = state.process(p).pc;
            if pc == Pc::Poll {
                let turn = Turn { config: self, state: *state, p };
                let leftovers = (0..u8::try_from(INODES).expect("because there are few"))
                    .filter(|slot| turn.looks_left_over(*slot));
                actions.extend(leftovers.map(|slot| Action::Step(p, slot + 1)));
                if self.gives_up {
                    actions.push(Action::GiveUp(p));
                }
            }
            let is_look = matches!(pc, Pc::ReadRecord | Pc::Probe | Pc::Compare | Pc::StillThere);
            if is_look && self.gives_up {
                actions.push(Action::FailedLook(p));
            }
            if crashed < self.crashes {
                actions.push(Action::Crash(p));
            }
        }
        let ages = || {
            let inodes = state.inodes.iter().filter(|inode| inode.exists).map(|inode| inode.age);
            inodes.chain(state.processes.iter().map(|process| process.took))
        };
        actions.push(Action::Later);
        actions.push(Action::MuchLater);
        if self.clock == Clock::Jumps && ages().any(|age| age > 0) {
            actions.push(Action::Back);
        }
    }

    /// The state after that; `None` if nothing changed.
    pub(crate) fn after(&self, state: &State, action: Action) -> Option<State> {
        let p = match action {
            Action::Step(p, _) | Action::FailedLook(p) | Action::GiveUp(p) | Action::Crash(p) => p,
            Action::Later | Action::MuchLater | Action::Back => 0,
        };
        let mut turn = Turn { config: self, state: *state, p };
        match action {
            Action::Step(_, choice) => turn.step(choice),
            Action::FailedLook(_) if self.broken == Broken::FailedLookIsDeath => {
                turn.condemn(Pc::UnlinkExpired);
            }
            Action::FailedLook(_) => turn.look_away(),
            Action::GiveUp(_) if turn.my().own == crate::state::NONE => turn.end(),
            Action::GiveUp(_) => turn.go(Pc::DropRecord),
            Action::Crash(_) => turn.crash(),
            Action::Later => turn.set_ages(|age| (age + 1).min(PAST_TTL)),
            Action::MuchLater => turn.set_ages(|_| PAST_TTL),
            Action::Back => turn.set_ages(|_| 0),
        }
        let next = turn.settled();
        (next != *state).then_some(next)
    }

    pub(crate) fn holders(&self, state: &State, ours_alone: bool) -> usize {
        let holds = |p: &u8| match state.process(*p).pc {
            Pc::Held => true,
            Pc::PeerHeld => !ours_alone,
            _ => false,
        };
        self.processes().filter(holds).count()
    }
}

impl Turn<'_> {
    fn step(&mut self, choice: u8) {
        match self.my().pc {
            Pc::Poll => self.poll(choice),
            pc if pc <= Pc::DropPrep => self.prepare(),
            pc if pc <= Pc::LostClose => self.claim_in_place(),
            pc if pc <= Pc::ProbeExpired => self.judge(),
            Pc::FileLook | Pc::FileRead => self.judge(),
            pc if pc <= Pc::CloseJudged => self.reclaim(),
            pc if pc <= Pc::FilePutBack => self.reclaim_file(),
            pc if pc <= Pc::SweepRmdir => self.sweep(),
            pc if pc <= Pc::NukeRmdir => self.reclaim(),
            pc if pc <= Pc::ReleaseNukeRmdir => self.hold(),
            _ => self.peer(),
        }
    }

    fn set_ages(&mut self, set: impl Fn(u8) -> u8) {
        for inode in self.state.inodes.iter_mut().filter(|inode| inode.exists) {
            inode.age = set(inode.age);
        }
        if self.config.mended(crate::config::Mend::SlowClaimIsLost) {
            for process in &mut self.state.processes {
                // A claim's own clock is never set back, and only whether it is slow counts.
                if (Pc::OpenMade..=Pc::ReadBack).contains(&process.pc) {
                    process.took = process.took.max(set(process.took)).min(1);
                }
            }
        }
    }
}

pub(crate) const ONE_OF_OURS: &str = "at most one of ours holds";
pub(crate) const ONE_OF_ALL: &str = "at most one of all holds";
pub(crate) const NOT_TORN: &str = "no holder of ours loses its record to one of ours";
pub(crate) const STILL_THERE: &str = "whoever holds by the kernel's word is at the lock's name";
pub(crate) const PREPARATION: &str = "no living preparation is swept";
pub(crate) const PROOF: &str = "a lock proved dead has a dead owner";

impl Model for Config {
    type State = Moment;
    type Action = Action;

    fn init_states(&self) -> Vec<Moment> {
        vec![self.moment(self.start())]
    }

    fn actions(&self, moment: &Moment, actions: &mut Vec<Action>) {
        self.possible(&moment.state, actions);
    }

    fn next_state(&self, moment: &Moment, action: Action) -> Option<Moment> {
        self.after(&moment.state, action).map(|state| self.moment(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let all: [(&'static str, fn(&Config, &Moment) -> bool); 6] = [
            (ONE_OF_OURS, |config, at| config.holders(&at.state, true) <= 1),
            (ONE_OF_ALL, |config, at| config.holders(&at.state, false) <= 1),
            (NOT_TORN, |_, at| !at.state.marks.torn),
            (STILL_THERE, |config, at| is_still_there(config, &at.state)),
            (PREPARATION, |config, at| keeps_its_preparation(config, &at.state)),
            (PROOF, |config, at| is_proof(config, &at.state)),
        ];
        let wanted = |name: &'static str| self.only.is_empty() || self.only.contains(&name);
        let wanted = all.into_iter().filter(|(name, _)| wanted(name));
        wanted.map(|(name, holds)| Property::always(name, holds)).collect()
    }
}

/// Until it begins to release, the lock's name stands for a living holder's directory, and its record is inside.
fn is_still_there(config: &Config, state: &State) -> bool {
    !config.local
        || config.processes().all(|p| {
            let process = state.process(p);
            let holds = matches!(process.pc, Pc::Held | Pc::VerifyRead | Pc::ReleaseUnlink);
            !holds
                || state
                    .at_lock()
                    .is_some_and(|at| process.own == state.lock && at.record == Record::Full(p))
        })
}

/// From its OS lock to its publication or its own end, a preparation is where it was.
fn keeps_its_preparation(config: &Config, state: &State) -> bool {
    config.processes().all(|p| {
        let process = state.process(p);
        let prepared = config.kind(p) == Kind::Publish
            && process.own_lock == crate::state::Flock::Exclusive
            && (process.pc < Pc::AgainRmdir && process.pc > Pc::CreateInPrep
                || process.wants() && process.pc >= Pc::Poll && process.pc < Pc::RenewLook);
        !prepared || state.inode(process.own).place == Place::Prep
    })
}

/// The kernel's word is not mistaken: who is about to be cleared as dead is dead.
fn is_proof(config: &Config, state: &State) -> bool {
    config.processes().all(|p| {
        let process = state.process(p);
        process.pc != Pc::UnlinkDead
            || state.inode(process.seen).record.by().is_none_or(|owner| owner >= 4)
    })
}
