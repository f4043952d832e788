//! What the long forms showed: kept in `docs/verification/results.json`, written out for people in
//! `docs/verification.md`.
//!
//! A part that was run, and passed, on the present commit is not run again: so an interrupted run
//! goes on where it stopped. A part whose commit is older than the last change of what it tests is
//! marked. So are the benchmarks, which are a page of their own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::history::History;
use super::tasks::Task;
use crate::outcome::Outcome;
use crate::workspace::{root, wrap};

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

/// By the name of the part, of a repository.
pub(super) struct Results<'a> {
    shown: BTreeMap<String, Shown>,
    root: &'a Path,
    tasks: &'a [Task],
}

/// As many lines of a part's output are kept: the counts stand at the end.
const LINES: usize = 60;
const PAGE: &str = "docs/verification.md";
pub(super) const BEGIN: &str =
    "<!-- from here on written by `cargo xtask verify --long --write` -->\n";
pub(super) const END: &str = "<!-- as far as here -->\n";

const BENCHMARKS: &str = "docs/benchmarks.md";
/// What stands before the commit in the benchmarks' first paragraph.
const MEASURED: &str = "Measured on commit `";
const OLD: &str = "**Older than the last change of what it measures**: ";
const FILE: &str = "docs/verification/results.json";

impl<'a> Results<'a> {
    /// What earlier runs showed; nothing if there was none.
    pub(super) fn read(root: &'a Path, tasks: &'a [Task]) -> Outcome<Self> {
        let shown = match std::fs::read(root.join(FILE)) {
            Ok(bytes) => Self::parse(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(format!("{FILE}: {error}").into()),
        };
        Ok(Self { shown, root, tasks })
    }

    fn parse(bytes: &[u8]) -> Outcome<BTreeMap<String, Shown>> {
        let values: BTreeMap<String, Value> = serde_json::from_slice(bytes)?;
        let mut results = BTreeMap::new();
        for (name, value) in values {
            let shown = Shown::parse(&value).ok_or_else(|| format!("{name}: no such result"))?;
            results.insert(name, shown);
        }
        Ok(results)
    }

    fn text(&self) -> Outcome<String> {
        let values: BTreeMap<_, _> =
            self.shown.iter().map(|(name, shown)| (name, shown.value())).collect();
        Ok(serde_json::to_string_pretty(&values)? + "\n")
    }

    /// What the part `name` showed.
    pub(super) fn of(&self, name: &str) -> Option<&Shown> {
        self.shown.get(name)
    }

    /// Keeps what a part showed, and writes all of it.
    pub(super) fn keep(&mut self, name: &str, shown: Shown) -> Outcome {
        self.shown.insert(name.to_owned(), shown);
        let file = self.root.join(FILE);
        std::fs::create_dir_all(file.parent().expect("because it lies in a directory"))?;
        fsops::write_atomic(&file, self.text()?.as_bytes())?;
        self.write_page()
    }

    /// Writes the page, with what is older than the last change marked as of now; and marks the
    /// benchmarks.
    pub(super) fn write_page(&self) -> Outcome {
        let page = self.root.join(PAGE);
        let old = std::fs::read_to_string(&page)?;
        let history = History(self.root);
        let since = |shown: &Shown, task: &Task| history.changed_since(&shown.commit, task.tests);
        fsops::write_atomic(&page, replaced(&old, &self.sections(&since)?)?.as_bytes())?;
        let benchmarks = self.root.join(BENCHMARKS);
        if let Ok(old) = std::fs::read_to_string(&benchmarks) {
            let since = |commit: &str| history.changed_since(commit, &["crates"]);
            fsops::write_atomic(&benchmarks, marked(&old, &since)?.as_bytes())?;
        }
        Ok(())
    }

    /// A section for each part that was run, in the table's order.
    fn sections(
        &self,
        change_since: &dyn Fn(&Shown, &Task) -> Outcome<Option<String>>,
    ) -> Outcome<String> {
        let mut text = String::new();
        for task in self.tasks {
            let Some(shown) = self.shown.get(task.name) else { continue };
            let Shown { command, commit, day, machine, seconds, passed, output } = shown;
            let word = if *passed { "Passed" } else { "**Failed**" };
            write!(text, "\n### {}\n\n{}\n", task.name, wrap(task.shows))?;
            writeln!(text, "- `{command}`")?;
            writeln!(text, "- {word} on commit {commit}, {day}, in {seconds} s, on {machine}")?;
            if let Some(change) = change_since(shown, task)? {
                let change = beginning(&change);
                let old = format!("- **Older than the last change of what it tests**: {change}");
                writeln!(text, "{}", wrap(&old).trim_end().replace('\n', "\n  "))?;
            }
            // Marks of code in it would end the code here.
            let output = output.iter().filter(|line| !line.starts_with("```"));
            let output: Vec<_> = output.map(String::as_str).collect();
            writeln!(text, "\n```text\n{}\n```", output.join("\n"))?;
        }
        Ok(text)
    }
}

/// Of a commit's first line as much as tells it from others.
fn beginning(change: &str) -> String {
    const ENOUGH: usize = 60;
    match change.char_indices().nth(ENOUGH) {
        None => change.to_owned(),
        Some((end, _)) => {
            let words = change[..end].rsplit_once(' ').map_or(&change[..end], |(words, _)| words);
            format!("{words} …")
        }
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
        // Where the repository lies here is nothing to publish.
        let here = format!("{}{}", root().display(), std::path::MAIN_SEPARATOR);
        let lines: Vec<_> = output.lines().map(|line| line.trim_end().replace(&here, "")).collect();
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

/// The benchmarks, marked if they are old: in the line after that of their commit.
fn marked(page: &str, since: &dyn Fn(&str) -> Outcome<Option<String>>) -> Outcome<String> {
    let mut text = String::new();
    for line in page.split_inclusive('\n').filter(|line| !line.starts_with(OLD)) {
        text.push_str(line);
        let commit = line.strip_prefix(MEASURED).and_then(|rest| rest.split_once('`'));
        if let Some((commit, _)) = commit
            && let Some(change) = since(commit)?
        {
            // A paragraph of one line, whatever the length.
            writeln!(text, "{OLD}{change}.")?;
        }
    }
    Ok(text)
}

/// The present commit of this repository, see [`History::commit`].
pub(crate) fn commit() -> Outcome<String> {
    History(root()).commit()
}

pub(crate) fn today() -> Outcome<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

pub(crate) fn machine() -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let uname = rustix::system::uname();
    let (system, release) = (uname.sysname().to_string_lossy(), uname.release().to_string_lossy());
    let release: Vec<_> = release.split(['.', '-']).take(2).collect();
    Ok(format!("{cores} cores, {system} {}", release.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tasks::TASKS;

    fn results(shown: Shown) -> Results<'static> {
        let shown = BTreeMap::from([("stop".to_owned(), shown)]);
        Results { shown, root: root(), tasks: TASKS }
    }

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
        let results = results(kept.clone());
        let text = results.text().expect("because it can be written");
        let read = Results::parse(text.as_bytes()).expect("because it was just written");
        assert_eq!(read.get("stop"), Some(&kept));
        assert!(Results::parse(b"{\"stop\":{}}").is_err());
    }

    #[test]
    fn the_page_does_not_tell_where_the_repository_lies() {
        let printed = format!("wrote {}", root().join("docs/page.md").display());
        let shown = Shown::new(String::new(), "0123456789", 1, true, &printed);
        let shown = shown.expect("because the day and the machine can be told");
        assert_eq!(shown.output, ["wrote docs/page.md"]);
    }

    #[test]
    fn code_in_what_a_part_printed_does_not_end_the_code_on_the_page() {
        let mut shown = shown(true);
        shown.output = ["a", "```text", "b", "```", "c"].map(str::to_owned).into();
        let sections = results(shown).sections(&|_, _| Ok(None));
        let sections = sections.expect("because nothing is asked of git");
        assert!(sections.contains("\n```text\na\nb\nc\n```\n"), "{sections}");
    }

    #[test]
    fn what_is_older_than_the_last_change_is_marked() {
        let results = results(shown(true));
        let fresh = results.sections(&|_, _| Ok(None)).expect("because nothing is asked of git");
        assert!(fresh.contains("### stop") && fresh.contains("commit 0123456789"));
        assert!(!fresh.contains("Older"));
        let old = results.sections(&|_, task| {
            assert!(task.tests.contains(&"crates/filelock/src"));
            Ok(Some(format!("abc a change {}", "of this and that ".repeat(9))))
        });
        let old = old.expect("as above");
        assert!(old.contains("- **Older than the last change of what it tests**: abc a change"));
        assert!(old.lines().all(|line| line.chars().count() <= 100), "{old}");
        assert!(old.contains("\n  ") && old.contains(" …"), "{old}");
    }

    #[test]
    fn old_benchmarks_are_marked_and_new_ones_are_not() {
        let page = "# Benchmarks\n\nMeasured on commit `0123456789`, 2 cores.\n\nMore.\n";
        let old = marked(page, &|commit| Ok(Some(format!("after {commit}"))));
        let old = old.expect("because nothing is asked of git");
        assert!(old.contains(&format!("2 cores.\n{OLD}after 0123456789.\n\nMore.")), "{old}");
        // Marked again, and measured again.
        let again = marked(&old, &|_| Ok(Some("after 0123456789".to_owned())));
        assert_eq!(again.expect("as above"), old);
        assert_eq!(marked(&old, &|_| Ok(None)).expect("as above"), page);
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
