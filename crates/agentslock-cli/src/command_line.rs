//! The command line: all verbs. The flags of each stand in its own file.

use std::ffi::OsString;

use clap::{Args as _, FromArgMatches as _, Parser, Subcommand};

use crate::flags::{Common, verb};
use crate::verbs::append::Append;
use crate::verbs::check::Check;
use crate::verbs::completions::Completions;
use crate::verbs::diff::Diff;
use crate::verbs::digest::DigestOf;
use crate::verbs::doctor::Doctor;
use crate::verbs::edit::Edit;
use crate::verbs::holder::Holder;
use crate::verbs::init::Init;
use crate::verbs::man::ManPage;
use crate::verbs::merge::Merge;
use crate::verbs::run::Run;
use crate::verbs::schema::Schema;
use crate::verbs::set::Set;
use crate::verbs::show::Show;
use crate::verbs::unset::Unset;

/// Reads and writes .agentsrc.lock, which many programs share, and locks any file around a command.
#[derive(Debug, Parser)]
#[command(
    name = "agentslock",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 success, or the \
    answer is yes; 1 the answer is no, or not found; 2 usage, input or I/O; 75 timed out waiting for the lock, or \
    lost it, and wrote nothing: try again; others the command's own, of run.\n\n\
    If something is wrong, `agentslock doctor` says what to type."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show(Show),
    Set(Set),
    Unset(Unset),
    Edit(Edit),
    Check(Check),
    Diff(Diff),
    Digest(DigestOf),
    Merge(Merge),
    Run(Run),
    Holder(Holder),
    Append(Append),
    Doctor(Doctor),
    Init(Init),
    Schema(Schema),
    Completions(Completions),
    Man(ManPage),
}

/// Adds a verb's flags to its description.
type Describe = fn(clap::Command) -> clap::Command;

/// The name of each verb, and what describes its flags.
const FLAGS: [(&str, Describe); 16] = [
    ("show", Show::augment_args),
    ("set", Set::augment_args),
    ("unset", Unset::augment_args),
    ("edit", Edit::augment_args),
    ("check", Check::augment_args),
    ("diff", Diff::augment_args),
    ("digest", DigestOf::augment_args),
    ("merge", Merge::augment_args),
    ("run", Run::augment_args),
    ("holder", Holder::augment_args),
    ("append", Append::augment_args),
    ("doctor", Doctor::augment_args),
    ("init", Init::augment_args),
    ("schema", Schema::augment_args),
    ("completions", Completions::augment_args),
    ("man", ManPage::augment_args),
];

impl Arguments {
    /// Reads the arguments of the process.
    ///
    /// To describe all verbs takes longer than most verbs take. So the verb that was typed is
    /// described alone. What is not understood then is read again by the whole description, which
    /// has all that an error or a help needs.
    ///
    /// Cron jobs and hooks type `run` most, in one form. To describe its flags takes a fifth of the
    /// time that `run` needs itself. So that form is read without a description.
    pub(crate) fn read(typed: &[OsString]) -> Result<Self, clap::Error> {
        Self::read_plain_run(typed)
            .or_else(|| Self::read_by_one_verb(typed))
            .map_or_else(|| Self::try_parse_from(typed), Ok)
    }

    /// `agentslock run [FLAG]... FILE [FLAG]... -- COMMAND...`, with the flags of
    /// [`Common::take_plain_flag`].
    /// `None` for any other form, and for all that is wrong: that is explained by the description.
    fn read_plain_run(typed: &[OsString]) -> Option<Self> {
        let [_, verb, rest @ ..] = typed else { return None };
        let end = rest.iter().position(|word| word == "--")?;
        let (before, command) = (&rest[..end], &rest[end + 1..]);
        if verb != "run" || command.is_empty() {
            return None;
        }
        let mut common = Common::default();
        let mut file = None;
        let mut words = before.iter();
        while let Some(word) = words.next() {
            if word.as_encoded_bytes().starts_with(b"-") {
                common.take_plain_flag(word.to_str()?, &mut words)?;
            } else if word.is_empty() || file.replace(word).is_some() {
                return None;
            }
        }
        Some(Self { verb: Verb::Run(Run::plain(file?, command)), common })
    }

    fn read_by_one_verb(typed: &[OsString]) -> Option<Self> {
        let mut command = describe_one(verb(typed.get(1..)?)?.to_str()?)?;
        let matches = command.try_get_matches_from_mut(typed);
        // The process is short, and taking the description apart takes as long as making it.
        std::mem::forget(command);
        Self::from_arg_matches(&matches.ok()?).ok()
    }
}

/// The command line with this verb alone.
fn describe_one(name: &str) -> Option<clap::Command> {
    let (name, flags) = FLAGS.iter().find(|(verb, _)| *verb == name)?;
    let verb = flags(clap::Command::new(*name));
    let program = clap::Command::new("agentslock").subcommand_required(true);
    Some(Common::augment_args(program).subcommand(verb))
}

impl Verb {
    /// What a verb takes that acts on no document, or on one that is an argument.
    pub(crate) fn takes_instead_of_document(&self) -> Option<&'static str> {
        match self {
            Self::Run(_) => Some("`run` takes FILE as its argument"),
            Self::Holder(_) => Some("`holder` takes FILE as its argument"),
            Self::Edit(edit) if edit.target.is_some() => Some("`edit` takes FILE as its argument"),
            Self::Append(_) => Some("`append` takes FILE as its argument"),
            Self::Merge(_) => Some("`merge` takes BASE OURS THEIRS as its arguments"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_verb_that_is_described_alone_is_described_as_among_all() {
        let mut all = Arguments::command();
        all.build();
        let verbs: Vec<_> = all.get_subcommands().map(clap::Command::get_name).collect();
        let mut described: Vec<_> = FLAGS.iter().map(|(name, _)| *name).collect();
        described.push("help");
        assert_eq!(verbs, described);
        for (name, _) in FLAGS {
            let mut alone = describe_one(name).unwrap();
            alone.clone().debug_assert();
            alone.build();
            let flags = |command: &clap::Command| {
                let verb = command.find_subcommand(name).unwrap();
                // The order in help counts from the first argument of all; help itself shows it.
                let argument = |it: &clap::Arg| format!("{:?}", it.clone().display_order(0));
                let arguments = verb.get_arguments().map(argument).collect::<Vec<_>>();
                (verb.clone().render_long_help().to_string(), arguments)
            };
            assert_eq!(flags(&alone), flags(&all), "{name}");
        }
    }

    #[test]
    fn what_is_typed_is_read_alike_with_one_verb_and_with_all() {
        let read = |line: &str| {
            let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            (Arguments::read_by_one_verb(&typed), Arguments::try_parse_from(&typed))
        };
        for line in [
            "agentslock show -r units.x --file f",
            "agentslock -q --wait 5m --color never run f -- show -n",
            "agentslock --file f set --json a 1",
            "agentslock append log {} -n",
            "agentslock merge --install --ignore=exclude",
            "agentslock check --fix --take ours --entry a.b",
        ] {
            let (alone, all) = read(line);
            assert_eq!(format!("{:?}", alone.unwrap()), format!("{:?}", all.unwrap()), "{line}");
        }
        // Those that only the whole description explains.
        for line in [
            "agentslock",
            "agentslock --version",
            "agentslock show --help",
            "agentslock shwo",
            "agentslock run f --unknown -- true",
            "agentslock help run",
            "agentslock -qw 5 show --unknown",
        ] {
            let (alone, all) = read(line);
            assert!(alone.is_none() && all.is_err(), "{line}");
        }
        // The value of a flag is taken for the verb; then the whole description reads it.
        let (alone, all) = read("agentslock -qw run show");
        assert!(alone.is_none() && all.is_err());
    }

    /// All lines of up to five words that can be made of these, before a command.
    #[test]
    fn a_plain_run_is_read_as_by_its_description() {
        let words =
            ["f", "g", "", "-", "-q", "--quiet", "--json", "-v", "-w", "--wait", "5m", "-n"];
        let more =
            ["--wait=1", "--wait=x", "--wait=", "--close", "-qv", "-w5", "--color", "--file"];
        let words: Vec<&str> = words.into_iter().chain(more).collect();
        let mut lines: Vec<Vec<&str>> = vec![Vec::new()];
        for _ in 0..2 {
            let longer = lines.iter().flat_map(|line| {
                words.iter().map(|word| line.iter().copied().chain([*word]).collect())
            });
            lines = lines.iter().cloned().chain(longer).collect();
        }
        let (mut plain, mut other) = (0, 0);
        for (line, command) in lines.iter().flat_map(|line| {
            [&["--", "true"][..], &["--", "", "-q", "--"], &["--"], &[]].map(|end| (line, end))
        }) {
            for first in [&["run", "f"][..], &["run"], &["-q", "run"], &["show"]] {
                let typed = ["agentslock"].iter().chain(first).chain(line).chain(command);
                let typed: Vec<OsString> = typed.map(OsString::from).collect();
                let Some(read) = Arguments::read_plain_run(&typed) else {
                    other += 1;
                    continue;
                };
                plain += 1;
                // What one verb's description refuses, that of all refuses, as is tested above.
                let described = Arguments::read_by_one_verb(&typed).map(|it| format!("{it:?}"));
                assert_eq!(Some(format!("{read:?}")), described, "{typed:?}");
            }
        }
        assert!(plain > 100 && other > 1000, "{plain} {other}");
    }
}
