//! Replaced: writers beside programs that replace the document by removing and creating it.
//!
//! One scene is a repository of 300 files, in which git checks out, stashes, rebases and pulls. In
//! the other, an editor unlinks the document and creates it again. In both, `agentslock set` and
//! updates through the library write all the time. Each version of the document that git or the
//! editor makes has the same sections. All of them must be there each time git or the editor is
//! done. Each writer must succeed, or be told to try again later.
//!
//! The other program must never meet a file that it did not expect ("File exists"). So a writer
//! that looked right before the unlink must not take the free name.
//!
//! On a busy machine the editor can be slower than the pause after which a document counts as
//! removed, or as broken. Then a writer may say so, or make a new one. That is counted apart.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use agentslock_core::{DocumentPlace, Error, FileError, FlushError, LockfileOptions};
use clap::Args;

use crate::outcome::Outcome;
use crate::workload::places::places;
use crate::workspace::{cargo, run, target};

/// Write beside git and an editor that replace the document: no section is lost.
#[derive(Args)]
pub(crate) struct Replaced {
    /// How long, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

const DOCUMENT: &str = ".agentsrc.lock";
const SECTIONS: [&str; 5] = ["artifact_content", "counters", "install", "typed", "units"];
const FILES: u32 = 300;
/// Between two writes of a writer: the machine is shared.
const BETWEEN: Duration = Duration::from_millis(20);
/// After which a document that an editor removed counts as removed.
const PAUSE: Duration = Duration::from_millis(200);

/// What happened how often, and what must not happen.
#[derive(Default)]
struct Counts {
    counted: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

struct Scene<'a> {
    directory: &'a Path,
    program: &'a Path,
    is_over: AtomicBool,
    counts: Mutex<Counts>,
    /// What writers said of a document that is half-written, or missing. It is right only if the
    /// editor is slower than a pause, which the editor knows at the end.
    doubtful: Mutex<Vec<String>>,
}

impl Replaced {
    pub(crate) fn run(self) -> Outcome {
        run(&mut cargo(&["build", "--quiet", "--package", "agentslock-cli"]))?;
        let program = target()?.join("debug/agentslock");
        println!("replaced: {} s beside git and beside an editor", self.seconds);
        let place = places(None)?.pop().ok_or("there is no place to run in")?;
        let limit = Duration::from_secs(self.seconds);
        let (checkout, edited) = (place.join("checkout"), place.join("edited"));
        make_repository(&place.join("upstream"), &checkout)?;
        fs::create_dir(&edited)?;
        fs::write(edited.join(DOCUMENT), document(0))?;
        let scenes = [Scene::new(&checkout, &program), Scene::new(&edited, &program)];
        std::thread::scope(|scope| {
            scope.spawn(|| scenes[0].play(limit, Scene::git_turn));
            scope.spawn(|| scenes[1].play(limit, |scene, _| scene.edit_once()));
        });
        let mut right = true;
        for (name, scene) in ["git", "editor"].iter().zip(&scenes) {
            let counts = scene.counts.lock().map_err(|_| "a thread panicked")?;
            let counted: Vec<_> =
                counts.counted.iter().map(|(what, count)| format!("{what} {count}")).collect();
            println!("  {name:6} {}; wrong {}", counted.join(", "), counts.wrong.len());
            counts.wrong.iter().take(10).for_each(|wrong| println!("    {wrong}"));
            right &= counts.wrong.is_empty() && counts.counted.contains_key("set: written");
        }
        if right { Ok(()) } else { Err("a section was lost, or a writer failed".into()) }
    }
}

impl<'a> Scene<'a> {
    fn new(directory: &'a Path, program: &'a Path) -> Self {
        let (is_over, counts) = (AtomicBool::new(false), Mutex::default());
        Self { directory, program, is_over, counts, doubtful: Mutex::default() }
    }

    /// Lets the writers write while `replace` replaces, until the time is over.
    fn play(&self, limit: Duration, replace: impl Fn(&Self, usize)) {
        let started = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| self.repeat(|number| self.set(number)));
            scope.spawn(|| self.repeat(|number| self.update("update", number, false)));
            scope.spawn(|| self.repeat(|number| self.update("typed", number, true)));
            for turn in 0.. {
                if started.elapsed() >= limit {
                    break;
                }
                replace(self, turn);
            }
            self.is_over.store(true, Ordering::Relaxed);
        });
        self.decide(false);
    }

    /// A writer failed. If it found half a document, or none, the editor says whether that is so.
    fn failed(&self, said: String) {
        let is_doubtful = ["EOF while", "is cut off", "neither .agentsrc.lock nor"];
        if is_doubtful.iter().any(|words| said.contains(words)) {
            self.doubtful.lock().expect("because no thread panics with it").push(said);
        } else {
            self.wrong(said);
        }
    }

    /// What writers said of a document that stood unfinished for a pause, or for less.
    fn decide(&self, was_slow: bool) {
        let said =
            std::mem::take(&mut *self.doubtful.lock().expect("because no thread panics with it"));
        for said in said {
            if was_slow { self.count("said that an edit was too slow") } else { self.wrong(said) }
        }
    }

    fn repeat(&self, write: impl Fn(u64)) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            write(number);
            std::thread::sleep(BETWEEN);
        }
    }

    fn document(&self) -> PathBuf {
        self.directory.join(DOCUMENT)
    }

    fn count(&self, what: impl Into<String>) {
        let mut counts = self.counts.lock().expect("because no thread panics with it");
        *counts.counted.entry(what.into()).or_default() += 1;
    }

    fn wrong(&self, what: String) {
        self.counts.lock().expect("because no thread panics with it").wrong.push(what);
    }

    fn set(&self, number: u64) {
        let mut command = Command::new(self.program);
        command.args(["set", "counters", &format!("{{\"n\":{number}}}")]);
        match command.current_dir(self.directory).output() {
            Ok(output) => match output.status.code() {
                Some(0) => self.count("set: written"),
                Some(75) => self.count("set: later"),
                code => {
                    let said = String::from_utf8_lossy(&output.stderr);
                    self.failed(format!("set: {code:?}: {}", said.trim()));
                }
            },
            Err(error) => self.wrong(format!("set: {error}")),
        }
    }

    /// An update, or what a typed crate does: the closure first runs without the lock.
    fn update(&self, name: &str, number: u64, is_typed: bool) {
        let section = if is_typed { "typed" } else { "units" };
        let options = LockfileOptions::new();
        let change = |lockfile: &agentslock_core::Lockfile| {
            // Every other write changes nothing.
            lockfile.set_section(section, &(number / 2)).map_err(Error::from)
        };
        let updated = if is_typed {
            DocumentPlace::file(self.document(), options).update(change)
        } else {
            options.update(self.document(), change)
        };
        match updated {
            Ok(_) => self.count(format!("{name}: written")),
            Err(Error::Flush(error)) if is_later(&error) => self.count(format!("{name}: later")),
            Err(error) => self.failed(format!("{name}: {error}")),
        }
    }

    /// One command of git's, and a look at the document once it is done.
    fn git_turn(&self, turn: usize) {
        let (name, commands): (&str, &[&[&str]]) = match turn % 5 {
            0 => ("checkout", &[&["checkout", "-q", "-f", "other"]]),
            1 => ("checkout", &[&["checkout", "-q", "-f", "main"]]),
            2 => ("stash", &[&["stash", "-q"], &["stash", "drop", "-q"]]),
            3 => (
                "rebase",
                &[&["checkout", "-q", "-f", "-B", "topic", "start"], &["rebase", "-q", "main"]],
            ),
            _ => (
                "pull",
                &[
                    &["checkout", "-q", "-f", "-B", "main", "origin/main~1"],
                    &["pull", "-q", "--ff-only"],
                    &["reset", "-q", "--hard"],
                    &["pull", "-q", "--ff-only"],
                ],
            ),
        };
        for arguments in commands {
            match git(self.directory, arguments).output() {
                Ok(output) => {
                    let said = String::from_utf8_lossy(&output.stderr);
                    // Git refuses to overwrite what a writer has just written.
                    let how = if output.status.success() { "done" } else { "refused" };
                    self.count(format!("{}: {how}", arguments[0]));
                    if said.contains("File exists") && !said.contains("index.lock") {
                        self.wrong(format!("{name}: {}", said.trim()));
                    }
                }
                Err(error) => self.wrong(format!("{name}: {error}")),
            }
            self.look(name);
        }
        let _ = git(self.directory, &["rebase", "--abort"]).output();
    }

    /// As an editor does that replaces by unlinking and creating.
    fn edit_once(&self) {
        let path = self.document();
        let text = fs::read(&path).unwrap_or_default();
        let removed = Instant::now();
        let written = fs::remove_file(&path).and_then(|()| {
            std::thread::sleep(Duration::from_millis(2));
            let mut file = fs::File::options().write(true).create_new(true).open(&path)?;
            let (first, second) = text.split_at(text.len() / 2);
            file.write_all(first)?;
            std::thread::sleep(Duration::from_millis(2));
            file.write_all(second)?;
            Ok(())
        });
        match written {
            Ok(()) => self.count("edit: done"),
            // Nobody could know that we would come back.
            Err(_) if removed.elapsed() >= PAUSE => {
                self.count("edit: too slow");
                let _ = fs::write(&path, document(0));
            }
            Err(error) => self.wrong(format!("edit: {error}")),
        }
        let was_slow = removed.elapsed() >= PAUSE;
        self.look("edit");
        std::thread::sleep(BETWEEN);
        // A writer can say it a little later.
        if was_slow {
            std::thread::sleep(PAUSE);
            self.decide(true);
        }
    }

    /// Looks whether all sections are there. Nobody replaces the document but writers, in one step.
    fn look(&self, after: &str) {
        let text = fs::read(self.document()).unwrap_or_default();
        let document: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&text).unwrap_or_default();
        let missing: Vec<_> = SECTIONS.iter().filter(|it| !document.contains_key(**it)).collect();
        if missing.is_empty() {
            self.count("looks");
        } else {
            self.wrong(format!(
                "after {after}: {missing:?} lost: {}",
                String::from_utf8_lossy(&text)
            ));
        }
    }
}

/// Whether the program says 75 of it: trying again later can help.
fn is_later(error: &FlushError) -> bool {
    let is_disturbed = |error: &FileError| {
        matches!(error, FileError::Unsettled { .. } | FileError::Removed { .. })
    };
    error.is_contention()
        || error.is_lost()
        || matches!(error, FlushError::File(error) if is_disturbed(error))
}

fn document(version: u32) -> String {
    let sections = SECTIONS.map(|name| format!("  {name:?}: {version}"));
    format!("{{\n{}\n}}\n", sections.join(",\n"))
}

/// A repository with `main`, `other`, `start` (of a topic), and an upstream that is one ahead.
fn make_repository(upstream: &Path, checkout: &Path) -> Outcome {
    fs::create_dir(upstream)?;
    let git = |arguments: &[&str]| run(&mut git(upstream, arguments));
    let write = |version: u32| -> Outcome {
        for number in 0..FILES {
            fs::write(upstream.join(format!("file{number}")), format!("{version}\n").repeat(100))?;
        }
        Ok(fs::write(upstream.join(DOCUMENT), document(version))?)
    };
    let commit = |message: &str| -> Outcome {
        git(&["add", "--all"])?;
        git(&["commit", "-q", "-m", message])
    };
    git(&["init", "-q", "-b", "main"])?;
    write(0)?;
    commit("base")?;
    git(&["checkout", "-q", "-b", "start"])?;
    fs::write(upstream.join("topic"), "topic\n")?;
    commit("topic")?;
    git(&["checkout", "-q", "-b", "other", "main"])?;
    write(1)?;
    commit("other")?;
    git(&["checkout", "-q", "main"])?;
    write(2)?;
    commit("main")?;
    let url = upstream.to_string_lossy();
    run(super::replaced::git(upstream, &["clone", "-q", &url]).arg(checkout))?;
    run(&mut super::replaced::git(checkout, &["branch", "-q", "start", "origin/start"]))
}

/// Git, which sees nothing of its user's configuration.
fn git(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]);
    command.args(arguments).current_dir(directory);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_EDITOR", "true").env("LC_ALL", "C");
    command
}
