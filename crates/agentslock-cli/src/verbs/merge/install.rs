//! Setting git up to merge and show documents, and to leave locks out of commits; and undoing that.
//!
//! Each step is harmless if nothing follows it: the process can be killed, and other installs,
//! uninstalls and gits can run at the same time.
//!
//! | step | if it ends here |
//! |---|---|
//! | what must be refused is looked for | nothing happened |
//! | settings, in the order of [`settings`] | git merges as before, or with our driver if our line is there |
//! | ignore lines, if asked for | the same |
//! | the line of `.gitattributes` | all is set up |
//! | does git use it? | the same; the error was not printed |
//!
//! Undoing goes the other way: the line, the ignore lines, the settings by whole sections.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::attributes::Attributes;
use super::flags::{IgnoreFile, Merge};
use super::git::{self, Scope};
use super::lines::{self, ATTRIBUTES, IGNORED, Lines};
use super::settings::{self, program};
use super::shared_file::SharedFile;
use crate::document::find;
use crate::flags::{Common, Wait};
use crate::io::failure::{Failure, NO};
use crate::io::stdout::{envelope, print, print_envelope, push};

const ATTRIBUTES_FILE: &str = ".gitattributes";
const IGNORE_FILE: &str = ".gitignore";
const DOCUMENT: &str = ".agentsrc.lock";

/// What to set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// Git merges and shows documents with this program.
    pub(crate) driver: bool,
    /// Git leaves locks and temporaries out of commits: the file to say so in.
    pub(crate) ignore: Option<IgnoreFile>,
    /// In this clone, or in all repositories of this user.
    pub(crate) scope: Scope,
    /// Nothing is written.
    pub(crate) dry_run: bool,
    /// How long to wait for other gits and installs, and what to say meanwhile.
    pub(crate) common: &'a Common,
}

/// What was set up, or taken back: nothing, if there was nothing to do.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Each step, in words.
    pub(crate) steps: Vec<String>,
    /// The files of the checkout that were changed.
    to_commit: Vec<&'static str>,
}

impl Setup<'_> {
    /// Sets it up in the repository around the current directory. It can be called again after any
    /// failure, and by several processes at once. `done` also has the steps before a failure.
    pub(crate) fn install(&self, done: &mut Done) -> Result<(), Failure> {
        let place = Place::find(self.scope, self.common)?;
        let settings = settings::settings(&program());
        // What must be refused, before anything is written.
        let attributes = place.attributes();
        attributes.would_change(|before| ATTRIBUTES.added_to(before))?;
        if let Some(file) = self.ignore {
            place.ignore(file).would_change(|before| IGNORED.added_to(before))?;
        }
        if self.driver {
            settings::set(self.scope, &settings, self.wait(), &mut done.steps)?;
        }
        if let Some(file) = self.ignore {
            self.edit(place.ignore(file), &IGNORED, "added", done)?;
        }
        if self.driver {
            self.edit(attributes, &ATTRIBUTES, "added", done)?;
        }
        if !self.dry_run {
            if self.driver {
                settings::expect_used(&settings)?;
                for document in place.documents()? {
                    lines::expect_merged(&document)?;
                }
            }
            if self.ignore.is_some() {
                place.top_level.as_deref().map_or(Ok(()), lines::expect_ignored)?;
            }
        }
        Ok(())
    }

    /// Takes all of it back, whatever was set up.
    pub(crate) fn uninstall(&self, done: &mut Done) -> Result<(), Failure> {
        let place = Place::find(self.scope, self.common)?;
        self.edit(place.attributes(), &ATTRIBUTES, "removed", done)?;
        if self.scope == Scope::Clone {
            for file in [IgnoreFile::Gitignore, IgnoreFile::Exclude] {
                self.edit(place.ignore(file), &IGNORED, "removed", done)?;
            }
        }
        settings::unset(self.scope, self.wait(), &mut done.steps)
    }

    /// How long to wait for other gits; `None`: nothing is written, so that nothing is waited for.
    fn wait(&self) -> Option<Wait> {
        (!self.dry_run).then(|| self.common.wait())
    }

    fn edit(
        &self,
        file: SharedFile<'_>,
        lines: &Lines,
        verb: &str,
        done: &mut Done,
    ) -> Result<(), Failure> {
        let change = |before: &[u8]| match verb {
            "added" => lines.added_to(before),
            _ => lines.removed_from(before),
        };
        let changed = if self.dry_run { file.would_change(change)? } else { file.change(change)? };
        if changed {
            done.steps.push(format!("`{}`: {verb} {}", file.path.display(), lines.in_words()));
            done.to_commit.extend(file.in_checkout);
        }
        Ok(())
    }
}

/// The files that say it.
struct Place<'a> {
    common: &'a Common,
    scope: Scope,
    /// The top of the checkout; `None` outside of repositories.
    top_level: Option<PathBuf>,
    attributes: PathBuf,
    gitignore: PathBuf,
    exclude: PathBuf,
}

impl<'a> Place<'a> {
    fn find(scope: Scope, common: &'a Common) -> Result<Self, Failure> {
        let place = |top_level, attributes, gitignore, exclude| Self {
            common,
            scope,
            top_level,
            attributes,
            gitignore,
            exclude,
        };
        // Outside of repositories git can be set up for all of them.
        if scope == Scope::User {
            let (attributes, none) = (git::user_attributes()?, PathBuf::new());
            return Ok(place(git::top_level().ok(), attributes, none.clone(), none));
        }
        let top_level = git::top_level()?;
        let (attributes, ignore) = (top_level.join(ATTRIBUTES_FILE), top_level.join(IGNORE_FILE));
        Ok(place(Some(top_level), attributes, ignore, git::exclude_file()?))
    }

    /// The document at the top, and the one that is meant here. None outside of repositories.
    fn documents(&self) -> Result<BTreeSet<PathBuf>, Failure> {
        let Some(top_level) = &self.top_level else { return Ok(BTreeSet::new()) };
        let here = document_here(self.common)?;
        Ok([top_level.join(DOCUMENT), here].into())
    }

    fn attributes(&self) -> SharedFile<'_> {
        let in_checkout = (self.scope == Scope::Clone).then_some(ATTRIBUTES_FILE);
        SharedFile { common: self.common, path: &self.attributes, in_checkout }
    }

    fn ignore(&self, file: IgnoreFile) -> SharedFile<'_> {
        match file {
            IgnoreFile::Gitignore => SharedFile {
                common: self.common,
                path: &self.gitignore,
                in_checkout: Some(IGNORE_FILE),
            },
            IgnoreFile::Exclude => {
                SharedFile { common: self.common, path: &self.exclude, in_checkout: None }
            }
        }
    }
}

pub(super) fn install(arguments: &Merge, common: &Common) -> Result<ExitCode, Failure> {
    let scope = if arguments.global { Scope::User } else { Scope::Clone };
    let (ignore, dry_run) = (arguments.ignore, arguments.dry_run);
    let setup = Setup { driver: true, ignore, scope, dry_run, common };
    let mut done = Done::default();
    let ended =
        if arguments.install { setup.install(&mut done) } else { setup.uninstall(&mut done) };
    ended.map_err(|failure| failure.after(setup.dry_run, &done.steps))?;
    tell(arguments, common, &Place::find(scope, common)?.attributes, &done)
}

/// The document that verbs are about here, or that could be here.
fn document_here(common: &Common) -> Result<PathBuf, Failure> {
    let found = find::at_once(common).unwrap_or_else(|| PathBuf::from(DOCUMENT));
    std::path::absolute(&found)
        .map_err(|error| Failure::io(&format!("failed to find `{}`", found.display()), &error))
}

/// Whether our line is where --install would write it, for this clone or for this user.
pub(crate) fn has_our_line(top_level: &Path) -> bool {
    let files = [Some(top_level.join(ATTRIBUTES_FILE)), git::user_attributes().ok()];
    let has_it = |file: PathBuf| {
        std::fs::read(file).is_ok_and(|content| ATTRIBUTES.added_to(&content).is_none())
    };
    files.into_iter().flatten().any(has_it)
}

/// Says whether git uses this program here: for scripts, and for whoever wonders.
pub(super) fn check(common: &Common) -> Result<ExitCode, Failure> {
    let top_level = git::top_level()?;
    let mut missing: Vec<String> = settings::missing(&settings::settings(&program()))?
        .into_iter()
        .map(str::to_owned)
        .collect();
    let is_configured = missing.is_empty();
    let document = document_here(common)?;
    let attributes = Attributes::of(&document)?;
    let wrong = attributes.wrong();
    missing.extend(wrong.iter().map(|(name, value)| {
        format!("the attribute `{name}` of .agentsrc.lock, which is {value:?}")
    }));
    let is_installed = missing.is_empty();
    // Against lines that count more, another installation does nothing.
    let next = if is_configured && has_our_line(&top_level) {
        format!("git check-attr --all -- {}", document.display())
    } else {
        "agentslock merge --install".to_owned()
    };
    if common.json {
        let mut fields = envelope(&top_level.join(ATTRIBUTES_FILE), is_installed);
        push(&mut fields, "installed", &is_installed);
        push(&mut fields, "missing", &missing);
        if !is_installed {
            push(&mut fields, "next", &next);
        }
        print_envelope(&fields)?;
    } else if !common.quiet && is_installed {
        print("installed: git merges .agentsrc.lock by section and entry here\n")?;
    } else if !common.quiet {
        let missing = missing.iter().map(|it| format!("not as it should be: {it}\n"));
        let text: String = missing.collect();
        let merging = attributes.merging(is_configured);
        print(&format!("{text}git merges .agentsrc.lock {merging} here; next: {next}\n"))?;
    }
    Ok(if is_installed { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

fn tell(
    arguments: &Merge,
    common: &Common,
    attributes: &Path,
    done: &Done,
) -> Result<ExitCode, Failure> {
    if common.json {
        let mut fields = envelope(attributes, true);
        push(&mut fields, if arguments.dry_run { "would_do" } else { "done" }, &done.steps);
        return print_envelope(&fields);
    }
    if common.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let would = if arguments.dry_run { "would be done: " } else { "" };
    let mut text = String::new();
    for line in &done.steps {
        text.extend([would, line, "\n"]);
    }
    if done.steps.is_empty() {
        text += "nothing to do\n";
    }
    text += &advice(arguments.install, &done.to_commit);
    print(&text)
}

/// What is left to the person.
fn advice(installed: bool, to_commit: &[&str]) -> String {
    if to_commit.is_empty() {
        return String::new();
    }
    let files = to_commit.join(" and ");
    match (installed, to_commit.contains(&ATTRIBUTES_FILE)) {
        (true, true) => format!(
            "Commit {files}. The configuration is this clone's alone: each other clone needs \
             `agentslock merge --install`, too, and merges line by line without it.\n"
        ),
        (false, true) => {
            format!("Commit {files}; the configuration of other clones does nothing without it.\n")
        }
        (_, false) => format!("Commit {files}.\n"),
    }
}
