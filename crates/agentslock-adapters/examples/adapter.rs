//! A graph adapter: goes live, follows its own schema, and keeps its views built.
//!
//! ```sh
//! cargo run -p agentslock-adapters --example adapter -- REPOSITORY [ROUNDS]
//! ```
//!
//! A view fits the schema if a table of its name is in `adapters/kuzu.schema`. Change that file
//! between two runs for a bump. With ROUNDS it builds its views so many times.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use agentslock_adapters::{
    Activation, AdapterHandle, AdaptersLock, Build, ChangeError, Dependency, Digest, Status,
    Timestamp,
};
use sha2::{Digest as _, Sha256};

const VIEWS: [&str; 2] = ["calls", "imports"];

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let busy = error.downcast_ref().is_some_and(ChangeError::is_contention);
            eprintln!("adapter: {}{error}", if busy { "try again later: " } else { "" });
            ExitCode::from(if busy { 75 } else { 1 })
        }
    }
}

fn run(words: &[String]) -> Result<(), Box<dyn Error>> {
    let repository = Path::new(words.first().ok_or("usage: adapter REPOSITORY [ROUNDS]")?);
    let rounds: u32 = words.get(1).map_or(Ok(1), |rounds| rounds.parse())?;
    let kuzu = AdaptersLock::new(repository.join(".agentsrc.lock")).adapter("kuzu")?;
    for round in 0..rounds {
        print!("{}", step(repository, &kuzu, round)?);
    }
    Ok(())
}

/// Does what is to be done by now, whatever an earlier run came to. Returns what to print.
pub(crate) fn step(
    repository: &Path,
    kuzu: &AdapterHandle,
    round: u32,
) -> Result<String, Box<dyn Error>> {
    let at = Timestamp::now();
    let schema = std::fs::read_to_string(repository.join("adapters/kuzu.schema"))?;
    let schema_digest = digest(schema.as_bytes());
    let fits = |view: &str| schema.to_lowercase().contains(view);
    let itself = Dependency::new(kuzu.name(), schema_digest.clone(), "0.7.0");
    let source_digest = digest(b"the adapter's own code");
    let mut told = String::new();

    // A new schema is a bump: the views that were built against the old one, of whatever adapter,
    // have to be checked. Their authors find that in the document.
    let activation = Activation { source_digest, schema_digest, at: at.clone() };
    for view in kuzu.activate(&activation)?.moved {
        writeln!(told, "bumped: {view} is to be checked")?;
    }
    let views = kuzu.entry()?.ok_or("another program removed the adapter")?.materialized_views;
    let build = |view: &str| digest(format!("{view}, built in round {round}").as_bytes());
    let mut fresh = Vec::new();
    for name in VIEWS {
        let status = views.get(name).map(|view| view.view_status.clone());
        if status == Some(Status::PendingRecompatCheck) {
            if !fits(name) {
                kuzu.recompat_failed(name, &at)?;
                writeln!(told, "failed: {name} needs a new definition")?;
                continue;
            }
            kuzu.recompat_passed(name, std::slice::from_ref(&itself), &at)?;
        }
        match status {
            Some(Status::PendingRecompatCheck | Status::PendingRebuild) => {
                // It is `ready` now, unless the schema has changed once more: then the next run
                // checks.
                let outcome = kuzu.view_rebuilt(name, &build(name), &at)?;
                writeln!(told, "rebuilt: {name}{}", told_of(&outcome.outdated))?;
            }
            Some(Status::DslUpdateRequired) if !fits(name) => {}
            _ => {
                let build = Build::new(build(name), at.clone()).depending_on(itself.clone());
                fresh.push((name, build));
            }
        }
    }
    // All of them in one write. What is registered as it was is no change.
    let outcome = kuzu.register_views(fresh)?;
    Ok(told + &told_of(&outcome.outdated))
}

fn told_of(outdated: &[agentslock_adapters::OutdatedView]) -> String {
    let views: Vec<_> = outdated.iter().map(|view| format!(", but not ready: {view}")).collect();
    views.concat()
}

fn digest(content: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(content).into())
}
