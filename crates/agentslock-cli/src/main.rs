//! `agentslock`: `.agentsrc.lock` and its lock, for people, shell hooks and other languages.
//!
//! A thin face: what it does, the libraries `agentslock-core`, `fsops` and `filelock` do.

mod append;
mod arguments;
mod failure;
mod find;
mod output;
mod run;
mod set;
mod show;
mod sys;
mod waiting;

use std::process::ExitCode;

use arguments::{Arguments, Verb};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (json, ended) = match &arguments.verb {
        Verb::Show(show) => (show.json, show::show(show)),
        Verb::Set(set) => (set.json, set::set(set)),
        Verb::Run(run) => (run.json, run::run(run)),
        Verb::Append(append) => (append.json, append::append(append)),
    };
    match ended {
        Ok(code) => code,
        Err(failure) => output::report(&failure, json),
    }
}
