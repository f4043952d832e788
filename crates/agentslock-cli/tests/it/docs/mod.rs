//! `docs/cli.md` and `README.md`: each example is run, and what the page says it prints is compared
//! with what it does print.
//!
//! Each section runs in one shell, from top to bottom. Those of `docs/cli.md` run in a copy of
//! `examples/repo`, those of the README in a new repository of their reader's:
//!
//! - `console` blocks: a line after `$ ` is typed, and goes on in lines after `> `; the others are
//!   what is printed. `…` stands for any text on a line.
//! - `sh NAME` blocks are files, executable.
//! - `yaml` blocks: what stands behind `- run: ` succeeds.
//! - comments that begin with `run first` are run, and not shown.
//!
//! Rust, TOML and `sh` without a name are in the README only. `cargo xtask packages` builds the
//! first two. The tasks `dist`, `demo` and `ci` are the third.

mod page;

use std::fs;
use std::path::Path;
use std::process::Command;

use page::{Block, Section};

use crate::merge::repo::{has_git, isolated, labels};
use crate::support::{Lab, PROGRAM, Program, set_mode};

/// Stands between what two commands print. Nothing prints it.
const SEPARATOR: char = '\u{1e}';

fn root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("because this crate lies in the workspace's crates")
}

#[test]
fn all_that_the_page_shows_is_so() {
    let page = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let sections = page::sections(&page);
    let verbs = [
        "show",
        "set",
        "unset",
        "edit",
        "doctor",
        "init",
        "completions",
        "schema",
        "man",
        "check",
        "digest",
        "diff",
        "merge",
        "run",
        "holder",
        "append",
    ];
    for verb in verbs {
        assert!(sections.iter().any(|it| it.title == verb), "there is no section about {verb}");
    }
    for section in &sections {
        let is_run = |block: &Block| !matches!(block, Block::Elsewhere(_));
        assert!(section.blocks.iter().all(is_run), "{}: a block is not run", section.title);
    }
    std::thread::scope(|scope| {
        for section in &sections {
            scope.spawn(|| run(section, |lab| copy(&root().join("examples/repo"), lab.root())));
        }
    });
}

#[test]
fn all_that_the_readme_shows_is_so() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let known = ["rust", "toml", "sh", "text"];
    let sections = page::sections(&page);
    for section in &sections {
        for block in &section.blocks {
            if let Block::Elsewhere(kind) = block {
                assert!(known.contains(&kind.as_str()), "{}: {kind}", section.title);
            }
        }
    }
    let is_shell =
        |section: &&Section| section.blocks.iter().any(|block| matches!(block, Block::Console(_)));
    std::thread::scope(|scope| {
        for section in sections.iter().filter(is_shell) {
            scope.spawn(|| run(section, |_| ()));
        }
    });
}

fn run(section: &Section, prepare: impl FnOnce(&Lab)) {
    for tool in ["bash", "jq", "git"] {
        let needed = tool == "bash" || section.blocks.iter().any(|block| block.mentions(tool));
        if needed && Command::new(tool).arg("--version").output().is_err() {
            return testkit::skip(&format!("there is no {tool} for the examples of docs/cli.md"));
        }
    }
    if !has_git() {
        return;
    }
    let lab = Lab::new();
    prepare(&lab);
    if !lab.join(".agentsrc.lock").exists() || section.title.contains("pre-commit") {
        isolated(Program::new("git").args(["init", "-q", "-b", "main"]), &lab).run().exits(0);
    }
    let (script, expected) = script(section, &lab);
    let directory = Path::new(PROGRAM).parent().expect("because it lies in one");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let bash = Program::new("bash").args(["-c", &script]).env("PATH", path);
    let ended = isolated(bash, &lab).without_env("BASH_ENV").run();
    let printed: Vec<_> = ended.out().split(SEPARATOR).collect();
    assert_eq!(printed.len(), expected.len() + 1, "{}: {}", section.title, ended.out());
    let [ours, theirs] = labels();
    for ((command, expected), printed) in expected.iter().zip(printed) {
        let expected = expected.replace("<<<<<<< HEAD", &format!("<<<<<<< {ours}"));
        let expected = expected.replace(">>>>>>> topic", &format!(">>>>>>> {theirs}"));
        // Later on a busy machine.
        let expected = &expected.replace("gave up after 0.5 s", "gave up after … s");
        assert!(
            page::matches(expected, printed),
            "{}: $ {command}\nprinted:\n{printed}\nexpected:\n{expected}",
            section.title
        );
    }
}

/// What bash is told, and each command with what it should print. Files are put into `lab`.
fn script<'a>(section: &'a Section, lab: &Lab) -> (String, Vec<(&'a str, String)>) {
    // As an interactive shell has it: the end of a job in the background is not waited for.
    let mut script = String::from("exec 2>&1 < /dev/null\n");
    let mut all = Vec::new();
    let mut command = |text: &'a str, expected: String| {
        // The status is the next command's to see.
        script.extend([text, "\nstatus=$?; printf '\\036'; (exit $status)\n"]);
        all.push((text, expected));
    };
    for block in &section.blocks {
        match block {
            Block::File { name, text } => {
                let file = lab.join(name);
                fs::create_dir_all(file.parent().expect("because it has a name")).unwrap();
                fs::write(&file, text).unwrap();
                set_mode(&file, 0o755);
            }
            Block::Hidden(text) => command(text, String::new()),
            Block::Elsewhere(_) => {}
            Block::Console(commands) => {
                for (text, expected) in commands {
                    command(text, expected.clone());
                }
            }
            Block::Job(commands) => {
                for text in commands {
                    command(text, String::new());
                    command("echo $?", "0\n".to_owned());
                }
            }
        }
    }
    (script, all)
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-R").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}
