//! The kernel's part: what one system call does, whoever makes it.

use crate::calls::Pc;
use crate::config::{Config, Kind};
use crate::state::{
    DEAD_FOREIGN, DEAD_OURS, Flock, INODES, Inode, NO_INODE, NO_PROCESS, NONE, PAST_GRACE,
    PAST_TTL, Place, Process, Record, State,
};

/// One step of one process.
pub(crate) struct Turn<'a> {
    pub(crate) config: &'a Config,
    pub(crate) state: State,
    pub(crate) p: u8,
}

impl Turn<'_> {
    pub(crate) fn me(&mut self) -> &mut Process {
        self.state.process_mut(self.p)
    }

    pub(crate) fn my(&self) -> &Process {
        self.state.process(self.p)
    }

    pub(crate) fn go(&mut self, pc: Pc) {
        self.me().pc = pc;
    }

    /// A new directory or file, not yet named.
    pub(crate) fn create(&mut self, new: Inode) -> u8 {
        let slot = self.state.inodes.iter().position(|inode| !inode.exists);
        let slot = slot.expect("because there are more inodes than names and descriptors");
        let guests = self.is_guest();
        self.state.inodes[slot] = Inode { exists: true, guests, ..new };
        u8::try_from(slot).expect("because there are few")
    }

    /// `flock` without blocking, through a new descriptor.
    pub(crate) fn grants(&self, slot: u8, wanted: Flock) -> bool {
        self.config.processes().all(|p| {
            let process = self.state.process(p);
            let mine = p == self.p;
            let conflicts = |held: Flock| match wanted {
                Flock::No => false,
                Flock::Shared => held == Flock::Exclusive,
                Flock::Exclusive => held != Flock::No,
            };
            let own = process.own == slot && conflicts(process.own_lock);
            let seen = process.seen == slot && conflicts(process.seen_lock)
                || process.aside == slot && conflicts(process.aside_lock);
            // One descriptor of ours never asks for what another one of ours has.
            mine || !(own || seen)
        })
    }

    pub(crate) fn is_guest(&self) -> bool {
        self.config.kind(self.p) == Kind::Guest
    }

    /// Whether `slot` may be opened, and what is in it be removed: it is this user's.
    pub(crate) fn may_open(&self, slot: u8) -> bool {
        self.state.inode(slot).file || self.state.inode(slot).guests == self.is_guest()
    }

    /// `flock` without blocking on the record in `slot`, through a new descriptor. Its holder has
    /// the exclusive one for as long as it has that of the directory.
    pub(crate) fn grants_record(&self, slot: u8, wanted: Flock) -> bool {
        let writer = self.state.inode(slot).record.by();
        self.config.processes().filter(|p| *p != self.p).all(|p| {
            let process = self.state.process(p);
            let holds =
                process.own == slot && process.own_lock == Flock::Exclusive && writer == Some(p);
            let looks = process.seen == slot
                && match wanted {
                    Flock::No => false,
                    Flock::Shared => process.record_lock == Flock::Exclusive,
                    Flock::Exclusive => process.record_lock != Flock::No,
                };
            !(holds || looks)
        })
    }

    /// `unlinkat(directory, "holder")`; whether there was one.
    pub(crate) fn unlink_record(&mut self, slot: u8) -> bool {
        let before = self.state.inode(slot).record;
        self.note_removal(slot);
        let inode = self.state.inode_mut(slot);
        (inode.record, inode.age, inode.changed) = (Record::None, 0, 0);
        before != Record::None
    }

    /// `rmdir(L)`: refused unless it is an empty directory.
    pub(crate) fn rmdir_lock(&mut self) {
        let refused = |at: &Inode| at.file || at.record != Record::None;
        if self.state.at_lock().is_some_and(|at| !refused(at)) {
            let others = (0..).zip(&self.state.processes).filter(|(p, _)| *p != self.p);
            let made = others.map(|(_, process)| process.own).any(|own| own == self.state.lock);
            // The directory of a claim in the making, or of a release.
            self.state.marks.meddled |= made && !self.config.kind(self.p).is_ours();
            let makes =
                |process: &Process| process.own == self.state.lock && process.pc == Pc::PeerOpen;
            self.state.marks.robbed |=
                self.state.processes.iter().any(makes) && self.config.kind(self.p).is_ours();
            self.state.lock = NONE;
        }
    }

    /// Marks that the record in `slot` is removed, moved or overwritten by this process.
    pub(crate) fn note_removal(&mut self, slot: u8) {
        let Some(owner) = self.state.inode(slot).record.by() else { return };
        if owner == self.p || owner >= DEAD_OURS || !self.state.process(owner).is_live() {
            return;
        }
        if !self.config.kind(self.p).is_ours() {
            self.state.marks.meddled = true;
        } else if match self.config.kind(owner) {
            // A person's decision.
            _ if self.config.kind(self.p) == Kind::Breaker => false,
            Kind::Old | Kind::Publish | Kind::Move | Kind::Guest => true,
            Kind::InPlace => self.state.process(owner).pc >= Pc::Held,
            // Of a foreign peer: by the clock, as documented.
            Kind::Breaker | Kind::Directory | Kind::LastDirectory | Kind::File => false,
        } {
            self.state.marks.torn = true;
        }
    }

    /// Whether the kernel vouches for the record: it has a `flock` line that we believe.
    pub(crate) fn is_kernel_backed(&self, record: Record) -> bool {
        let Record::Full(owner) = record else { return false };
        let backed = self.config.local || self.config.has_streams();
        backed && (owner == DEAD_OURS || owner < 4 && self.config.kind(owner).is_ours())
    }

    pub(crate) fn close_seen(&mut self) {
        let me = self.me();
        (me.seen, me.aside, me.aside_lock) = (NONE, NONE, Flock::No);
        (me.seen_lock, me.record_lock) = (Flock::No, Flock::No);
    }

    pub(crate) fn close_own(&mut self) {
        let me = self.me();
        me.own = NONE;
        me.own_lock = Flock::No;
        me.took = 0;
    }

    /// The call ends: its descriptors are closed. There may be another one.
    pub(crate) fn end(&mut self) {
        let (left, start) = (self.my().left, self.config.kind(self.p).start());
        *self.me() = match left.checked_sub(1) {
            Some(left) => Process { pc: start, left, ..NO_PROCESS },
            None => NO_PROCESS,
        };
    }

    /// Killed: the kernel closes what it had open.
    pub(crate) fn crash(&mut self) {
        self.abandon_records();
        *self.me() = Process { pc: Pc::Crashed, ..NO_PROCESS };
    }

    /// What this process leaves behind is nobody's from now on.
    pub(crate) fn abandon_records(&mut self) {
        let dead = if self.config.kind(self.p).is_ours() { DEAD_OURS } else { DEAD_FOREIGN };
        let p = self.p;
        for inode in &mut self.state.inodes {
            match &mut inode.record {
                Record::Empty(who) | Record::Full(who) if *who == p => *who = dead,
                _ => {}
            }
        }
        for process in self.state.processes.iter_mut().filter(|process| process.read == p) {
            process.read = dead;
        }
    }

    /// Forgets what nobody can see any more.
    pub(crate) fn settled(mut self) -> State {
        for slot in 0..INODES {
            if !self.state.inodes[slot].exists {
                continue;
            }
            let number = u8::try_from(slot).expect("because there are few");
            let linked = self.state.is_linked(number);
            let open =
                self.state.processes.iter().any(|p| [p.own, p.seen, p.aside].contains(&number));
            if !linked && !open {
                self.state.inodes[slot] = NO_INODE;
                continue;
            }
            let (age, changed) = self.telling_ages(number, linked);
            let inode = &mut self.state.inodes[slot];
            inode.age = inode.age.min(age);
            inode.changed = inode.changed.clamp(*changed.start(), *changed.end());
        }
        for process in &mut self.state.processes {
            let streamed = process.pc == Pc::Probe && self.config.has_streams();
            if !matches!(process.pc, Pc::ReadRecord | Pc::ProbeSticky) && !streamed {
                process.saw = (false, 0);
            }
            let compares = matches!(process.pc, Pc::Probe | Pc::Compare | Pc::ReadAgain)
                || matches!(process.pc, Pc::OthersProbe | Pc::OthersCompare)
                || matches!(process.pc, Pc::TakeLock | Pc::TakeCompare)
                || (Pc::BreakBar..=Pc::BreakReadAgain).contains(&process.pc);
            if !compares {
                process.read = NONE;
            }
            if process.pc != Pc::CreateRecord {
                process.stamp = 0;
            }
            let measured = match process.pc {
                Pc::OpenMade => PAST_GRACE,
                pc if pc > Pc::OpenMade && pc <= Pc::ReadBack && !self.config.local => PAST_TTL,
                _ => 0,
            };
            process.took = process.took.min(measured);
        }
        self.state
    }

    /// What about the age of its stamp, and of its last change, makes a difference to anybody.
    fn telling_ages(&self, slot: u8, linked: bool) -> (u8, std::ops::RangeInclusive<u8>) {
        let inode = self.state.inode(slot);
        let age = if inode.record == Record::None { 0 } else { PAST_TTL };
        if !linked {
            return (0, 0..=0);
        }
        if !self.config.all_trust_the_kernel() {
            return (age, 0..=PAST_TTL);
        }
        if inode.place == Place::Prep && !inode.file {
            // Nobody but an older build looks how old a finished one is.
            let is_looked_at = !inode.sticky || self.config.kinds.contains(&Kind::Old);
            return (age.min(PAST_GRACE), 0..=if is_looked_at { PAST_GRACE } else { 0 });
        }
        match inode.record {
            _ if inode.file => (age, 0..=PAST_TTL),
            Record::None if inode.sticky && self.config.some_ask_the_owner() => (0, 0..=PAST_GRACE),
            Record::None if inode.sticky => (0, 0..=0),
            Record::None => (0, 0..=PAST_TTL),
            Record::Full(owner) if self.is_kernel_backed(inode.record) => {
                // Its claimant still looks at its own stamp. Somebody who has looked at the last
                // change before the record was made, and reads it after it is gone, is to see the
                // worst.
                let starting = owner < DEAD_OURS && self.state.process(owner).pc < Pc::Held;
                (if starting { PAST_GRACE } else { 0 }, PAST_TTL..=PAST_TTL)
            }
            Record::Empty(owner) if owner < DEAD_OURS => (PAST_GRACE, 0..=PAST_TTL),
            _ => (age, 0..=PAST_TTL),
        }
    }
}
