//! Conformance: what every implementation of the lock's protocol must do, as data.
//!
//! `docs/protocol/vectors.json` is the kit: names, records, what can stand at a lock's name, what
//! becomes of it, and which system calls change the disk. This crate's answers stand in it. The
//! task asks this crate again, and the peer in Python that was written from `docs/protocol.md`. An
//! answer that differs is a failure, of the kit's age or of the peer.
//!
//! An implementation takes part as a program that answers lines: see [`program`].

mod calls;
mod kit;
mod program;
mod questions;
mod scene;
mod script;
mod worker;

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::workspace::{root, worker};
use kit::Kit;
use program::{ALL_WAYS, Program};

pub(crate) use worker::Worker;

/// Ask this crate and a peer in Python what the protocol's kit asks; compare the answers.
#[derive(Args)]
pub(crate) struct Conformance {
    /// Write this crate's answers to docs/protocol/vectors.json
    #[arg(long, conflicts_with = "program")]
    write: bool,
    /// Ask this program, and nothing else; each word is an argument
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_name = "WORD")]
    program: Vec<String>,
}

/// # Errors
///
/// What is missing here.
pub(crate) fn check() -> Outcome {
    if !cfg!(target_os = "linux") {
        return Err("the kit's trees and system calls are those of Linux".into());
    }
    crate::interop::find_python()?;
    crate::inject::check()
}

fn path() -> PathBuf {
    root().join("docs/protocol/vectors.json")
}

impl Conformance {
    pub(crate) fn run(self) -> Outcome {
        check()?;
        // As most programs are started; the modes in the kit are those.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        if self.write {
            return write();
        }
        let text = std::fs::read_to_string(path())?;
        let kit = Kit::read(&text)?;
        if !self.program.is_empty() {
            return kit.compare("the program", &start(&self.program));
        }
        if Kit::questions().text()? != kit.without_answers().text()? || kit.text()? != text {
            return Err(format!("docs/protocol/vectors.json is old: {RENEW}").into());
        }
        kit.compare("this crate", &ours).map_err(|error| format!("{error}: {RENEW}"))?;
        kit.compare("the peer in Python", &python)
    }
}

const RENEW: &str = "run `cargo xtask conformance --write`, and read the difference";

fn write() -> Outcome {
    let mut kit = Kit::questions();
    if kit.ask(&ours)? > 0 {
        return Err("something cannot be asked here, so that the kit would lack it".into());
    }
    fsops::write_atomic(path(), kit.text()?.as_bytes())?;
    println!("docs/protocol/vectors.json: {}", kit.counts());
    Ok(())
}

/// A command that starts an implementation, which claims its locks in `way`.
type Start<'a> = dyn Fn(&str) -> Outcome<Command> + 'a;

fn ours(way: &str) -> Outcome<Command> {
    let mut command = worker("conformance")?;
    command.arg(way);
    Ok(command)
}

#[allow(clippy::unnecessary_wraps, reason = "as the other ones")]
fn python(way: &str) -> Outcome<Command> {
    let mut command = crate::interop::python();
    command.arg(root().join("xtask/peers/conform.py")).arg(way);
    Ok(command)
}

fn start(words: &[String]) -> impl Fn(&str) -> Outcome<Command> + use<'_> {
    |way| {
        let (program, arguments) = words.split_first().ok_or("no program was named")?;
        let mut command = Command::new(program);
        command.args(arguments).arg(way);
        Ok(command)
    }
}

impl Kit {
    /// Asks an implementation, and fails if an answer differs from the kit's.
    fn compare(&self, name: &str, start: &Start<'_>) -> Outcome {
        let mut asked = self.without_answers();
        let not_run = asked.ask(start)?;
        let mut differences = 0;
        for (expected, answer) in self.vectors().zip(asked.vectors()) {
            if expected != answer && !scene::cannot_be_made(expected) {
                differences += 1;
                println!("{name} differs:\n  kit    {expected}\n  answer {answer}");
            }
        }
        if not_run > 0 {
            println!("NOT RUN: {not_run} vectors: this machine has no /etc/machine-id");
        }
        println!("{name}: {}, {differences} differ", asked.counts());
        if differences == 0 { Ok(()) } else { Err(format!("{name} does not conform").into()) }
    }

    /// Asks everything. Returns how many vectors cannot be asked here.
    fn ask(&mut self, start: &Start<'_>) -> Outcome<usize> {
        let mut programs = Vec::new();
        for way in ALL_WAYS {
            programs.push((way, Program::start(&mut start(way)?)?));
        }
        let published = &mut programs[0].1;
        for vector in &mut self.names {
            vector["lock"] = published.ask(&json!({"do": "name", "path": vector["path"]}))?;
        }
        for vector in &mut self.records {
            vector["read"] = published.ask(&json!({"do": "record", "bytes": vector["bytes"]}))?;
        }
        let not_run = self.occupants.iter().filter(|vector| scene::cannot_be_made(vector)).count();
        for vector in self.occupants.iter_mut().filter(|it| !scene::cannot_be_made(it)) {
            let name = vector["name"].clone();
            let of = |error| format!("{name}: {error}");
            scene::judge(vector, &mut programs).map_err(of)?;
        }
        for vector in &mut self.scripts {
            let name = vector["name"].clone();
            let of = |error| format!("{name}: {error}");
            script::play(vector, &mut programs).map_err(of)?;
        }
        for vector in &mut self.calls {
            let way = vector["way"].as_str().unwrap_or_default().to_owned();
            vector["calls"] = Value::from(calls::traced(vector, &start(&way)?)?);
        }
        Ok(not_run)
    }
}
