//! Which runs are made, and what is counted of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::scenario::{Lock, Scenario};
use super::scenarios::SCENARIOS;
use super::scene::{Aftermath, Scene};
use super::strace::{self, Call, Ended};
use super::tools::Tools;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::workload::places::places;
use crate::workload::random::Random;

/// Which runs are made.
#[derive(Args)]
pub(crate) struct Extent {
    /// Make every run, however long that takes
    #[arg(long)]
    all: bool,
    /// Unless all: make runs for this long, in random order
    #[arg(long, default_value_t = 12)]
    seconds: u64,
    /// Only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// What happens at a call, and what is to be said of the outcome.
pub(super) trait Disturbance {
    /// As strace calls them.
    fn faults(&self) -> &'static [&'static str];
    /// Whether it can happen there at all.
    fn applies(&self, call: &Call) -> bool;
    /// Whether a program that it happened to may leave something behind.
    fn excuses(&self, call: &Call, fault: &str) -> bool;
    /// Adds what is wrong, and says in a word how it ended.
    fn judge(
        &self,
        what: (&Scenario, &Call, &str),
        scene: &Scene<'_>,
        ended: &Ended,
        after: &mut Aftermath,
    ) -> &'static str;
}

/// One run to be made.
struct Plan {
    scenario: &'static Scenario,
    call: Call,
    fault: &'static str,
}

#[derive(Default)]
struct Counts {
    /// How many runs ended how, by scenario and by what happened in them.
    ended: BTreeMap<(&'static str, &'static str), BTreeMap<&'static str, u32>>,
    runs: usize,
    /// Calls of a program that waits, which it made no more.
    not_made: u32,
    left_something: u32,
    /// Runs whose lock was free only when the grace, or the TTL, was over.
    by_time: BTreeMap<Duration, u32>,
    wrong: u32,
    longest_run: Duration,
    longest_next: Duration,
}

impl Extent {
    pub(super) fn sweep(&self, name: &str, disturbance: &impl Disturbance) -> Outcome {
        let tools = Tools::new()?;
        let place = places(self.directory.as_deref())?.remove(0);
        let mut plans = self.plan(disturbance, &tools, place.path())?;
        let all = plans.len();
        let calls = plans.chunk_by(|a, b| a.call == b.call).count();
        println!("{name}: {calls} system calls, {all} runs, on {}", place.name());
        if !self.all {
            let mut random = Random::new(u64::from(std::process::id()) << 32 | 0x9e37);
            for last in (1..plans.len()).rev() {
                plans.swap(last, random.below(last + 1));
            }
        }
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let mut counts = Counts::default();
        let progress = Progress::new(name, u64::try_from(all)?);
        for plan in &plans {
            if !self.all && Instant::now() > until {
                break;
            }
            plan.run(disturbance, &tools, place.path(), &mut counts)?;
            progress.step();
        }
        drop(progress);
        counts.print(all);
        match counts.wrong {
            0 => Ok(()),
            wrong => Err(format!("{wrong} of {} runs went wrong", counts.runs).into()),
        }
    }

    fn plan(
        &self,
        disturbance: &impl Disturbance,
        tools: &Tools,
        place: &Path,
    ) -> Outcome<Vec<Plan>> {
        let mut plans = Vec::new();
        for scenario in &SCENARIOS {
            if self.only.as_ref().is_some_and(|only| !scenario.name.contains(only.as_str())) {
                continue;
            }
            let calls = usual_calls(scenario, tools, place)?;
            // Those that are refused in all runs cannot be disturbed as well.
            let refused = scenario.refused().map(|(name, _)| name);
            let is_meant =
                |call: &Call| disturbance.applies(call) && refused != Some(call.name.as_str());
            for call in calls.into_iter().filter(is_meant) {
                let plan = |&fault| Plan { scenario, call: call.clone(), fault };
                plans.extend(disturbance.faults().iter().map(plan));
            }
        }
        Ok(plans)
    }
}

/// The calls of a scenario in which nothing is disturbed. On a busy machine a program can make
/// calls that it makes in no other run. So these are the calls that each of two runs makes.
fn usual_calls(scenario: &'static Scenario, tools: &Tools, place: &Path) -> Outcome<Vec<Call>> {
    let mut calls = calls_of(scenario, tools, place)?;
    let others = calls_of(scenario, tools, place)?;
    calls.retain(|call| others.iter().any(|other| other.is_same(call)));
    Ok(calls)
}

/// The calls of one run, which must go well.
fn calls_of(scenario: &'static Scenario, tools: &Tools, place: &Path) -> Outcome<Vec<Call>> {
    let mut scene = Scene::set_up(scenario, place)?;
    let program = scenario.program(&tools.binary, &scene.target, &tools.value());
    let root = scene.directory.path().to_owned();
    let (ended, calls) = strace::trace(&program, scenario.refused(), &root, &tools.log())?;
    let after = scene.aftermath(tools, false)?;
    let succeeded = ended.status.success();
    let is_right = after.is_new || scenario.after() == scenario.before();
    if succeeded == (scenario.lock == Lock::Held) || !is_right || !after.wrong.is_empty() {
        let said = format!("{} {:?}", ended.stderr.trim(), after.wrong);
        return Err(format!("{}: wrong even if undisturbed: {said}", scenario.name).into());
    }
    Ok(calls)
}

impl Plan {
    fn run(
        &self,
        disturbance: &impl Disturbance,
        tools: &Tools,
        place: &Path,
        counts: &mut Counts,
    ) -> Outcome {
        // Below /proc there can be more to read in one run than in another. So the number of a
        // later call can differ.
        const TRIES: u32 = 100;
        // Who waits makes calls as time passes. On a quiet machine that can be fewer.
        const MISSING: u32 = 10;
        let Self { scenario, fault, .. } = self;
        let mut call = self.call.clone();
        let mut missing = 0;
        for _ in 0..TRIES {
            if scenario.waits() && missing == MISSING {
                counts.not_made += 1;
                return Ok(());
            }
            let mut scene = Scene::set_up(scenario, place)?;
            let program = scenario.program(&tools.binary, &scene.target, &tools.value());
            let root = scene.directory.path().to_owned();
            let Some(ended) =
                strace::inject(&program, scenario.refused(), (&call, fault), &root, &tools.log())?
            else {
                let mut now = calls_of(scenario, tools, place)?.into_iter();
                match now.find(|now| now.is_same(&call)) {
                    Some(now) => call = now,
                    None => missing += 1,
                }
                continue;
            };
            let mut after = scene.aftermath(tools, disturbance.excuses(&call, fault))?;
            let word = disturbance.judge((scenario, &call, fault), &scene, &ended, &mut after);
            for wrong in &after.wrong {
                let said = ended.stderr.trim();
                println!("WRONG {}: {fault} at {call}: {wrong}; it said {said:?}", scenario.name);
            }
            counts.add(self, word, &ended, &after);
            return Ok(());
        }
        Err(format!("{}: {call} was not met in {TRIES} runs", scenario.name).into())
    }
}

impl Counts {
    fn add(&mut self, plan: &Plan, word: &'static str, ended: &Ended, after: &Aftermath) {
        let key = (plan.scenario.name, plan.fault);
        *self.ended.entry(key).or_default().entry(word).or_default() += 1;
        self.runs += 1;
        self.left_something += u32::from(!after.own_litter.is_empty());
        *self.by_time.entry(after.waited_for).or_default() += 1;
        self.wrong += u32::from(!after.wrong.is_empty());
        self.longest_run = self.longest_run.max(ended.took);
        self.longest_next = self.longest_next.max(after.next_took);
    }

    fn print(&self, all: usize) {
        let mut by_scenario = BTreeMap::<&str, BTreeMap<&str, u32>>::new();
        let mut by_fault = BTreeMap::<&str, BTreeMap<&str, u32>>::new();
        for ((scenario, fault), words) in &self.ended {
            for (word, count) in words {
                *by_scenario.entry(scenario).or_default().entry(word).or_default() += count;
                *by_fault.entry(fault).or_default().entry(word).or_default() += count;
            }
        }
        for (name, words) in by_scenario.iter().chain(&by_fault) {
            let total: u32 = words.values().sum();
            let words: Vec<_> = words.iter().map(|(word, n)| format!("{word} {n}")).collect();
            println!("  {name:36} {total:5} runs: {}", words.join(", "));
        }
        for (after, count) in self.by_time.iter().filter(|(after, _)| !after.is_zero()) {
            println!("  lock free only after {:.1} s: {count} runs", after.as_secs_f64());
        }
        if self.not_made > 0 {
            println!("  {} runs for calls that a waiting program made no more", self.not_made);
        }
        println!(
            "  {} of {all} runs; left something behind {}, cleared once it was old; longest run {:.2} s, \
             longest next one {:.2} s; wrong {}",
            self.runs,
            self.left_something,
            self.longest_run.as_secs_f64(),
            self.longest_next.as_secs_f64(),
            self.wrong
        );
    }
}
