//! Exchange: another user exchanges directories and links on the path while root writes.
//!
//! The other user owns a directory on the path, and in it the name `d`. It leads to three places in
//! turn:
//!
//! - a directory with a file of the attacker's,
//! - one with a link to a file that only root may read,
//! - the directory of that file.
//!
//! Root writes the file at `d/…` with each verb that replaces or creates a file. An attack succeeds
//! if root puts the attacker's content in the place of the secret file. It also succeeds if root
//! creates a file where a link of the attacker's leads.
//!
//! | verb | what the attacker hopes for |
//! |---|---|
//! | `set`, `check --fix` | root reads the attacker's document, and replaces the secret by it |
//! | `merge --install` | the same with the attacker's `.gitattributes` |
//! | `append` | root finds no log, and creates one through a link that leads to nothing |
//!
//! Most rounds wait for something: a command that makes the value, git, or 200 ms for a log that is
//! missing. So several attacks run side by side, each with an attacker and directories of its own.
//!
//! Many rounds of `check --fix` are refused, and rightly so: it reads the path three times. If one
//! of these reads leads to the secret file, that is no document, which is what `check` says.

mod attacker;
mod scene;
mod unprotected;
mod verb;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use clap::{Args, ValueEnum};
use rustix::process::geteuid;

pub(crate) use self::attacker::Worker;
use self::attacker::{Attacker, Signs};
use self::scene::Scene;
pub(crate) use self::unprotected::UnprotectedWorker;
use self::verb::Verb;
use crate::outcome::Outcome;
use crate::workload::places::places;
use crate::workspace::{cargo, run, target};

/// Let another user exchange directories and links while root writes: no file is replaced but the
/// one that was read. Needs root, and git.
#[derive(Args)]
pub(crate) struct Exchange {
    /// How many times each verb runs, in all places together
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// How many attacks run side by side
    #[arg(long, default_value_t = 4)]
    lanes: u32,
    /// Only this verb
    #[arg(long)]
    only: Option<Verb>,
    /// Attack this program instead of the one that is built here
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Attack a writer that goes by the path at each step; fails unless each attack succeeds
    #[arg(long, conflicts_with = "binary")]
    unprotected: bool,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// Who writes.
enum Writer {
    /// This program.
    Program(PathBuf),
    /// One that goes by the path at each step.
    Unprotected,
}

/// How many times as many rounds there are at most until a writer has written.
const MORE: u32 = 20;

pub(crate) fn check() -> Outcome {
    if geteuid().is_root() {
        return Ok(());
    }
    Err("only root can start a process as another user".into())
}

impl Exchange {
    pub(crate) fn run(self) -> Outcome {
        check()?;
        run(&mut cargo(&["build", "--quiet", "--package", "agentslock-cli"]))?;
        let writer = match &self.binary {
            _ if self.unprotected => Writer::Unprotected,
            Some(binary) => Writer::Program(std::path::absolute(binary)?),
            None => Writer::Program(target()?.join("debug/agentslock")),
        };
        let verbs =
            Verb::value_variants().iter().filter(|verb| self.only.is_none_or(|o| o == **verb));
        let verbs: Vec<Verb> = verbs.copied().collect();
        let places = places(self.directory.as_deref())?;
        let rounds = self.rounds.div_ceil(u32::try_from(places.len())?);
        println!("exchange: {} rounds of each verb, {rounds} in each place", self.rounds);
        let mut held = true;
        for place in &places {
            for verb in &verbs {
                let attack = Attack { verb: *verb, writer: &writer, below: place.path(), rounds };
                let (started, counts) = (Instant::now(), attack.in_lanes(self.lanes.max(1))?);
                let took = started.elapsed().as_secs_f64();
                println!("  {:9} {:15} {counts}, {took:.0} s", place.name(), verb.name());
                // Otherwise nothing was tried.
                if counts.met == 0 || counts.done == 0 && !self.unprotected {
                    return Err("the attacker or the writer was not at work".into());
                }
                held &= (counts.succeeded > 0) == self.unprotected;
            }
        }
        if held { Ok(()) } else { Err("what was to hold did not".into()) }
    }
}

/// The attack on one verb in one place.
struct Attack<'a> {
    verb: Verb,
    writer: &'a Writer,
    below: &'a Path,
    rounds: u32,
}

impl Attack<'_> {
    /// Side by side, until all rounds are done.
    fn in_lanes(&self, lanes: u32) -> Outcome<Counts> {
        let (begun, done) = (AtomicU32::new(0), AtomicU32::new(0));
        let lane = || self.lane(&begun, &done).map_err(|error| error.to_string());
        let ended: Vec<_> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
            let joined = lanes.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|ended| ended.expect("because a lane does not panic")).collect()
        });
        let mut all = Counts::default();
        for counts in ended {
            all.add_all(&counts?);
        }
        Ok(all)
    }

    /// Runs the verb again and again while an attacker is at work.
    fn lane(&self, begun: &AtomicU32, done: &AtomicU32) -> Outcome<Counts> {
        let scene = Scene::set_up(self.verb, self.below)?;
        let attacker = Attacker::start(&scene.attackers)?;
        let exchanges = Signs::of_exchanges(&scene.attackers)?;
        let (own, path) =
            (PathBuf::from(scene.own_path()), scene.attackers.join("d").join(self.verb.file()));
        let mut counts = Counts::default();
        // Some verbs seldom get as far as to write: until one did, there is no attack to speak of.
        let most = |done| if done == 0 { self.rounds.saturating_mul(MORE) } else { self.rounds };
        loop {
            let round = begun.fetch_add(1, Ordering::Relaxed);
            if round >= most(done.load(Ordering::Relaxed)) {
                break;
            }
            scene.bait()?;
            exchanges.were_there();
            let mut command = match self.writer {
                Writer::Program(binary) => self.verb.command(binary, (&own, &path), round),
                Writer::Unprotected => unprotected::command(self.verb, &path)?,
            };
            let ended = counts.add(command.status()?, exchanges.were_there())?;
            done.fetch_add(u32::from(ended == Ended::Done), Ordering::Relaxed);
            counts.succeeded += u32::from(scene.is_hit()?);
        }
        counts.exchanges = attacker.stop()?;
        Ok(counts)
    }
}

/// How a round ended.
#[derive(PartialEq, Eq)]
enum Ended {
    Done,
    NotDone,
}

#[derive(Default)]
struct Counts {
    rounds: u32,
    exchanges: u64,
    /// Rounds with an exchange between the writer's start and its end.
    met: u32,
    /// Of these: the writer wrote; it refused to; it waited until its time was over.
    met_done: u32,
    met_refused: u32,
    met_timed_out: u32,
    done: u32,
    succeeded: u32,
}

impl Counts {
    fn add(&mut self, status: ExitStatus, met: bool) -> Outcome<Ended> {
        let met = u32::from(met);
        self.rounds += 1;
        self.met += met;
        match status.code() {
            Some(0) => {
                self.done += 1;
                self.met_done += met;
                return Ok(Ended::Done);
            }
            // Findings that remain; trouble.
            Some(1 | 2) => self.met_refused += met,
            Some(75) => self.met_timed_out += met,
            _ => return Err(format!("a round ended with {status}").into()),
        }
        Ok(Ended::NotDone)
    }

    fn add_all(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.exchanges += other.exchanges;
        self.met += other.met;
        self.met_done += other.met_done;
        self.met_refused += other.met_refused;
        self.met_timed_out += other.met_timed_out;
        self.done += other.done;
        self.succeeded += other.succeeded;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} rounds beside {} exchanges; {} met one: done {}, refused {}, timed out {}; not met: done {}; \
             attacks that succeeded: {}",
            self.rounds,
            self.exchanges,
            self.met,
            self.met_done,
            self.met_refused,
            self.met_timed_out,
            self.done - self.met_done,
            self.succeeded
        )
    }
}
