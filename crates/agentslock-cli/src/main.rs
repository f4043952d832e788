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
use failure::TROUBLE;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::report_usage(&error),
    };
    let (json, ended) = match &arguments.verb {
        Verb::Show(show) => (show.json, show::show(show)),
        Verb::Set(set) => (set.json, set::set(set)),
        Verb::Run(run) => (run.json, run::run(run)),
        Verb::Append(append) => (append.json, append::append(append)),
    };
    match ended {
        Ok(code) => code,
        // As if the signal had ended us, but with everything cleaned up.
        Err(_) if sys::interrupted_by().is_some() => {
            ExitCode::from(sys::interrupted_by().map_or(TROUBLE, sys::exit_code_of_signal))
        }
        Err(failure) => output::report(&failure, json),
    }
}
