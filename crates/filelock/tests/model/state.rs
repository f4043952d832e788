//! What the model remembers: the file system, and how far each process is.

use crate::calls::Pc;

/// No inode.
pub(crate) const NONE: u8 = 15;
/// Inodes that can exist at once.
pub(crate) const INODES: usize = 8;
/// Processes at most, foreign ones included.
pub(crate) const PROCESSES: usize = 4;
/// In a record: one of ours that died.
pub(crate) const DEAD_OURS: u8 = 6;
/// In a record: a foreign peer that died.
pub(crate) const DEAD_FOREIGN: u8 = 7;

/// Ages, as the clock tells them.
pub(crate) const PAST_GRACE: u8 = 1;
pub(crate) const PAST_TTL: u8 = 2;

/// An OS lock that a descriptor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Flock {
    No,
    Shared,
    Exclusive,
}

/// Where a file has a name other than that of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Place {
    /// Removed, or the lock.
    None,
    /// `L.prep-U`.
    Prep,
    /// `L.stale-U`.
    Stale,
}

/// What is in a directory as `holder`, or in a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Record {
    None,
    /// Created and not yet written.
    Empty(u8),
    /// Whole, by that process.
    Full(u8),
}

impl Record {
    pub(crate) fn by(self) -> Option<u8> {
        match self {
            Self::None => None,
            Self::Empty(who) | Self::Full(who) => Some(who),
        }
    }

    fn code(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Empty(who) => 16 + u64::from(who),
            Self::Full(who) => 32 + u64::from(who),
        }
    }
}

/// One directory or lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a bit that a file system or a test keeps"
)]
pub(crate) struct Inode {
    pub(crate) exists: bool,
    pub(crate) file: bool,
    pub(crate) place: Place,
    pub(crate) record: Record,
    pub(crate) sticky: bool,
    /// Its private name is occupied by a file of somebody who breaks the lock, or by the dead lock
    /// that it was exchanged for.
    pub(crate) barred: bool,
    /// Made by the other user.
    pub(crate) guests: bool,
    /// How old the stamp in its record is; 0 without a whole record.
    pub(crate) age: u8,
    /// How long ago an entry of it was made or removed.
    pub(crate) changed: u8,
}

pub(crate) const NO_INODE: Inode = Inode {
    exists: false,
    file: false,
    place: Place::None,
    record: Record::None,
    sticky: false,
    barred: false,
    guests: false,
    age: 0,
    changed: 0,
};

impl Inode {
    pub(crate) fn code(self) -> u64 {
        u64::from(self.exists)
            | u64::from(self.file) << 1
            | u64::from(self.sticky) << 2
            | u64::from(self.age) << 3
            | (self.place as u64) << 5
            | self.record.code() << 7
            | u64::from(self.changed) << 13
            | u64::from(self.barred) << 15
            | u64::from(self.guests) << 16
    }
}

/// How far one process is, and what it has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pc: Pc,
    /// Its claim: the directory that it made, by name and then by descriptor.
    pub(crate) own: u8,
    /// The OS lock on that descriptor.
    pub(crate) own_lock: Flock,
    /// What it is looking at: the occupant that it judges, the preparation that it sweeps.
    pub(crate) seen: u8,
    /// The OS lock on that descriptor.
    pub(crate) seen_lock: Flock,
    /// The OS lock that it has on the record in `seen`, through a descriptor of its own.
    pub(crate) record_lock: Flock,
    /// A private file: to rename a lock file onto, then what was renamed. What came out of an
    /// exchange.
    pub(crate) aside: u8,
    /// The OS lock on that descriptor.
    pub(crate) aside_lock: Flock,
    /// Whose record it read in `seen`, until that is condemned.
    pub(crate) read: u8,
    /// What `fstat` said about `seen`, until the record is read: whether it is sticky, and its last
    /// change.
    pub(crate) saw: (bool, u8),
    /// How long its claim in place takes so far.
    pub(crate) took: u8,
    /// How old the stamp is that it is about to record.
    pub(crate) stamp: u8,
    /// How many more times it acquires after this one.
    pub(crate) left: u8,
    /// Its machine slept during this call, and half a TTL has not gone by since.
    pub(crate) away: bool,
}

pub(crate) const NO_PROCESS: Process = Process {
    pc: Pc::Ended,
    own: NONE,
    own_lock: Flock::No,
    seen: NONE,
    seen_lock: Flock::No,
    record_lock: Flock::No,
    aside: NONE,
    aside_lock: Flock::No,
    read: NONE,
    saw: (false, 0),
    took: 0,
    stamp: 0,
    left: 0,
    away: false,
};

impl Process {
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.pc, Pc::Ended | Pc::Crashed)
    }

    /// Still on its way to the lock.
    pub(crate) fn wants(&self) -> bool {
        self.is_live() && self.pc < Pc::Held && !matches!(self.pc, Pc::DropRecord | Pc::DropPrep)
    }

    pub(crate) fn code(&self) -> u64 {
        self.pc as u64
            | u64::from(self.own) << 7
            | u64::from(self.seen) << 11
            | u64::from(self.aside) << 15
            | (self.own_lock as u64) << 19
            | (self.seen_lock as u64) << 21
            | (self.aside_lock as u64) << 23
            | u64::from(self.took) << 25
            | u64::from(self.left) << 27
            | u64::from(self.saw.0) << 29
            | u64::from(self.saw.1) << 30
            | u64::from(self.stamp) << 32
            | u64::from(self.read) << 34
            | (self.record_lock as u64) << 38
            | u64::from(self.away) << 40
    }
}

/// What happened on the way that a property asks about. Once set, it stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a bit that a file system or a test keeps"
)]
pub(crate) struct Marks {
    /// One of ours removed the record of another one of ours that lives and holds.
    pub(crate) torn: bool,
    /// A foreign peer removed, moved or overwrote the record of somebody who lives.
    pub(crate) meddled: bool,
    /// A holder that lives was found to be older than the TTL by those who go by time.
    pub(crate) outstayed: bool,
    /// One of ours removed the directory that a living foreign claimant had just made.
    pub(crate) robbed: bool,
}

/// A state as a few words.
pub(crate) type Code = [u64; 8];

/// The world at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// What the lock's name stands for.
    pub(crate) lock: u8,
    pub(crate) marks: Marks,
    pub(crate) inodes: [Inode; INODES],
    pub(crate) processes: [Process; PROCESSES],
}

impl State {
    pub(crate) fn inode(&self, slot: u8) -> &Inode {
        &self.inodes[usize::from(slot)]
    }

    pub(crate) fn inode_mut(&mut self, slot: u8) -> &mut Inode {
        &mut self.inodes[usize::from(slot)]
    }

    pub(crate) fn process(&self, p: u8) -> &Process {
        &self.processes[usize::from(p)]
    }

    pub(crate) fn process_mut(&mut self, p: u8) -> &mut Process {
        &mut self.processes[usize::from(p)]
    }

    /// What the lock's name stands for, if anything.
    pub(crate) fn at_lock(&self) -> Option<&Inode> {
        (self.lock != NONE).then(|| self.inode(self.lock))
    }

    /// Whether `slot` still has a name.
    pub(crate) fn is_linked(&self, slot: u8) -> bool {
        self.lock == slot || self.inode(slot).place != Place::None
    }

    /// The whole state in as many words: what it is hashed by.
    pub(crate) fn code(&self) -> Code {
        let p = self.processes.map(|process| process.code());
        let n = self.inodes.map(Inode::code);
        let marks = u64::from(self.marks.torn)
            | u64::from(self.marks.meddled) << 1
            | u64::from(self.marks.outstayed) << 2
            | u64::from(self.marks.robbed) << 3;
        [
            p[0],
            p[1],
            p[2],
            p[3],
            n[0] | n[1] << 20 | n[2] << 40,
            n[3] | n[4] << 20 | n[5] << 40,
            n[6] | n[7] << 20,
            u64::from(self.lock) | marks << 8,
        ]
    }
}
