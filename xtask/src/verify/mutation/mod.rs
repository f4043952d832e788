//! Mutation: the protocol broken on purpose, one way at a time. Each time the suite must turn red.
//!
//! A mutant is a copy of the workspace with some text in the lock's sources replaced. The checks
//! are run on it, the quick ones first, until one fails. A mutant that passes all of them shows
//! that nothing tests what it breaks.

mod mutants;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

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
        let mut survivors = 0;
        for mutant in &MUTANTS {
            if self.only.as_ref().is_some_and(|only| !mutant.name.contains(only.as_str())) {
                continue;
            }
            let copy = directory.join("workspace");
            copy_sources(&copy)?;
            mutate(&copy, mutant)?;
            let started = Instant::now();
            match first_red(&copy, &directory.join("target"))? {
                Some(check) => println!(
                    "red     {}: by `cargo {}`, after {:.0} s",
                    mutant.name,
                    check.join(" "),
                    started.elapsed().as_secs_f64()
                ),
                None => {
                    survivors += 1;
                    println!("GREEN   {}: nothing noticed", mutant.name);
                }
            }
        }
        if survivors == 0 { Ok(()) } else { Err(format!("{survivors} mutants survived").into()) }
    }
}

fn first_red(copy: &Path, target: &Path) -> Outcome<Option<&'static [&'static str]>> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(arguments)
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", target)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    // A mutant that does not compile would be red for the wrong reason.
    if !cargo(&["check", "--quiet", "--package", "agentslock-filelock", "--tests"])
        .status()?
        .success()
    {
        return Err(
            "a mutant does not compile: the sources have changed, and so must the edit".into()
        );
    }
    for check in CHECKS {
        if !cargo(check).status()?.success() {
            return Ok(Some(check));
        }
    }
    Ok(None)
}

/// Makes the edits of `mutant` in the lock's sources below `workspace`.
fn mutate(workspace: &Path, mutant: &Mutant) -> Outcome {
    let sources = rust_files(&workspace.join("crates/filelock/src"))?;
    for edit in mutant.edits {
        let mut found = Vec::new();
        for path in &sources {
            let text = std::fs::read_to_string(path)?;
            found.extend(edit.apply(&text).into_iter().map(|text| (path, text)));
        }
        let [(path, text)] = &found[..] else {
            let (name, times) = (mutant.name, found.len());
            return Err(format!("{name}: {times} times, not once:\n{}", edit.from).into());
        };
        std::fs::write(path, text)?;
    }
    Ok(())
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

/// The files that git knows, and those that it does not ignore.
fn copy_sources(to: &Path) -> Outcome {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    if !listed.status.success() {
        return Err("git does not list the sources".into());
    }
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let from: PathBuf = root().join(name);
        let target = to.join(name);
        std::fs::create_dir_all(target.parent().unwrap_or(to))?;
        if from.is_file() {
            std::fs::copy(from, target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutant_finds_its_lines_once() {
        let copy = tempfile::tempdir().expect("because temporary files can be created");
        let sources = copy.path().join("crates/filelock/src");
        for mutant in &MUTANTS {
            copy_tree(&root().join("crates/filelock/src"), &sources);
            mutate(copy.path(), mutant).expect("because the edits follow the sources");
        }
    }

    #[test]
    fn an_edit_keeps_what_is_around_it_and_heeds_no_indentation() {
        let edit = Edit { from: "a\n  b", to: "c" };
        assert_eq!(edit.apply("x\n    a\n  b\ny\n"), ["x\nc\ny\n"]);
        assert!(edit.apply("x\na\n\nb\n").is_empty());
        assert_eq!(edit.apply("a\nb\na\nb\n").len(), 2);
    }

    fn copy_tree(from: &Path, to: &Path) {
        for path in rust_files(from).expect("because the sources can be read") {
            let inside = path.strip_prefix(from).expect("because it lies there");
            let target = to.join(inside);
            std::fs::create_dir_all(target.parent().unwrap_or(to))
                .and_then(|()| std::fs::copy(&path, &target))
                .expect("because files can be copied");
        }
    }
}
