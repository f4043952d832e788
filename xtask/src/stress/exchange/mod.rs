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
//! Most rounds of `check --fix` are refused, and rightly so: it reads the path three times. If one
//! of these reads leads to the secret file, that is no document, which is what `check` says.

mod attacker;
mod scene;
mod verb;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

use clap::{Args, ValueEnum};
use rustix::process::geteuid;

use self::attacker::Attacker;
pub(crate) use self::attacker::Worker;
use self::scene::Scene;
use self::verb::Verb;
use crate::outcome::Outcome;
use crate::workload::places::in_each;
use crate::workspace::{cargo, run, target};

/// Let another user exchange directories and links while root writes: no file is replaced but the
/// one that was read. Needs root, and git.
#[derive(Args)]
pub(crate) struct Exchange {
    /// How many times each verb runs, in each place
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Only this verb
    #[arg(long)]
    only: Option<Verb>,
    /// Attack this program instead of the one that is built here
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
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
        let binary = match &self.binary {
            Some(binary) => std::path::absolute(binary)?,
            None => target()?.join("debug/agentslock"),
        };
        let verbs =
            Verb::value_variants().iter().filter(|verb| self.only.is_none_or(|o| o == **verb));
        let verbs: Vec<Verb> = verbs.copied().collect();
        println!("exchange: {} rounds of each verb", self.rounds);
        in_each(self.directory.as_deref(), |name, path| {
            let mut held = true;
            for verb in &verbs {
                held &= attack(*verb, &binary, (name, path), self.rounds)?;
            }
            Ok(held)
        })
    }
}

/// Runs the verb again and again while the attacker is at work. Returns whether no attack
/// succeeded.
fn attack(verb: Verb, binary: &Path, (place, below): (&str, &Path), rounds: u32) -> Outcome<bool> {
    let scene = Scene::set_up(verb, below)?;
    let attacker = Attacker::start(&scene.attackers)?;
    let path = scene.attackers.join("d").join(verb.file());
    let mut counts = Counts::default();
    let started = Instant::now();
    let mut round = 0;
    // Some verbs seldom get as far as to write: until one did, there is no attack to speak of.
    while round < rounds || counts.done == 0 && round < rounds.saturating_mul(MORE) {
        scene.bait()?;
        let own = PathBuf::from(scene.own_path());
        let mut command = verb.command(binary, (&own, &path), round);
        counts.add(command.status()?)?;
        counts.succeeded += u32::from(scene.is_hit()?);
        round += 1;
    }
    let (took, exchanges) = (started.elapsed(), attacker.stop()?);
    println!(
        "  {place:9} {:15} {round} rounds beside {exchanges} exchanges, {:.0} s: done {}, \
         refused {}, timed out {}; attacks that succeeded: {}",
        verb.name(),
        took.as_secs_f64(),
        counts.done,
        counts.refused,
        counts.timed_out,
        counts.succeeded
    );
    // Otherwise nothing was tried.
    if exchanges < u64::from(round) || counts.done == 0 {
        return Err("the attacker or the writer was not at work".into());
    }
    Ok(counts.succeeded == 0)
}

#[derive(Default)]
struct Counts {
    done: u32,
    refused: u32,
    timed_out: u32,
    succeeded: u32,
}

impl Counts {
    fn add(&mut self, status: ExitStatus) -> Outcome {
        match status.code() {
            Some(0) => self.done += 1,
            // Findings that remain; trouble.
            Some(1 | 2) => self.refused += 1,
            Some(75) => self.timed_out += 1,
            _ => return Err(format!("a round ended with {status}").into()),
        }
        Ok(())
    }
}
