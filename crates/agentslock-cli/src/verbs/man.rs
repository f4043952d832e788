//! `man`: the manual pages.

use std::process::ExitCode;

use clap::Args;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::document::hint::like;
use crate::io::failure::Failure;
use crate::io::stdout::print_bytes;

/// Print the manual page of the program, or of a verb, for man(1).
#[derive(Args, Debug)]
#[command(
    name = "man",
    after_help = "Example:\n  agentslock man run | man -l -\n  \
    agentslock man > /usr/local/share/man/man1/agentslock.1"
)]
pub(crate) struct ManPage {
    /// The verb
    verb: Option<String>,
}

pub(crate) fn man(arguments: &ManPage, command: clap::Command) -> Result<ExitCode, Failure> {
    print_bytes(&page(arguments.verb.as_deref(), command)?)
}

/// The page of a verb, or of the program.
fn page(verb: Option<&str>, mut command: clap::Command) -> Result<Vec<u8>, Failure> {
    let version = command.get_version().unwrap_or_default().to_owned();
    command.build();
    let verbs: Vec<String> =
        command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let (title, page) = match verb {
        None => ("agentslock".to_owned(), command.clone()),
        Some(verb) => {
            let Some(found) = command.find_subcommand(verb) else {
                let meant = like(verb, verbs.iter().map(String::as_str));
                let hint = meant.map_or_else(String::new, |it| format!("; did you mean `{it}`?"));
                let message = format!("there is no verb `{verb}`, and no page for it{hint}");
                return Err(Failure::input(message));
            };
            (format!("agentslock-{verb}"), found.clone())
        }
    };
    let (description, after) = (page.clone(), page.get_after_help().map(ToString::to_string));
    let man = Man::new(description.after_help("").display_name(title.clone()))
        .title(title.to_uppercase())
        .source(format!("agentslock {version}"))
        .manual("User Commands");
    let mut out = Vec::new();
    let failed = |error| Failure::io("failed to write the page", &error);
    man.render_title(&mut out).map_err(failed)?;
    man.render_name_section(&mut out).map_err(failed)?;
    let mut roff = Roff::new();
    synopsis(&mut roff, &page);
    roff.to_writer(&mut out).map_err(failed)?;
    man.render_description_section(&mut out).map_err(failed)?;
    man.render_options_section(&mut out).map_err(failed)?;
    if verb.is_none() {
        man.render_subcommands_section(&mut out).map_err(failed)?;
    }
    let mut roff = Roff::new();
    sections(&mut roff, &after.unwrap_or_default());
    see_also(&mut roff, verb, &verbs);
    roff.to_writer(&mut out).map_err(failed)?;
    Ok(out)
}

/// As it is typed: as the usage of `--help` has it.
fn synopsis(roff: &mut Roff, page: &clap::Command) {
    roff.control("SH", ["SYNOPSIS"]);
    let usage = page.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    roff.text([roman(usage)]);
}

/// What help says at its end: examples, then what the exit status means.
fn sections(roff: &mut Roff, after: &str) {
    for paragraph in after.split("\n\n") {
        if let Some(examples) = paragraph.strip_prefix("Example:\n") {
            roff.control("SH", ["EXAMPLES"]);
            roff.control("nf", []);
            for line in examples.lines() {
                roff.text([roman(line.trim())]);
            }
            roff.control("fi", []);
        } else if let Some(status) = paragraph.strip_prefix("Exit status: ") {
            roff.control("SH", ["EXIT STATUS"]);
            for line in status.trim_end_matches('.').split("; ") {
                roff.control("TP", []);
                let (code, meaning) = line.split_once(' ').unwrap_or((line, ""));
                roff.text([bold(code)]);
                roff.text([roman(meaning)]);
            }
        } else if !paragraph.is_empty() {
            roff.control("PP", []);
            roff.text([roman(paragraph)]);
        }
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in [
        ("AGENTSLOCK_FILE", "the document, as --file"),
        ("AGENTSLOCK_WAIT", "how long to wait for the lock, as --wait"),
        ("AGENTSLOCK_JSON", "if neither empty nor 0: as --json"),
        ("AGENTSLOCK_HOLDS", "set by run: the locks inside which a command works"),
        ("NO_COLOR", "if set: no colours"),
    ] {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
    roff.control("SH", ["FILES"]);
    for (name, meaning) in [
        (".agentsrc.lock", "the document: the nearest one upward"),
        (".agentsrc.lock.lock/holder", "its lock, while it is held, and the record of the holder"),
    ] {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
}

fn see_also(roff: &mut Roff, verb: Option<&str>, verbs: &[String]) {
    roff.control("SH", ["SEE ALSO"]);
    let mut pages: Vec<String> = match verb {
        None => verbs
            .iter()
            .filter(|verb| *verb != "help")
            .map(|verb| format!("agentslock-{verb}(1)"))
            .collect(),
        Some(_) => vec!["agentslock(1)".to_owned()],
    };
    pages.push("flock(1)".to_owned());
    roff.text([roman(pages.join(", "))]);
}
