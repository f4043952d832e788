//! What is checked: who takes part, what the clock and the kernel do, and which rule is broken.

use crate::calls::Pc;
use crate::state::{
    DEAD_FOREIGN, DEAD_OURS, Inode, NO_INODE, NO_PROCESS, NONE, PAST_TTL, PROCESSES, Process,
    Record, State,
};

/// What a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ours of before: as the next one, but it does not leave a living owner's emptied directory
    /// alone.
    Old,
    /// Ours, publishing a prepared directory, and taking it apart on release.
    Publish,
    /// Ours, a reusable handle: moves the directory back on release, and takes it again.
    Move,
    /// Ours, as `Publish`, run by another user than all the others. Neither may open the lock of
    /// the other, or remove what is in it. Both may rename in the directory that it lies in.
    Guest,
    /// Ours, by `mkdir` at the lock's name.
    InPlace,
    /// Ours, a person who breaks the lock, whoever holds it.
    Breaker,
    /// The first directory generation: removes recursively, and goes on if its claim is gone.
    Directory,
    /// The last directory generation: renames what it clears aside, and tries again.
    LastDirectory,
    /// The file generation.
    File,
}

impl Kind {
    pub(crate) fn is_ours(self) -> bool {
        !matches!(self, Self::Directory | Self::LastDirectory | Self::File)
    }

    /// Whether it prepares in private.
    pub(crate) fn publishes(self) -> bool {
        matches!(self, Self::Old | Self::Publish | Self::Move | Self::Guest)
    }

    pub(crate) fn start(self) -> Pc {
        match self {
            Self::Old | Self::Publish | Self::Move | Self::Guest => Pc::MakePrep,
            Self::InPlace => Pc::MakeLock,
            Self::Breaker => Pc::BreakOpen,
            Self::Directory | Self::LastDirectory => Pc::PeerMkdir,
            Self::File => Pc::PeerLink,
        }
    }
}

/// What the clock does between any two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Nothing: nobody is slow.
    Stands,
    /// Time passes: a little, a grace, a TTL.
    Passes,
    /// And the clock is set back: everything looks fresh again.
    Jumps,
}

/// What the stream of a record tells, which its holder keeps open (Windows).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    /// There are none.
    No,
    /// Each judge that asks is told whether the holder lives.
    Answer,
    /// A judge may not be told, as if it may not open the stream. Then time decides.
    CanBeSilent,
}

/// What stands at the lock's name in the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    Free,
    /// A lock of the directory generation whose holder died long ago.
    ExpiredDirectory,
    /// A lock of the file generation whose holder died long ago.
    ExpiredFile,
    /// A lock of ours whose holder has just died.
    Dead,
}

/// A rule of the protocol, broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    /// A dead lock is renamed aside and deleted there.
    RenameAside,
    /// A look that fails counts as death.
    FailedLookIsDeath,
    /// The record is published before the OS lock is taken.
    RecordBeforeFlock,
    /// Release removes whatever stands at the lock's name.
    ReleaseUnchecked,
    /// A dead lock is removed by name, with whatever is in it.
    RecursiveDelete,
    /// A lock file is renamed to a name that nothing stands at.
    FileRenamedAway,
    /// Judges probe with an exclusive OS lock.
    ExclusiveProbe,
    /// What looks dead by the clock is cleared without asking for its OS lock.
    ExpiredUnasked,
    /// Where time decides, a claim in place is kept however long it took.
    SlowClaimKept,
    /// A claimant in place takes what it opens for what it made, however long ago that was.
    SlowOpenKept,
    /// A directory without a record is not cleared by the clock's word without asking for its OS
    /// lock.
    RemnantAsked,
    /// A private file is renamed onto although a sweeper has its OS lock.
    RefusedPlaceholderUsed,
    /// The private file that a lock file is renamed onto has no OS lock.
    PlaceholderUnlocked,
    /// Sweepers ask for an exclusive OS lock.
    ExclusiveSweep,
    /// Who breaks a lock does not occupy the private name that its holder would move it to.
    BreakUnbarred,
    /// Who takes another user's dead lock does not take the OS lock of its record before.
    TakeUnlocked,
    /// Who takes another user's dead lock does not look, once it has the OS lock of its record,
    /// whether that still is in the lock.
    TakeUncompared,
    /// Who clears a dead lock of its own user does not ask for the OS lock of its record.
    ClearUnlocked,
    /// How long ago a directory without a record has changed is told by the look before that for
    /// the record.
    EmptiedByFirstLook,
    /// A dead lock's emptied directory is removed at once by whoever sees it.
    RemnantAtOnce,
    /// Who wants to clear a lock and finds its record removed removes the directory at once.
    ClearedByBoth,
    /// A living owner's emptied directory is left alone for ever.
    StickyTrusted,
    /// A waiter acts on the clock's word at once after its machine slept.
    SleepUnnoticed,
    /// A holder that cannot remove its record leaves the stamp in it as it is.
    StampKept,
    /// A lock with a stream that took long is renewed before the caller gets it, as one that the
    /// kernel vouches for.
    StreamRenewed,
    /// A stream that tells nothing counts as closed.
    SilenceIsDeath,
    /// A release closes the stream before it removes the record.
    StreamClosedFirst,
}

/// One model.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a bound of its own")]
pub(crate) struct Config {
    pub(crate) kinds: &'static [Kind],
    /// How many times each acquires.
    pub(crate) rounds: u8,
    /// How many may die.
    pub(crate) crashes: usize,
    pub(crate) clock: Clock,
    /// Whether OS locks are trusted on this file system.
    pub(crate) local: bool,
    /// What tells whether a holder lives where OS locks are not trusted.
    pub(crate) streams: Streams,
    /// Whether waiters give up, and looks fail.
    pub(crate) gives_up: bool,
    /// Whether the machine sleeps, for longer than the TTL.
    pub(crate) sleeps: bool,
    /// Whether a holder can be kept from removing its record, as by a scanner on Windows.
    pub(crate) records_stick: bool,
    /// Whether foreign peers take what they find for stale, too.
    pub(crate) peers_clear: bool,
    pub(crate) scene: Scene,
    pub(crate) broken: Broken,
    /// A claimant in place can tell whether what it opened is what it made. No system call tells.
    pub(crate) ideal: bool,
    /// Nothing is explored beyond a state with one of these marks.
    pub(crate) stops: Vec<Stop>,
    /// The properties to check, by name; empty: all.
    pub(crate) only: Vec<&'static str>,
}

/// Where exploring ends, because what follows is exempt from the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Meddled,
    Outstayed,
    Robbed,
}

impl Config {
    /// Processes of ours on a file system of this kernel, nothing broken.
    pub(crate) fn of(kinds: &'static [Kind]) -> Self {
        Self {
            kinds,
            rounds: 1,
            crashes: 2,
            clock: Clock::Jumps,
            local: true,
            streams: Streams::No,
            gives_up: true,
            sleeps: false,
            records_stick: false,
            peers_clear: true,
            scene: Scene::Free,
            broken: Broken::Nothing,
            ideal: false,
            stops: vec![],
            only: vec![],
        }
    }

    pub(crate) fn kind(&self, p: u8) -> Kind {
        self.kinds[usize::from(p)]
    }

    pub(crate) fn processes(&self) -> impl Iterator<Item = u8> + use<> {
        0..u8::try_from(self.kinds.len()).expect("because there are few")
    }

    /// Whether somebody asks a living owner's OS lock before its emptied directory is removed.
    pub(crate) fn some_ask_the_owner(&self) -> bool {
        self.local && self.kinds.iter().any(|kind| kind.is_ours() && *kind != Kind::Old)
    }

    pub(crate) fn has_streams(&self) -> bool {
        self.streams != Streams::No
    }

    /// Whether all of ours are told whether a holder of ours lives, by its OS lock or its stream.
    pub(crate) fn are_told(&self) -> bool {
        self.local || self.streams == Streams::Answer
    }

    /// Whether a claim in place that took as long as the TTL is given up.
    pub(crate) fn gives_up_slow_claims(&self) -> bool {
        !self.local && self.broken != Broken::SlowClaimKept
    }

    /// Whether somebody looks at the time of a lock that the kernel vouches for.
    pub(crate) fn all_trust_the_kernel(&self) -> bool {
        self.local && self.kinds.iter().all(|kind| kind.is_ours())
    }

    pub(crate) fn start(&self) -> State {
        let mut processes = [NO_PROCESS; PROCESSES];
        for (process, kind) in processes.iter_mut().zip(self.kinds) {
            *process = Process { pc: kind.start(), left: self.rounds - 1, ..NO_PROCESS };
        }
        let mut state = State {
            lock: NONE,
            marks: crate::state::Marks::default(),
            inodes: [NO_INODE; crate::state::INODES],
            processes,
        };
        if self.scene != Scene::Free {
            let is_ours = self.scene == Scene::Dead;
            let (owner, age) = if is_ours { (DEAD_OURS, 0) } else { (DEAD_FOREIGN, PAST_TTL) };
            state.lock = 0;
            state.inodes[0] = Inode {
                exists: true,
                file: self.scene == Scene::ExpiredFile,
                record: Record::Full(owner),
                sticky: is_ours,
                age,
                changed: age,
                ..NO_INODE
            };
        }
        state
    }
}

impl std::fmt::Display for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kinds, rounds, crashes, clock, scene, broken, stops, .. } = self;
        write!(f, "{kinds:?}, {rounds} each, {crashes} crashes, {scene:?}, clock {clock:?}")?;
        write!(f, "{}", if self.local { "" } else { ", OS locks not trusted" })?;
        if self.has_streams() {
            write!(f, ", streams: {:?}", self.streams)?;
        }
        write!(f, "{}", if self.gives_up { ", calls fail" } else { "" })?;
        write!(f, "{}", if self.sleeps { ", the machine sleeps" } else { "" })?;
        write!(f, "{}", if self.records_stick { ", records stick" } else { "" })?;
        write!(f, "{}", if self.peers_clear { "" } else { ", only ours clear" })?;
        if *broken != Broken::Nothing {
            write!(f, ", broken: {broken:?}")?;
        }
        write!(f, "{}", if self.ideal { ", an ideal" } else { "" })?;
        if !stops.is_empty() {
            write!(f, ", until {stops:?}")?;
        }
        Ok(())
    }
}
