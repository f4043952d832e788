//! What the long forms showed: kept in `docs/verification/results.json`, written out for people in
//! `docs/verification.md`.
//!
//! A part that was run, and passed, on the present commit is not run again: so an interrupted run
//! goes on where it stopped. A part whose commit is older than the last change of what it tests is
//! marked.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::tasks::{TASKS, Task};
use crate::outcome::Outcome;
use crate::workspace::root;

/// What one part showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) command: String,
    pub(super) commit: String,
    /// The day, in UTC.
    pub(super) day: String,
    pub(super) machine: String,
    pub(super) seconds: u64,
    pub(super) passed: bool,
    /// The last lines that it printed.
    pub(super) output: Vec<String>,
}

/// By the name of the part.
pub(super) struct Results(BTreeMap<String, Shown>);

/// As many lines of a part's output are kept: the counts stand at the end.
const LINES: usize = 60;
const PAGE: &str = "docs/verification.md";
const BEGIN: &str = "<!-- from here on written by `cargo xtask verify --long --write` -->\n";
const END: &str = "<!-- as far as here -->\n";

fn path() -> PathBuf {
    root().join("docs/verification/results.json")
}

impl Results {
    /// What earlier runs showed; nothing if there was none.
    pub(super) fn read() -> Outcome<Self> {
        match std::fs::read(path()) {
            Ok(bytes) => Self::parse(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self(BTreeMap::new())),
            Err(error) => Err(format!("{}: {error}", path().display()).into()),
        }
    }

    fn parse(bytes: &[u8]) -> Outcome<Self> {
        let values: BTreeMap<String, Value> = serde_json::from_slice(bytes)?;
        let mut results = BTreeMap::new();
        for (name, value) in values {
            let shown = Shown::parse(&value).ok_or_else(|| format!("{name}: no such result"))?;
            results.insert(name, shown);
        }
        Ok(Self(results))
    }

    fn text(&self) -> Outcome<String> {
        let values: BTreeMap<_, _> =
            self.0.iter().map(|(name, shown)| (name, shown.value())).collect();
        Ok(serde_json::to_string_pretty(&values)? + "\n")
    }

    /// Whether `name` was run on `commit`, and passed.
    pub(super) fn has(&self, name: &str, commit: &str) -> bool {
        self.0.get(name).is_some_and(|shown| shown.passed && shown.commit == commit)
    }

    /// Keeps what a part showed, and writes all of it.
    pub(super) fn keep(&mut self, name: &str, shown: Shown) -> Outcome {
        self.0.insert(name.to_owned(), shown);
        let file = path();
        std::fs::create_dir_all(file.parent().expect("because it lies in a directory"))?;
        fsops::write_atomic(&file, self.text()?.as_bytes())?;
        self.write_page()
    }

    /// Writes the page, with what is older than the last change marked as of now.
    fn write_page(&self) -> Outcome {
        let page = root().join(PAGE);
        let old = std::fs::read_to_string(&page)?;
        let sections = self.sections(&|shown, task| changed_since(&shown.commit, task.tests))?;
        fsops::write_atomic(&page, replaced(&old, &sections)?.as_bytes())?;
        Ok(())
    }

    /// A section for each part that was run, in the table's order.
    fn sections(
        &self,
        change_since: &dyn Fn(&Shown, &Task) -> Outcome<Option<String>>,
    ) -> Outcome<String> {
        let mut text = String::new();
        for task in TASKS {
            let Some(shown) = self.0.get(task.name) else { continue };
            let Shown { command, commit, day, machine, seconds, passed, output } = shown;
            let word = if *passed { "Passed" } else { "**Failed**" };
            write!(text, "\n### {}\n\n{}\n\n", task.name, task.shows)?;
            writeln!(text, "- `{command}`")?;
            writeln!(text, "- {word} on commit {commit}, {day}, in {seconds} s, on {machine}")?;
            if let Some(change) = change_since(shown, task)? {
                writeln!(text, "- **Older than the last change of what it tests**: {change}")?;
            }
            writeln!(text, "\n```text\n{}\n```", output.join("\n"))?;
        }
        Ok(text)
    }
}

impl Shown {
    /// `output`: all that it printed.
    pub(super) fn new(
        command: String,
        commit: &str,
        seconds: u64,
        passed: bool,
        output: &str,
    ) -> Outcome<Self> {
        let lines: Vec<_> = output.lines().map(|line| line.trim_end().to_owned()).collect();
        let output = lines[lines.len().saturating_sub(LINES)..].to_vec();
        let (commit, day, machine) = (commit.to_owned(), today()?, machine()?);
        Ok(Self { command, commit, day, machine, seconds, passed, output })
    }

    fn value(&self) -> Value {
        json!({
            "command": self.command, "commit": self.commit, "day": self.day,
            "machine": self.machine, "seconds": self.seconds, "passed": self.passed,
            "output": self.output,
        })
    }

    fn parse(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let lines = value["output"].as_array()?.iter();
        Some(Self {
            command: text("command")?,
            commit: text("commit")?,
            day: text("day")?,
            machine: text("machine")?,
            seconds: value["seconds"].as_u64()?,
            passed: value["passed"].as_bool()?,
            output: lines.map(|line| line.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        })
    }
}

/// `page` with `sections` in the place that is for them.
fn replaced(page: &str, sections: &str) -> Outcome<String> {
    let missing = || format!("{PAGE} has no place for results: `{}` is missing", BEGIN.trim_end());
    let (before, rest) = page.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}{sections}\n{END}{after}"))
}

/// The present commit.
///
/// # Errors
///
/// If there are changes that are in no commit: nobody could tell what a result is of.
pub(super) fn commit() -> Outcome<String> {
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let own = [PAGE, "docs/verification/"];
    let foreign = changes.lines().filter(|line| !own.iter().any(|own| line.contains(own)));
    if let Some(line) = foreign.map(str::trim).next() {
        return Err(format!("commit first, a result is one of a commit: {line}").into());
    }
    Ok(git(&["rev-parse", "--short=10", "HEAD"])?.trim().to_owned())
}

/// The last change to `paths` after `commit`, if there is one.
fn changed_since(commit: &str, paths: &[&str]) -> Outcome<Option<String>> {
    let range = format!("{commit}..HEAD");
    let known = Command::new("git")
        .args(["merge-base", "--is-ancestor", commit, "HEAD"])
        .current_dir(root())
        .output()?;
    if !known.status.success() {
        return Ok(Some(format!("{commit} is not in this history")));
    }
    let arguments = ["log", "--max-count=1", "--format=%h %s", &range, "--"];
    let last = git(&[&arguments, paths].concat())?;
    Ok(Some(last.trim().to_owned()).filter(|last| !last.is_empty()))
}

fn git(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("git").args(arguments).current_dir(root()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn today() -> Outcome<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

pub(super) fn machine() -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let uname = rustix::system::uname();
    let (system, release) = (uname.sysname().to_string_lossy(), uname.release().to_string_lossy());
    let release: Vec<_> = release.split(['.', '-']).take(2).collect();
    Ok(format!("{cores} cores, {system} {}", release.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(passed: bool) -> Shown {
        let command = "cargo xtask stop --holders 1000".to_owned();
        let output = (0..100).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
        Shown::new(command, "0123456789", 7, passed, &output)
            .expect("because this machine has a name and a date")
    }

    #[test]
    fn results_are_read_as_they_were_written() {
        let kept = shown(true);
        assert_eq!(kept.output.len(), LINES);
        assert_eq!(kept.output.last().map(String::as_str), Some("line 99"));
        let results = Results(BTreeMap::from([("stop".to_owned(), kept.clone())]));
        let text = results.text().expect("because it can be written");
        let read = Results::parse(text.as_bytes()).expect("because it was just written");
        assert_eq!(read.0.get("stop"), Some(&kept));
        assert!(Results::parse(b"{\"stop\":{}}").is_err());
    }

    #[test]
    fn only_what_passed_on_this_commit_is_not_run_again() {
        let with = |shown| Results(BTreeMap::from([("stop".to_owned(), shown)]));
        assert!(with(shown(true)).has("stop", "0123456789"));
        assert!(!with(shown(true)).has("stop", "9876543210"));
        assert!(!with(shown(true)).has("kill", "0123456789"));
        assert!(!with(shown(false)).has("stop", "0123456789"));
    }

    #[test]
    fn what_is_older_than_the_last_change_is_marked() {
        let results = Results(BTreeMap::from([("stop".to_owned(), shown(true))]));
        let fresh = results.sections(&|_, _| Ok(None)).expect("because nothing is asked of git");
        assert!(fresh.contains("### stop") && fresh.contains("commit 0123456789"));
        assert!(!fresh.contains("Older"));
        let old = results.sections(&|_, task| {
            assert!(task.tests.contains(&"crates/filelock/src"));
            Ok(Some("abc a change".to_owned()))
        });
        assert!(old.expect("as above").contains("Older than the last change of what it tests"));
    }

    #[test]
    fn the_page_keeps_what_stands_around_the_results() {
        let page = format!("# Title\n\n{BEGIN}old\n{END}\n## More\n");
        let new = replaced(&page, "\nnew\n").expect("because there is a place");
        assert_eq!(new, format!("# Title\n\n{BEGIN}\nnew\n\n{END}\n## More\n"));
        assert!(replaced("# Title\n", "new").is_err());
        let page = std::fs::read_to_string(root().join(PAGE)).expect("because it is there");
        assert!(replaced(&page, "").is_ok());
    }

    #[test]
    fn each_part_says_what_it_shows_and_tests_what_is_there() {
        for task in TASKS.iter().filter(|task| task.long.is_some()) {
            assert!(task.shows.ends_with('.'), "{}", task.name);
            assert!(!task.tests.is_empty(), "{}", task.name);
            for path in task.tests {
                assert!(root().join(path).exists(), "{}: {path}", task.name);
            }
        }
    }
}
