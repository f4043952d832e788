//! `agentslock`: `.agentsrc.lock` and its lock, for people, shell hooks, git and other languages.
//!
//! A thin face: what it does, the libraries `agentslock-core`, `agentslock-config`, `fsops` and
//! `filelock` do. This crate is the program, with two doors: [`main`] runs it, and [`command`]
//! describes its command line to those who write completions and manual pages.

mod child;
mod command_line;
mod document;
mod filter;
mod flags;
mod hold;
mod io;
mod lock_wait;
mod sys;
mod verbs;
mod who;
#[cfg(test)]
mod words;

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;
use command_line::{Arguments, Verb};
use io::failure::Failure;
use io::{next, stderr, stdout};
use verbs::{
    append, check, completions, diff, digest, doctor, edit, holder, init, man, merge, run, schema,
    set, show, unset,
};

/// The command line: verbs, flags and their help.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program with the arguments of the process, and returns its exit status.
pub fn main() -> ExitCode {
    let typed: Vec<_> = std::env::args_os().collect();
    let arguments = match Arguments::read(&typed).and_then(with_environment) {
        Ok(arguments) => arguments,
        Err(error) => return stdout::report_usage(&error),
    };
    sys::catch_file_size_limit();
    let Arguments { verb, common } = &arguments;
    let ended = match verb {
        Verb::Show(arguments) => show::show(arguments, common),
        Verb::Set(arguments) => set::set(arguments, common),
        Verb::Edit(arguments) => edit::edit(arguments, common),
        Verb::Unset(arguments) => unset::unset(arguments, common),
        Verb::Check(arguments) => check::check(arguments, common),
        Verb::Diff(arguments) => diff::diff(arguments, common),
        Verb::Digest(arguments) => digest::digest(arguments, common),
        Verb::Merge(arguments) => merge::merge(arguments, common),
        Verb::Run(arguments) => run::run(arguments, common),
        Verb::Holder(arguments) => holder::holder(arguments, common),
        Verb::Append(arguments) => append::append(arguments, common),
        Verb::Doctor(arguments) => doctor::doctor(arguments, common),
        Verb::Init(arguments) => init::init(arguments, common),
        Verb::Schema(_) => schema::schema(),
        Verb::Completions(arguments) => completions::completions(arguments, common, command()),
        Verb::Man(arguments) => man::man(arguments, command()),
    };
    stderr::end_progress();
    let typed_verb = flags::verb(&typed[1..]).and_then(|verb| verb.to_str());
    match ended.map_err(|failure| next::finished(failure, typed_verb)) {
        Ok(code) => code,
        Err(failure) => match sys::interrupted_by().map(sys::exit_code_of_signal) {
            None => stdout::report(&failure, common.json),
            Some(status) if common.json => {
                stdout::report(&Failure { status, kind: "interrupted", ..failure }, true)
            }
            // As if the signal had ended us, but with everything cleaned up.
            Some(status) => ExitCode::from(status),
        },
    }
}

/// Adds what the environment says, and refuses flags that would act on another file than the verb
/// does.
fn with_environment(mut arguments: Arguments) -> Result<Arguments, clap::Error> {
    let refuse = |kind, message: &str| Err(Arguments::command().error(kind, message));
    if let Some(takes) = arguments.verb.takes_instead_of_document()
        && arguments.common.file.is_some()
    {
        let message = format!("--file names the document; {takes}");
        return refuse(ErrorKind::ArgumentConflict, &message);
    }
    if let Verb::Run(run) = &arguments.verb
        && let Some(message) = run.misplaced()
    {
        return refuse(ErrorKind::UnknownArgument, &message);
    }
    match arguments.common.with_environment() {
        Ok(common) => arguments.common = common,
        Err(message) => return refuse(ErrorKind::ValueValidation, &message),
    }
    Ok(arguments)
}
