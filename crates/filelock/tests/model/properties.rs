//! What must hold in every state.

use stateright::Property;

use crate::calls::Pc;
use crate::config::Config;
use crate::model::Moment;
use crate::state::{DEAD_OURS, Flock, Inode, NONE, Place, Record, State};

pub(crate) const ONE_OF_OURS: &str = "at most one of ours holds";
pub(crate) const ONE_OF_ALL: &str = "at most one of all holds, as long as all renew in time";
/// Not promised, so checked only where it is asked for by name.
pub(crate) const EVER_ONE_OF_ALL: &str = "at most one of all holds, however long they take";
pub(crate) const NOT_TORN: &str = "no holder of ours loses its record to one of ours";
pub(crate) const STILL_THERE: &str = "whoever holds by the kernel's word is at the lock's name";
pub(crate) const PREPARATION: &str = "no living preparation is swept";
/// Not promised, so checked only where it is asked for by name.
pub(crate) const NO_STRANGER: &str = "nobody who only looks keeps an exclusive OS lock on the lock";
pub(crate) const NO_LITTER: &str = "only the dead leave preparations behind";
/// What is promised to a foreign claimant if nobody dies and no owner is stopped.
pub(crate) const NOT_ROBBED: &str = "no foreign claimant loses its new directory to one of ours";
/// Where somebody breaks locks.
pub(crate) const ONE_UNBROKEN: &str = "at most one holds whose lock was not broken";
pub(crate) const PROOF: &str = "a lock proved dead has a dead owner";
pub(crate) const JUDGED: &str = "what is exchanged is what was judged";

type Claim = fn(&Config, &Moment) -> bool;

impl Config {
    /// The properties that this configuration is checked for.
    pub(crate) fn claims(&self) -> Vec<Property<Self>> {
        let all: [(&'static str, Claim); 12] = [
            (ONE_OF_OURS, |config, at| config.promises(at, |s| config.holders(s, true) <= 1)),
            (ONE_OF_ALL, |config, at| {
                config.promises(at, |s| s.marks.outstayed || config.holders(s, false) <= 1)
            }),
            (EVER_ONE_OF_ALL, |config, at| config.promises(at, |s| config.holders(s, false) <= 1)),
            (NOT_TORN, |config, at| config.promises(at, |s| !s.marks.torn)),
            (STILL_THERE, |config, at| config.promises(at, |s| is_still_there(config, s))),
            (PREPARATION, |config, at| config.promises(at, |s| keeps_its_preparation(config, s))),
            (NO_LITTER, |config, at| config.promises(at, |s| leaves_no_litter(config, s))),
            (PROOF, |config, at| config.promises(at, |s| is_proof(config, s))),
            (JUDGED, |config, at| config.promises(at, |s| exchanges_what_it_judged(config, s))),
            (NO_STRANGER, |_, at| !is_kept_by_a_looker(&at.state)),
            (NOT_ROBBED, |config, at| config.promises(at, |s| !s.marks.robbed)),
            (ONE_UNBROKEN, |config, at| config.promises(at, |s| one_holds_unbroken(config, s))),
        ];
        let wanted = |name: &'static str| {
            let unpromised = [NO_STRANGER, EVER_ONE_OF_ALL, NOT_ROBBED, ONE_UNBROKEN];
            let unpromised = unpromised.contains(&name);
            if self.only.is_empty() { !unpromised } else { self.only.contains(&name) }
        };
        let wanted = all.into_iter().filter(|(name, _)| wanted(name));
        wanted.map(|(name, holds)| Property::always(name, holds)).collect()
    }
    fn promises(&self, at: &Moment, holds: impl Fn(&State) -> bool) -> bool {
        self.is_exempt(&at.state) || holds(&at.state)
    }
}

/// Until it begins to release, the lock's name stands for a living holder's directory, and its
/// record is inside.
fn is_still_there(config: &Config, state: &State) -> bool {
    !config.are_told()
        || config.processes().all(|p| {
            let process = state.process(p);
            let holds = (Pc::Held..=Pc::ReleaseUnlink).contains(&process.pc);
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
        let prepared = config.kind(p).publishes()
            && process.own_lock == Flock::Exclusive
            && (process.pc < Pc::AgainRmdir && process.pc > Pc::CreateInPrep
                || process.wants() && process.pc >= Pc::Poll && process.pc < Pc::RenewLook)
            // It is the lock, or was.
            && !matches!(process.pc, Pc::ExchangeLook | Pc::ExchangeBack);
        !prepared || state.inode(process.own).place == Place::Prep
    })
}

/// Directories beside the lock that no living process has made are no more than processes that
/// died.
fn leaves_no_litter(config: &Config, state: &State) -> bool {
    let dead = config.processes().filter(|p| state.process(*p).pc == Pc::Crashed).count();
    let is_litter = |(slot, inode): &(u8, &Inode)| {
        let owned = || state.processes.iter().any(|process| process.own == *slot);
        inode.place == Place::Prep && !inode.file && !owned()
    };
    (0..).zip(&state.inodes).filter(is_litter).count() <= dead
}

/// The kernel's word is not mistaken: who is about to be cleared as dead is dead.
fn is_proof(config: &Config, state: &State) -> bool {
    config.processes().all(|p| {
        let process = state.process(p);
        !(matches!(process.pc, Pc::UnlinkDead)
            || (Pc::TakeLock..=Pc::Exchange).contains(&process.pc))
            || state.inode(process.seen).record.by().is_none_or(|owner| owner >= DEAD_OURS)
    })
}

/// At the moment of the exchange the lock's name stands for the dead lock that was judged.
fn exchanges_what_it_judged(config: &Config, state: &State) -> bool {
    config.processes().all(|p| {
        let process = state.process(p);
        process.pc != Pc::Exchange || process.seen == state.lock
    })
}

/// A broken holder goes on until it verifies. No second one beside those.
fn one_holds_unbroken(config: &Config, state: &State) -> bool {
    let holds = |p: &u8| {
        let process = state.process(*p);
        process.pc == Pc::Held && state.inode(process.own).record == Record::Full(*p)
    };
    config.processes().filter(holds).count() <= 1
}

/// Whether somebody judges or sweeps what stands at the lock's name, under an exclusive OS lock.
fn is_kept_by_a_looker(state: &State) -> bool {
    state.lock != NONE
        && state
            .processes
            .iter()
            .any(|process| process.seen == state.lock && process.seen_lock == Flock::Exclusive)
}
