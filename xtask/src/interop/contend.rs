//! Contention of ours with one kind of peer: a counter, and an oracle for overlaps that does not
//! depend on the lock.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::process::{Limits, Process, peer, rust};
use super::role::{Faults, Generation, Role};
use super::worker::{COUNTER, NEVER, NUMBERS, PATIENCE};
use crate::outcome::Outcome;
use crate::workload::door::Door;
use filelock::testing::Way;
use testkit::Numbers;
use testkit::Place;

/// One kind of claim of ours with one kind of peer.
#[derive(Clone, Copy)]
pub(super) struct Pairing {
    way: Way,
    door: Door,
    role: Role,
    deaths: Deaths,
}

/// Whether the peers leave each tenth lock as if they were killed. Those of our own kind drop the
/// OS lock, the others leave a record of a month ago.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deaths {
    None,
    /// And all who find such a lock clear it.
    AllClear,
    /// And the peers' TTL is so long that only ours clear it.
    OursClear,
}

const ABANDONED: &str = "10";
/// The TTL where a lock can stay behind that nobody holds. No shorter than the default grace.
const BRIEF: Duration = Duration::from_secs(2);

impl Pairing {
    /// All pairings, and for those who are without a bug, the same with deaths.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for role in Role::all() {
            let deaths: &[Deaths] = match role {
                Role::Older | Role::OlderInPlace => &[Deaths::None, Deaths::AllClear],
                Role::Go(_, Faults::Fixed) => &[Deaths::None, Deaths::OursClear, Deaths::AllClear],
                // The build leaves no lock as if it were killed: it is killed below, as a holder.
                Role::Built | Role::Go(_, Faults::AsItIs) => &[Deaths::None],
            };
            for &deaths in deaths {
                let mut add = |way, door| all.push(Self { way, door, role, deaths });
                for way in Way::ALL {
                    add(way, Door::OneShot);
                }
                // Elsewhere a handle does the same as one-shots.
                add(Way::Published, Door::Reused);
            }
        }
        all.retain(|pairing| match pairing.deaths {
            // Only the kernel's word tells at once of a death that left a young record.
            Deaths::AllClear if pairing.role.is_ours() => pairing.way.is_kernel_backed(),
            // What happens here is the peers' doing, however we way.
            Deaths::AllClear => pairing.way == Way::Published,
            _ => true,
        });
        all
    }

    /// What is asserted. The reasons stand at the top of [`super`].
    fn promise(self) -> Promise {
        match (self.role, self.deaths) {
            (Role::Built | Role::Older | Role::OlderInPlace, _)
            | (Role::Go(_, Faults::Fixed), Deaths::None)
            | (
                Role::Go(Generation::DirectoryFirst | Generation::DirectoryLast, Faults::Fixed),
                Deaths::OursClear,
            ) => Promise::NoHarm,
            (Role::Go(Generation::File, Faults::Fixed), Deaths::OursClear)
                if self.way.is_kernel_backed() =>
            {
                Promise::NoHarmToOurs
            }
            _ => Promise::Nothing,
        }
    }

    pub(super) fn asserts(self) -> bool {
        self.promise() != Promise::Nothing
    }

    /// Whether a claim of a directory peer is never lost. Our owners alone remove their
    /// directories, if the kernel tells the others that they are about to.
    fn keeps_claims(self) -> bool {
        self.way.is_kernel_backed() && !self.role.is_ours()
    }

    pub(super) fn name(self) -> String {
        format!("{} and {}", self.ours(), self.peers())
    }

    fn peers(self) -> String {
        let deaths = match self.deaths {
            Deaths::None => "",
            Deaths::AllClear => ", dying",
            Deaths::OursClear => ", dying, ours clear",
        };
        format!("{}{deaths}", self.role.name())
    }

    fn ours(self) -> &'static str {
        match self.door {
            Door::OneShot => self.way.name(),
            Door::Reused => "reused",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Promise {
    NoHarm,
    NoHarmToOurs,
    Nothing,
}

/// What one kind's processes saw, added up.
#[derive(Default)]
struct Tally {
    committed: u64,
    lost: u64,
    longest: Duration,
    crossings: u64,
    with_rust: u64,
    with_peers: u64,
    takeovers: u64,
    /// Directories of theirs that were removed before the record was in them.
    claims_lost: u64,
    failed: u32,
}

impl Tally {
    fn of(workers: Vec<Process>) -> Outcome<Self> {
        let mut tally = Self::default();
        for worker in workers {
            tally.add(worker)?;
        }
        Ok(tally)
    }

    /// Takes up the worker's numbers; one that printed none failed, and has said why itself.
    fn add(&mut self, mut worker: Process) -> Outcome {
        let line = worker.line()?;
        let numbers: Vec<u64> =
            line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let &[committed, lost, longest, crossings, rusts, peers, takeovers, claims] = &numbers[..]
        else {
            self.failed += 1;
            return Ok(());
        };
        self.failed += u32::from(!worker.ended_well()?);
        self.committed += committed;
        self.lost += lost;
        self.longest = self.longest.max(Duration::from_micros(longest));
        self.crossings += crossings;
        self.with_rust += rusts;
        self.with_peers += peers;
        self.takeovers += takeovers;
        self.claims_lost += claims;
        Ok(())
    }
}

pub(super) fn print_head() {
    println!(
        "\n                                                                          lost     \
         overlaps      locks lost  claims   changes  take-     longest, ms\n\
         place  ours       peers                                    counter       incr.  o/o  o/p  \
         p/p  ours peers    lost   of kind  overs    ours  peers  failed  left"
    );
}

/// How much of it.
pub(super) struct Contention {
    /// How many processes of each kind.
    pub(super) processes: u32,
    /// How many increments each of them makes.
    pub(super) increments: u32,
}

impl Contention {
    /// Lets one pairing contend and prints its row. Returns what is wrong, if anything is.
    pub(super) fn contend(&self, place: &Place, pairing: Pairing) -> Outcome<Option<String>> {
        let name = pairing.name();
        let directory = place.path().join(&name);
        std::fs::create_dir(&directory)?;
        let numbers = Numbers::create(&directory.join(NUMBERS), 2)?;
        let (ours, peers) = self.work(&directory, pairing)?;

        let counter = numbers.get(COUNTER)?;
        let committed = ours.committed + peers.committed;
        let expected = 2 * u64::from(self.processes) * u64::from(self.increments);
        let lost_increments = i128::from(committed) - i128::from(counter);
        let between = ours.with_peers + peers.with_rust;
        let overlaps = ours.with_rust + between + peers.with_peers;
        let failed = ours.failed + peers.failed;
        let left = std::fs::read_dir(&directory)?.count().saturating_sub(1);
        let (open, close) = match pairing.promise() {
            Promise::NoHarm => (' ', ' '),
            Promise::NoHarmToOurs => ('(', ')'),
            Promise::Nothing => ('[', ']'),
        };
        println!(
            "{:5}  {:9}  {:40}{open}{counter:5} of {expected:5} {lost_increments:4}  {:4} \
             {between:4} {:4}  {:4}  {:4}  {:6} {:9}  {:5}  {:6.1} {:6.1} {failed:7} {left:5}{close}",
            place.name(),
            pairing.ours(),
            pairing.peers(),
            ours.with_rust,
            peers.with_peers,
            ours.lost,
            peers.lost,
            peers.claims_lost,
            ours.crossings + peers.crossings,
            ours.takeovers + peers.takeovers,
            ours.longest.as_secs_f64() * 1e3,
            peers.longest.as_secs_f64() * 1e3,
        );
        let ours_unharmed = ours.with_rust == 0 && ours.lost == 0 && ours.failed == 0;
        let unharmed = ours_unharmed
            && counter == expected
            && committed == expected
            && overlaps == 0
            && peers.lost == 0
            && (peers.claims_lost == 0 || !pairing.keeps_claims())
            && failed == 0
            && left == 0;
        let wrong = match pairing.promise() {
            Promise::NoHarm => !unharmed,
            Promise::NoHarmToOurs => !ours_unharmed,
            Promise::Nothing => false,
        };
        Ok(wrong.then(|| format!("{}, contention of {name}", place.name())))
    }

    fn work(&self, directory: &Path, pairing: Pairing) -> Outcome<(Tally, Tally)> {
        let ttl = if pairing.promise() == Promise::NoHarm { NEVER } else { BRIEF };
        let peers_ttl = if pairing.deaths == Deaths::OursClear { NEVER * 10 } else { ttl };
        // A machine may stall anybody for seconds between a directory and its record. Where nothing
        // may go wrong, that is no death: nobody leaves a lock without a record here.
        let grace = if pairing.promise() == Promise::NoHarm { NEVER } else { BRIEF };
        let limits = Limits { ttl: peers_ttl, grace, timeout: PATIENCE };
        let increments = self.increments.to_string();
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..self.processes {
            let mut command = rust(pairing.way)?;
            command.arg("work").arg(directory.join(NUMBERS)).arg(directory).arg(&increments);
            command.args(["--door", pairing.door.name(), "--ttl"]).arg(ttl.as_secs().to_string());
            command.arg("--grace").arg(grace.as_secs().to_string());
            ours.push(Process::start(&mut command)?);
            let mut command = peer(pairing.role, limits);
            command.arg("work").arg(directory.join(NUMBERS)).arg(directory).arg(&increments);
            if pairing.deaths != Deaths::None {
                command.args(["--abandon", ABANDONED]);
            }
            peers.push(Process::start(&mut command)?);
        }
        // Starting takes longer than working: nobody begins before all can.
        for worker in ours.iter_mut().chain(&mut peers) {
            worker.expect("ready")?;
        }
        for worker in ours.iter_mut().chain(&mut peers) {
            worker.go_on()?;
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            if pairing.deaths == Deaths::OursClear {
                scope.spawn(|| {
                    keep_clearing(pairing.way, ttl, grace, &directory.join(NUMBERS), &done);
                });
            }
            let tallies = Tally::of(peers).and_then(|peers| Ok((Tally::of(ours)?, peers)));
            done.store(true, Ordering::Relaxed);
            tallies
        })
    }
}

/// Acquires and releases until it is `done`. A call clears by the clock once per TTL at most. Our
/// workers may be through before the peers die for the last time, so new calls keep the peers
/// going.
fn keep_clearing(way: Way, ttl: Duration, grace: Duration, target: &Path, done: &AtomicBool) {
    let options = way.options(0).ttl(ttl).grace(grace).timeout(Duration::from_millis(20));
    while !done.load(Ordering::Relaxed) {
        // Its own failures are those of the workers too, and told there.
        drop(options.acquire(target));
    }
}
