//! The configuration as a `stateright::Model`: what can happen next, and what must always hold.

use std::hash::{Hash, Hasher};

use stateright::{Model, Property};

use crate::calls::Pc;
use crate::config::{Broken, Clock, Config, Stop, Streams};
use crate::state::{Code, INODES, PAST_GRACE, PAST_TTL, Process, Record, State};
use crate::world::Turn;

/// What can happen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A process makes its next system call. Where it may do one thing or another, which.
    Step(u8, u8),
    /// That call fails with an error that says nothing about the lock.
    Fail(u8),
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
    /// The machine sleeps, and all processes with it, for longer than the TTL.
    Sleep,
    /// Half a TTL goes by since. Whoever holds has renewed by then.
    Renewed,
}

/// Hashed by its representative, so that a checker explores one of each kind. It is as sure of that
/// as the processes are interchangeable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) state: State,
    /// The representative's code.
    code: Code,
}

impl Moment {
    pub(crate) fn code(&self) -> &Code {
        &self.code
    }
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for word in self.code {
            hasher.write_u64(word);
        }
    }
}

impl Config {
    pub(crate) fn moment(&self, state: State) -> Moment {
        Moment { state, code: self.representative(&state).0.code() }
    }

    /// Whether something happened after which nothing is promised.
    pub(crate) fn is_exempt(&self, state: &State) -> bool {
        self.stops.iter().any(|stop| match stop {
            Stop::Meddled => state.marks.meddled,
            Stop::Outstayed => state.marks.outstayed,
            Stop::Robbed => state.marks.robbed,
        })
    }

    /// What can happen in this state.
    pub(crate) fn possible(&self, state: &State, actions: &mut Vec<Action>) {
        if self.is_exempt(state) {
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
            // A waiter's 50 ms are over at any time, if there is time.
            let may_wait = matches!(pc, Pc::ProbeSticky | Pc::UnlinkDead | Pc::UnlinkExpired);
            if may_wait && self.clock != Clock::Stands {
                actions.push(Action::Step(p, 1));
            }
            if pc == Pc::Probe && self.streams == Streams::CanBeSilent {
                actions.push(Action::Step(p, 1));
            }
            let sticks = self.records_stick && pc == Pc::ReleaseUnlink;
            if self.gives_up && can_fail(pc) || sticks {
                actions.push(Action::Fail(p));
            }
            if crashed < self.crashes {
                actions.push(Action::Crash(p));
            }
        }
        actions.extend_from_slice(match self.clock {
            Clock::Stands => &[],
            Clock::Passes => &[Action::Later, Action::MuchLater],
            Clock::Jumps => &[Action::Later, Action::MuchLater, Action::Back],
        });
        if self.sleeps {
            actions.push(Action::Sleep);
            if state.processes.iter().any(|process| process.away) {
                // Half a TTL is all that goes by before that.
                actions.retain(|action| *action != Action::Later);
                actions.push(Action::Renewed);
            }
        }
    }

    /// The state after that; `None` if nothing changed.
    pub(crate) fn after(&self, state: &State, action: Action) -> Option<State> {
        let p = match action {
            Action::Step(p, _) | Action::Fail(p) | Action::GiveUp(p) | Action::Crash(p) => p,
            Action::Later | Action::MuchLater | Action::Back | Action::Sleep | Action::Renewed => 0,
        };
        let mut turn = Turn { config: self, state: *state, p };
        match action {
            Action::Step(_, choice) => turn.step(choice),
            Action::Fail(_) => turn.fail(),
            Action::GiveUp(_) if turn.my().own == crate::state::NONE => turn.end(),
            Action::GiveUp(_) => turn.go(Pc::DropRecord),
            Action::Crash(_) => turn.crash(),
            Action::Later => turn.set_ages(|age| (age + 1).min(PAST_TTL)),
            Action::MuchLater => {
                turn.set_ages(|_| PAST_TTL);
                turn.set_away(false);
            }
            Action::Sleep => {
                turn.set_ages(|_| PAST_TTL);
                turn.set_away(true);
            }
            Action::Renewed => turn.renewed(),
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
            pc if pc <= Pc::ProbeRemnant => self.judge(choice),
            pc if pc <= Pc::OthersCompare => self.judge_others(),
            Pc::FileLook | Pc::FileRead => self.judge(choice),
            pc if pc <= Pc::CloseJudged => self.clear(choice),
            pc if pc <= Pc::ExchangeBack => self.exchange(),
            pc if pc <= Pc::FileDelete => self.clear_file(),
            pc if pc <= Pc::SweepRmdir => self.sweep(),
            pc if pc <= Pc::NukeRmdir => self.clear(choice),
            pc if pc <= Pc::ReleaseNukeRmdir => self.hold(),
            pc if pc <= Pc::BreakRmdir => self.break_lock(),
            _ => self.peer(),
        }
    }

    fn fail(&mut self) {
        match self.my().pc {
            Pc::StatLock | Pc::ReadRecord | Pc::Probe | Pc::Compare | Pc::ReadAgain
                if self.config.broken == Broken::FailedLookIsDeath =>
            {
                self.condemn(Pc::UnlinkExpired);
            }
            Pc::StatLock
            | Pc::ReadRecord
            | Pc::StatEmptied
            | Pc::Probe
            | Pc::Compare
            | Pc::ReadAgain
            | Pc::OthersRead
            | Pc::OthersProbe
            | Pc::OthersCompare
            | Pc::TakeLock
            | Pc::TakeCompare
            | Pc::StillThere => {
                self.look_away();
            }
            // Only the clock speaks for it: so that nobody waits for the TTL.
            Pc::ReleaseUnlink if self.zeroes_its_stamp() => self.go(Pc::ReleaseExpire),
            // Taken apart, as a lock that was made in place.
            Pc::MoveBack => self.go(Pc::ReleaseUnlink),
            // Taken for its own.
            Pc::MoveLook => {
                self.me().aside = crate::state::NONE;
                self.park();
            }
            Pc::MovePutBack => self.end(),
            Pc::ReissueName | Pc::ReissueRecord | Pc::ReissueWrite => self.go(Pc::AgainUnlink),
            // The guard is dropped, which fails too and closes the descriptor: nobody's lock.
            _ => {
                self.abandon_records();
                self.end();
            }
        }
    }

    /// A holder that cannot remove its record. With a stream it needs not: that is closed.
    fn zeroes_its_stamp(&self) -> bool {
        !self.config.local && !self.config.has_streams() && self.config.broken != Broken::StampKept
    }

    fn set_away(&mut self, away: bool) {
        for process in self.state.processes.iter_mut().filter(|process| process.is_live()) {
            process.away = away;
        }
    }

    /// Each holder that lives had its time to renew.
    fn renewed(&mut self) {
        self.set_away(false);
        self.set_ages(|age| age.max(PAST_GRACE));
        for p in self.config.processes() {
            let Process { pc, own, .. } = *self.state.process(p);
            let holds = pc == Pc::Held && own != crate::state::NONE;
            if holds && self.state.inode(own).record == Record::Full(p) {
                self.state.inode_mut(own).age = 0;
            }
        }
    }

    fn set_ages(&mut self, set: impl Fn(u8) -> u8) {
        for inode in self.state.inodes.iter_mut().filter(|inode| inode.exists) {
            inode.age = set(inode.age);
            inode.changed = set(inode.changed);
        }
        let looks = |p: &&mut Process| matches!(p.pc, Pc::ReadRecord | Pc::ProbeSticky | Pc::Probe);
        for process in self.state.processes.iter_mut().filter(looks) {
            process.saw.1 = set(process.saw.1);
        }
        for process in &mut self.state.processes {
            // Measured by a clock that is never set back.
            process.took = process.took.max(set(process.took));
            process.stamp = set(process.stamp);
        }
    }
}

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
        self.claims()
    }
}

/// Looks of a waiter, and whatever a holder does.
fn can_fail(pc: Pc) -> bool {
    matches!(pc, Pc::StatLock | Pc::ReadRecord | Pc::StatEmptied | Pc::Probe | Pc::Compare)
        || matches!(pc, Pc::ReadAgain | Pc::StillThere)
        || (Pc::OthersRead..=Pc::OthersCompare).contains(&pc)
        || matches!(pc, Pc::TakeLock | Pc::TakeCompare)
        || (Pc::RenewLook..=Pc::MovePutBack).contains(&pc)
        || (Pc::ReissueName..=Pc::ReissueWrite).contains(&pc)
}
