//! Mutation: the protocol broken on purpose, one way at a time. Each time the suite must turn red.
//!
//! A mutant is a copy of the workspace with some text in the lock's sources replaced. The checks are
//! run on it, the quick ones first, until one fails. A mutant that passes all of them shows that
//! nothing tests what it breaks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

use crate::Outcome;
use crate::workspace::{root, target};

/// Break the lock on purpose, in one way after the other, and see that each is noticed.
#[derive(Args)]
pub(crate) struct Mutation {
    /// Only those whose name contains this
    #[arg(long)]
    only: Option<String>,
}

struct Mutant {
    name: &'static str,
    /// In which file what is replaced, and by what. Each must occur exactly once.
    edits: &'static [(&'static str, &'static str, &'static str)],
}

const MUTANTS: [Mutant; 8] = [
    Mutant {
        name: "a dead lock is reclaimed by renaming it aside",
        edits: &[(
            "reclaim.rs",
            "            unlink_record(names, &dir)?;\n            remove_directory(names, look.id)\n",
            "            let _ = &dir;\n            let aside = names.preparation(&unique_token());\n            \
             if std::fs::rename(&names.lock, &aside).is_ok() {\n                \
             let _ = std::fs::remove_dir_all(&aside);\n            }\n            Ok(true)\n",
        )],
    },
    Mutant {
        name: "a look that fails counts as death",
        edits: &[(
            "judge.rs",
            "        (_, Ok(look)) => match look.kind {\n            Kind::Directory => Occupant::alive(Some(look), unknown(&error)),",
            "        (_, Ok(look)) => match look.kind {\n            Kind::Directory => {\n                let _ = std::fs::remove_dir_all(&names.lock);\n                Sight::Nothing\n            }",
        )],
    },
    Mutant {
        name: "a record is visible before its flock",
        edits: &[
            (
                "prepare.rs",
                "    match dir.try_flock_exclusive() {\n        Ok(true) => {}\n        Ok(false) => return Err(Fill::Refused),\n        Err(_) => return Err(Fill::NoFlock),\n    }\n",
                "    if false {\n        return Err(Fill::Refused);\n    }\n    if false {\n        return Err(Fill::NoFlock);\n    }\n",
            ),
            (
                "publish.rs",
                "        let claim = self.claim.take().expect(\"because publishing consumes the preparation\");\n        Ok(Publication::Done(claim))",
                "        let claim = self.claim.take().expect(\"because publishing consumes the preparation\");\n        let _ = claim.dir.try_flock_exclusive();\n        Ok(Publication::Done(claim))",
            ),
        ],
    },
    Mutant {
        name: "a release does not ask whose lock it is",
        edits: &[
            ("release.rs", "        verified?;\n", "        let _ = verified;\n"),
            (
                "release.rs",
                "        if is_ours {\n",
                "        let _ = (is_ours, sys::unlink(&lock.join(record::NAME)));\n        if true {\n",
            ),
        ],
    },
    Mutant {
        name: "verify is always true",
        edits: &[(
            "guard.rs",
            "        let lost = |how| Err(VerifyError::Lost { lock: self.names.lock.clone(), how });\n",
            "        let lost = |_how: &'static str| Ok::<(), VerifyError>(());\n",
        )],
    },
    Mutant {
        name: "a judge does not ask whether the name still stands for what it judged",
        edits: &[(
            "reclaim.rs",
            "    sys::look(&names.lock).is_ok_and(|look| look.id == id)\n",
            "    let _ = id;\n    sys::look(&names.lock).is_ok()\n",
        )],
    },
    Mutant {
        name: "a claimant in place keeps what it was slow to open",
        edits: &[(
            "make_in_place.rs",
            "    if took >= GRACE / 4 * 3 {\n",
            "    if took >= GRACE * 1000 {\n",
        )],
    },
    Mutant {
        name: "an expired record is removed without a last look",
        edits: &[(
            "wait.rs",
            "        if !self.may_act(&occupant) || occupant.has_renewed() {\n",
            "        if !self.may_act(&occupant) {\n",
        )],
    },
];

/// Quick ones first. The model is left out: it does not see the sources.
const CHECKS: [&[&str]; 5] = [
    &["test", "--quiet", "--package", "filelock", "--lib"],
    &["test", "--quiet", "--package", "filelock", "--test", "it"],
    &["test", "--quiet", "--package", "filelock", "--test", "processes"],
    &["run", "--quiet", "--release", "--package", "xtask", "--", "stop"],
    &["run", "--quiet", "--release", "--package", "xtask", "--", "kill", "--takeovers", "5000"],
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

fn first_red(
    copy: &Path,
    target: &Path,
) -> Result<Option<&'static [&'static str]>, Box<dyn std::error::Error>> {
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
    if !cargo(&["check", "--quiet", "--package", "filelock", "--tests"]).status()?.success() {
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

fn mutate(copy: &Path, mutant: &Mutant) -> Outcome {
    for (file, from, to) in mutant.edits {
        let path = copy.join("crates/filelock/src").join(file);
        let text = std::fs::read_to_string(&path)?;
        if text.matches(from).count() != 1 {
            let name = mutant.name;
            return Err(format!("{name}: the text to replace in {file} is not there once").into());
        }
        std::fs::write(path, text.replace(from, to))?;
    }
    Ok(())
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
