//! Verify: all tasks, one after the other, and what became of each.
//!
//! The short form is `ci`, and the short forms of what it leaves out because they need root or
//! time. The long forms are run before a release; `--write` keeps what they showed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

use super::history::History;
use super::results::{Results, Shown};
use super::tasks::{TASKS, Task};
use crate::outcome::Outcome;
use crate::workspace::{cargo, root};

/// Run all tasks, with `--long` at the length that a release needs (hours).
#[derive(Args)]
pub(crate) struct Verify {
    /// At the length that a release needs
    #[arg(long)]
    long: bool,
    /// Write what each part showed to docs/verification.md; leave out what this commit has passed
    #[arg(long, requires = "long")]
    write: bool,
    /// Only these parts: the one of this name, else those whose name contains it
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the parts: how long each took, on which commit, and whether that is old
    #[arg(long, requires = "long", conflicts_with = "write")]
    list: bool,
}

/// What is run.
struct Part {
    name: &'static str,
    command: Command,
}

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        if self.list {
            return list(root(), TASKS);
        }
        let mut parts = parts(TASKS, self.long);
        if !self.write {
            // What `ci` shows is one commit's affair, and stands on no page.
            let mut command = cargo(&["xtask", "ci"]);
            command.args(self.long.then_some("--require-all"));
            parts.insert(0, Part { name: "ci", command });
        }
        let parts = chosen(parts, &self.only)?;
        run_all(parts, self.write.then_some((root(), TASKS)))
    }
}

fn parts(tasks: &[Task], long: bool) -> Vec<Part> {
    let parts = tasks.iter().filter_map(|task| {
        let command = if long { task.at_length() } else { task.beside_ci() };
        command.map(|command| Part { name: task.name, command })
    });
    parts.collect()
}

/// Those that `only` names; all if it names none.
fn chosen(parts: Vec<Part>, only: &[String]) -> Outcome<Vec<Part>> {
    let names: Vec<_> = parts.iter().map(|part| part.name).collect();
    let mut wanted = Vec::new();
    for only in only {
        let exact = names.iter().position(|name| name == only);
        let like = (0..names.len()).filter(|number| names[*number].contains(only.as_str()));
        let found: Vec<_> = exact.map_or_else(|| like.collect(), |number| vec![number]);
        if found.is_empty() {
            return Err(
                format!("no part is named `{only}`; there are: {}", names.join(", ")).into()
            );
        }
        wanted.extend(found);
    }
    let is_wanted = |number: usize| only.is_empty() || wanted.contains(&number);
    Ok(parts.into_iter().enumerate().filter(|(it, _)| is_wanted(*it)).map(|(_, it)| it).collect())
}

/// Runs the parts. `written`: where the results are kept, and of which tasks.
fn run_all(parts: Vec<Part>, written: Option<(&Path, &[Task])>) -> Outcome {
    let mut written = match written {
        Some((root, tasks)) => {
            Some((Results::read(root, tasks)?, History(root), History(root).commit()?))
        }
        None => None,
    };
    let mut summary = Vec::new();
    let mut failed = 0;
    let all = parts.len();
    for (number, Part { name, mut command }) in (1..).zip(parts) {
        let line = shown(&command);
        let mut before = String::new();
        if let Some((results, history, _)) = &written
            && let Some(shown) = results.of(name)
        {
            if shown.passed && history.is_same_program(&shown.commit)? {
                summary.push(format!("before     {name}: passed on commit {}", shown.commit));
                continue;
            }
            before = format!(" (took {} the last time)", time(shown.seconds));
        }
        println!("\n== {number} of {all}: {name}: {line}{before}");
        let started = Instant::now();
        let (passed, output) = run_and_keep(&mut command)?;
        failed += u32::from(!passed);
        let word = if passed { "passed" } else { "FAILED" };
        let took = started.elapsed().as_secs();
        summary.push(format!("{word}     {name} in {}: {line}", time(took)));
        if let Some((results, _, commit)) = &mut written {
            results.keep(name, Shown::new(line, commit, took, passed, &output)?)?;
        }
    }
    if let Some((results, _, _)) = &written {
        // What is old by now is marked, whether anything was run or not.
        results.write_page()?;
    }
    println!("\n== summary");
    for line in summary {
        println!("{line}");
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} tasks failed").into()) }
}

/// Prints the parts, and what is known of each.
fn list(root: &Path, tasks: &[Task]) -> Outcome {
    let (results, history) = (Results::read(root, tasks)?, History(root));
    let mut known = 0;
    for task in tasks {
        let Some(command) = task.at_length() else { continue };
        let state = match results.of(task.name) {
            None => "not run yet".to_owned(),
            Some(result) => {
                known += result.seconds;
                let old = history.changed_since(&result.commit, task.tests)?;
                let old = old.map_or_else(String::new, |change| format!("; older than {change}"));
                let word = if result.passed { "passed" } else { "FAILED" };
                format!("{word} in {} on {}{old}", time(result.seconds), result.commit)
            }
        };
        println!("{:27}{state}\n{:27}{}", task.name, "", shown(&command));
    }
    println!("all that was run took {}", time(known));
    Ok(())
}

fn time(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{:.1} h", std::time::Duration::from_secs(seconds).as_secs_f64() / 3600.0),
    }
}

/// Runs `command`, and shows what it prints as it comes. Returns whether it succeeded, and what it
/// printed.
fn run_and_keep(command: &mut Command) -> Outcome<(bool, String)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = String::new();
    for line in BufReader::new(child.stdout.take().expect("because it was piped")).lines() {
        let line = line?;
        println!("{line}");
        output.push_str(&line);
        output.push('\n');
    }
    Ok((child.wait()?.success(), output))
}

/// A command line to type.
fn shown(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={} ", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let set = set.collect::<String>();
    let words = command.get_args().map(|word| word.to_string_lossy());
    format!("{set}cargo {}", words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::verify::results::{BEGIN, END};

    /// A repository with a page, and with what the parts test.
    struct Repository(tempfile::TempDir);

    impl Repository {
        fn new() -> Self {
            let repository = Self(tempfile::tempdir().expect("because there is room"));
            repository.git(&["init", "--quiet"]);
            repository.write("docs/verification.md", &format!("# Title\n\n{BEGIN}{END}"));
            repository.write("src/lock", "one");
            repository.write("README.md", "one");
            repository.commit("a beginning");
            repository
        }

        fn path(&self) -> &Path {
            self.0.path()
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.path().join(name);
            fs::create_dir_all(path.parent().expect("because it lies in a directory"))
                .and_then(|()| fs::write(path, text))
                .expect("because there is room");
        }

        fn git(&self, arguments: &[&str]) {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
            let status = git.current_dir(self.path()).status().expect("because git is there");
            assert!(status.success(), "git {arguments:?}");
        }

        fn commit(&self, message: &str) {
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--message", message]);
        }

        fn page(&self) -> String {
            fs::read_to_string(self.path().join("docs/verification.md"))
                .expect("because it is there")
        }

        /// Runs the parts as `verify --long --write` does. Returns whether all passed.
        fn verify(&self, tasks: &[Task], only: &[&str]) -> bool {
            let only: Vec<_> = only.iter().map(|only| (*only).to_owned()).collect();
            let parts = chosen(parts(tasks, true), &only).expect("because it is a name");
            run_all(parts, Some((self.path(), tasks))).is_ok()
        }
    }

    /// Real commands, which take no time.
    const GOOD: &[Task] = &[
        Task::tiny("lock", &["--version"], &["src/lock"]),
        Task::tiny("lock, again", &["--version"], &["README.md"]),
    ];
    const BAD: &[Task] = &[
        Task::tiny("lock", &["--version"], &["src/lock"]),
        Task::tiny("never", &["no-such-command"], &["src/lock"]),
        Task::tiny("last", &["--version"], &["src/lock"]),
    ];

    #[test]
    fn a_run_goes_on_where_it_was_interrupted_and_writes_what_each_part_showed() {
        let repository = Repository::new();
        assert!(repository.verify(GOOD, &["lock, again"]));
        let page = repository.page();
        assert!(page.contains("### lock, again") && !page.contains("### lock\n"), "{page}");
        assert!(
            page.contains("- `cargo --version`") && page.contains("Passed on commit"),
            "{page}"
        );

        // The results themselves are no change, in a commit or not.
        assert!(repository.verify(GOOD, &[]));
        repository.commit("results");
        let before = repository.page();
        assert!(repository.verify(GOOD, &[]));
        assert_eq!(repository.page(), before, "something was run again");
        assert!(before.contains("### lock\n") && !before.contains("Older"), "{before}");
    }

    #[test]
    fn a_part_that_is_older_than_what_it_tests_is_marked_and_run_again() {
        let repository = Repository::new();
        assert!(repository.verify(GOOD, &[]));
        repository.write("src/lock", "two");
        assert!(History(repository.path()).commit().is_err(), "a change that is in no commit");
        repository.commit("another lock");
        // Only one is run again; the other one is marked if it tests what has changed.
        assert!(repository.verify(GOOD, &["lock, again"]));
        let page = repository.page();
        let old = page.find("**Older than the last change of what it tests**").expect("marked");
        assert!(page.contains("another lock"), "{page}");
        assert!(page.find("### lock\n") < Some(old) && Some(old) < page.find("### lock, again"));
        assert!(repository.verify(GOOD, &["lock"]));
        assert!(!repository.page().contains("Older"), "{}", repository.page());
    }

    #[test]
    fn a_part_that_fails_is_written_as_failed_and_the_others_are_run() {
        let repository = Repository::new();
        assert!(!repository.verify(BAD, &[]));
        let page = repository.page();
        assert!(page.contains("### never") && page.contains("**Failed** on commit"), "{page}");
        assert!(page.contains("### last"), "{page}");
        assert!(list(repository.path(), BAD).is_ok());
    }

    #[test]
    fn only_takes_the_part_of_that_name_or_those_that_contain_it() {
        let names = |only: &str| -> Vec<_> {
            let chosen = chosen(parts(TASKS, true), &[only.to_owned()]);
            chosen.map(|parts| parts.iter().map(|part| part.name).collect()).unwrap_or_default()
        };
        assert_eq!(names("kill"), ["kill"]);
        assert_eq!(names("mostly"), ["contention, mostly flushes", "kill, mostly flushes"]);
        assert!(names("nothing of the kind").is_empty());
        assert_eq!([time(99), time(101), time(7200)], ["99 s", "2 min", "2.0 h"]);
    }
}
