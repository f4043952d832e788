//! Mutation: the protocol broken on purpose, one way at a time. Each time the suite must turn red.
//!
//! A mutant is a copy of the workspace with some text in the lock's sources replaced. The tests
//! that are known to notice it are run first. They pass without the mutant: that is looked at, too.
//! If they pass with it, all checks are run, the quick ones first, until one fails. A mutant that
//! passes all of them shows that nothing tests what it breaks.
//!
//! Files of the copy that stay the same are not written again. So a mutant costs one build of the
//! lock, and of one test target.

mod left_behind;
mod mutants;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

use self::left_behind::LEFT_BEHIND;
use self::mutants::{Edit, MUTANTS, Mutant};
use crate::outcome::Outcome;
use crate::workspace::{root, target};

/// Break the lock on purpose, in one way after the other, and see that each is noticed.
#[derive(Args)]
pub(crate) struct Mutation {
    /// Only those whose name contains this
    #[arg(long)]
    only: Option<String>,
}

/// Quick ones first. The model is left out: it does not see the sources.
const CHECKS: [&[&str]; 5] = [
    &["test", "--quiet", "--package", "agentslock-filelock", "--lib"],
    &["test", "--quiet", "--package", "agentslock-filelock", "--test", "it"],
    &["test", "--quiet", "--package", "agentslock-filelock", "--test", "processes"],
    &["run", "--quiet", "--profile", "tasks", "--package", "xtask", "--", "stop"],
    &[
        "run",
        "--quiet",
        "--profile",
        "tasks",
        "--package",
        "xtask",
        "--",
        "kill",
        "--takeovers",
        "5000",
    ],
];

impl Mutation {
    pub(crate) fn run(self) -> Outcome {
        let directory = target()?.join("mutation");
        let bench = Bench { copy: directory.join("workspace"), target: directory.join("target") };
        let is_wanted = |mutant: &&Mutant| {
            self.only.as_ref().is_none_or(|only| mutant.name.contains(only.as_str()))
        };
        let mutants: Vec<_> = all().filter(is_wanted).collect();
        bench.expect_green(&mutants)?;
        let mut survivors = 0;
        for mutant in &mutants {
            copy_sources(&bench.copy, Some(mutant))?;
            let started = Instant::now();
            let took = || started.elapsed().as_secs_f64();
            match bench.first_red(mutant)? {
                Some(check) => {
                    println!("red     {}: by {check}, after {:.0} s", mutant.name, took());
                }
                None => {
                    survivors += 1;
                    println!("GREEN   {}: nothing noticed", mutant.name);
                }
            }
        }
        println!("mutation: {} of {} are noticed", mutants.len() - survivors, mutants.len());
        if survivors == 0 { Ok(()) } else { Err(format!("{survivors} mutants survived").into()) }
    }
}

/// All of them.
fn all() -> impl Iterator<Item = &'static Mutant> {
    MUTANTS.iter().chain(&LEFT_BEHIND)
}

/// Where mutants are built.
struct Bench {
    copy: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn cargo(&self, arguments: &[&str]) -> Outcome<bool> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(arguments)
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.target)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command.status()?.success())
    }

    /// What notices the mutants is green without them.
    fn expect_green(&self, mutants: &[&Mutant]) -> Outcome {
        copy_sources(&self.copy, None)?;
        let noticed: BTreeSet<_> = mutants.iter().map(|mutant| mutant.noticed).collect();
        for noticed in noticed {
            if !self.cargo(&known(noticed))? {
                return Err(format!("without a mutant, `{noticed}` is red").into());
            }
        }
        Ok(())
    }

    /// What notices the mutant that the copy has.
    fn first_red(&self, mutant: &Mutant) -> Outcome<Option<String>> {
        let known = known(mutant.noticed);
        // One that does not compile would be red for the wrong reason.
        if !self.cargo(&[&known[..], &["--no-run"]].concat())? {
            let name = mutant.name;
            return Err(
                format!("{name}: does not compile. The edit must follow the sources").into()
            );
        }
        if !self.cargo(&known)? {
            return Ok(Some(format!("`{}`, as is known", mutant.noticed)));
        }
        for check in CHECKS {
            if !self.cargo(check)? {
                return Ok(Some(format!("`cargo {}`", check.join(" "))));
            }
        }
        Ok(None)
    }
}

/// What cargo is called with for the tests of `noticed`: a target, and a part of their names.
fn known(noticed: &'static str) -> Vec<&'static str> {
    let (target, name) = noticed.split_once(' ').unwrap_or((noticed, ""));
    let mut arguments = vec!["test", "--quiet", "--package", "agentslock-filelock"];
    match target {
        "lib" => arguments.push("--lib"),
        target => arguments.extend(["--test", target]),
    }
    arguments.extend((!name.is_empty()).then_some(name));
    arguments
}

/// The lock's sources below `workspace` that `mutant` changes, and what is in them then.
fn mutated(workspace: &Path, mutant: &Mutant) -> Outcome<BTreeMap<PathBuf, String>> {
    let mut sources = BTreeMap::new();
    for path in rust_files(&workspace.join("crates/filelock/src"))? {
        let text = std::fs::read_to_string(&path)?;
        sources.insert(path, text);
    }
    let mut changed = BTreeMap::new();
    for edit in mutant.edits {
        let found: Vec<_> = sources
            .iter()
            .flat_map(|(path, text)| edit.apply(text).into_iter().map(|text| (path.clone(), text)))
            .collect();
        let [(path, text)] = &found[..] else {
            let (name, times) = (mutant.name, found.len());
            return Err(format!("{name}: {times} times, not once:\n{}", edit.from).into());
        };
        sources.insert(path.clone(), text.clone());
        changed.insert(path.clone(), text.clone());
    }
    Ok(changed)
}

impl Edit {
    /// `text` with the edit made, once for each place where it can be.
    fn apply(&self, text: &str) -> Vec<String> {
        let wanted: Vec<_> = self.from.lines().map(str::trim).collect();
        let lines: Vec<_> = text.lines().collect();
        let trimmed: Vec<_> = lines.iter().map(|line| line.trim()).collect();
        let places = (0..lines.len()).filter(|at| trimmed[*at..].starts_with(&wanted));
        places
            .map(|at| {
                let (before, after) = (&lines[..at], &lines[at + wanted.len()..]);
                let changed = [before, &[self.to], after].concat().join("\n");
                changed + "\n"
            })
            .collect()
    }
}

/// All of them below `directory`.
fn rust_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Makes `to` a copy of the files that git knows, and of those that it does not ignore, with
/// `mutant`. What is right already is not touched.
fn copy_sources(to: &Path, mutant: Option<&Mutant>) -> Outcome {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    if !listed.status.success() {
        return Err("git does not list the sources".into());
    }
    let changed = mutant.map_or_else(|| Ok(BTreeMap::new()), |mutant| mutated(root(), mutant))?;
    let mut copied = BTreeSet::new();
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, target) = (root().join(name), to.join(name));
        if !from.is_file() {
            continue;
        }
        let wanted = match changed.get(&from) {
            Some(text) => text.clone().into_bytes(),
            None => std::fs::read(&from)?,
        };
        if std::fs::read(&target).ok().as_ref() != Some(&wanted) {
            std::fs::create_dir_all(target.parent().unwrap_or(to))?;
            std::fs::write(&target, wanted)?;
        }
        copied.insert(target);
    }
    // What was renamed or removed since: a test target, say, that cargo would find.
    for path in rust_files(to)?.into_iter().filter(|path| !copied.contains(path)) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutant_finds_its_lines_once() {
        for mutant in all() {
            mutated(root(), mutant).expect("because the edits follow the sources");
        }
    }

    #[test]
    fn an_edit_keeps_what_is_around_it_and_heeds_no_indentation() {
        let edit = Edit { from: "a\n  b", to: "c" };
        assert_eq!(edit.apply("x\n    a\n  b\ny\n"), ["x\nc\ny\n"]);
        assert!(edit.apply("x\na\n\nb\n").is_empty());
        assert_eq!(edit.apply("a\nb\na\nb\n").len(), 2);
    }

    #[test]
    fn what_is_known_to_notice_is_a_target_and_a_part_of_names() {
        assert_eq!(known("lib sweep::")[4..], ["--lib", "sweep::"]);
        assert_eq!(known("it")[4..], ["--test", "it"]);
    }
}
