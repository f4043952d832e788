//! The commands in `.github` and in the action: each was run here, or says beside it that it was
//! not.
//!
//! A command that a check of this repository runs as well stands in [`RUN`], with that check. It
//! can have other options there, such as another target. Each other one has a comment above it, `#
//! Not run here: …`.

use std::fs;

use clap::Parser;

use crate::verify::tasks::TASKS;
use crate::workspace::root;

/// What runs a command here.
#[derive(Clone, Copy)]
enum By {
    /// A task of the table that `ci` reads.
    Task(&'static str),
    /// A step of `ci` that is no task: this one, by its name.
    Ci(&'static str),
    /// The script that a maintainer's machine runs for each change.
    Script,
    /// A person, by hand: this page says that it passes.
    Written(&'static str),
}

const RUN: [(&str, By); 8] = [
    ("bash .ci/run", By::Script),
    ("cargo xtask dist --texts", By::Task("dist")),
    ("cargo +1.88.0 check --workspace --locked", By::Written("docs/decisions.md")),
    ("cargo run -p platform-probe -- .", By::Task("probe")),
    ("cargo run -p platform-probe -- . /tmp", By::Task("probe")),
    ("cargo test --workspace --exclude xtask --no-fail-fast", By::Ci("tests and doctests")),
    (
        "cargo build --locked --profile dist --package agentslock-cli --target ${{ matrix.target }}",
        By::Task("dist"),
    ),
    ("agentslock check --format github $ARGUMENTS", By::Ci("tests and doctests")),
];

/// A command, where it stands, and whether a comment above it says that it was not run.
struct Step {
    place: String,
    command: String,
    is_marked: bool,
}

/// The commands of a workflow, without what only gives them the rights of root.
fn steps(name: &str, text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut is_marked = false;
    let mut block: Option<usize> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        if content.is_empty() {
            continue;
        }
        if block.is_some_and(|outer| indentation <= outer) {
            (block, is_marked) = (None, false);
        }
        let mut add = |command: &str| {
            let command = command.trim().trim_start_matches("sudo -E env \"PATH=$PATH\" ");
            let place = format!("{name}:{number}");
            steps.push(Step { place, command: command.to_owned(), is_marked });
        };
        if block.is_some() {
            if !content.starts_with('#') {
                add(content);
            }
            continue;
        }
        if content.starts_with('#') {
            is_marked |= content.to_lowercase().contains("not run here:");
            continue;
        }
        let entry = content.strip_prefix("- ").unwrap_or(content);
        let command = ["run: ", "prepare: "].iter().find_map(|key| entry.strip_prefix(key));
        match command {
            Some("|") => block = Some(indentation),
            Some(command) => {
                add(command);
                is_marked = false;
            }
            // A mark is for the step that follows, whose command may not be its first key.
            None => is_marked &= is_key_of_a_step(entry),
        }
    }
    steps
}

fn is_key_of_a_step(entry: &str) -> bool {
    let keys =
        ["name:", "if:", "shell:", "env:", "uses:", "with:", "usesh:", "ARGUMENTS:", "GH_TOKEN:"];
    keys.iter().any(|key| entry.starts_with(key))
}

fn all_steps() -> Vec<Step> {
    let mut files = vec![root().join("action.yml")];
    let workflows = fs::read_dir(root().join(".github/workflows")).expect("because it is there");
    files.extend(workflows.map(|entry| entry.expect("because it can be read").path()));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("because it is there");
        let name = file.file_name().expect("because it was listed").to_string_lossy().into_owned();
        all.extend(steps(&name, &text));
    }
    all
}

#[test]
fn each_command_of_the_workflows_was_run_here_or_says_that_it_was_not() {
    let steps = all_steps();
    assert!(steps.len() > 20, "only {} commands were found", steps.len());
    for Step { place, command, is_marked } in &steps {
        let is_run = RUN.iter().any(|(run, _)| run == command);
        assert!(
            is_run != *is_marked,
            "{place}: `{command}` {}",
            if is_run { "is run here, and says that it is not" } else { "is not run here: say so" }
        );
    }
    for (command, by) in RUN {
        assert!(steps.iter().any(|step| step.command == command), "`{command}` is in no workflow");
        match by {
            By::Task(name) => {
                let task = TASKS.iter().find(|task| task.name == name);
                assert!(task.is_some_and(|task| task.in_ci().is_some()), "{name}: {command}");
            }
            By::Ci(step) => {
                let ci = include_str!("ci.rs");
                assert!(ci.contains(&format!("\"{step}\"")), "`ci` has no step {step}");
            }
            By::Script => assert!(root().join(".ci/run").is_file()),
            By::Written(page) => {
                let text = fs::read_to_string(root().join(page)).expect("because it is there");
                assert!(text.contains(&format!("`{command}` passes")), "{page}: {command}");
            }
        }
    }
}

/// An option that is renamed fails here, and not on the day of a release.
#[test]
fn each_task_that_a_workflow_starts_is_one_with_these_options() {
    let steps = all_steps();
    let tasks = steps.iter().filter_map(|step| step.command.strip_prefix("cargo xtask "));
    let mut count = 0;
    for arguments in tasks {
        let words = ["xtask"].into_iter().chain(arguments.split(' '));
        let read = crate::Arguments::try_parse_from(words);
        assert!(read.is_ok(), "cargo xtask {arguments}: {}", read.err().unwrap());
        count += 1;
    }
    assert!(count >= 2, "only {count} tasks were found");
}

#[test]
fn commands_are_found_in_lines_and_in_blocks() {
    let text = "jobs:\n  a:\n    steps:\n      # Not run here: no.\n      - name: x\n        run: |\n\
                \x20         one\n          # why\n          two\n      - run: sudo -E env \
                \"PATH=$PATH\" three\n      - uses: vm\n        with:\n          prepare: four\n";
    let steps = steps("a.yml", text);
    let found: Vec<_> = steps.iter().map(|step| (&*step.command, step.is_marked)).collect();
    assert_eq!(found, [("one", true), ("two", true), ("three", false), ("four", false)]);
    assert_eq!(steps[2].place, "a.yml:10");
}
