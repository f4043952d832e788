//! Programs from start to end, in turns: whatever else the machine does, it does it to all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::outcome::Outcome;

/// What each program took, a time for each round.
pub(crate) struct Startups(Vec<Startup>);

pub(crate) struct Startup {
    pub(crate) name: &'static str,
    command: Command,
    /// The exit status that says that it did what it was started for.
    expected: i32,
    times: Vec<Duration>,
}

impl Startup {
    pub(crate) fn new(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { name, command, expected: 0, times: Vec::new() }
    }

    fn once(&mut self) -> Outcome {
        let Self { command, .. } = self;
        let started = Instant::now();
        let status = command.status()?;
        self.times.push(started.elapsed());
        if status.code() == Some(self.expected) {
            Ok(())
        } else {
            Err(format!("{command:?} failed: {status}").into())
        }
    }

    /// Noise only ever adds, so that the best is what the program takes.
    pub(crate) fn best(&self) -> Duration {
        self.times.iter().min().copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }
}

impl Startups {
    pub(crate) fn new(programs: Vec<Startup>) -> Self {
        Self(programs)
    }

    /// Starts each program once a round, in their order.
    pub(crate) fn run(&mut self, rounds: u32) -> Outcome {
        for _ in 0..rounds {
            for program in &mut self.0 {
                program.once()?;
            }
        }
        Ok(())
    }

    /// In the order in which they were given.
    pub(crate) fn all(&self) -> &[Startup] {
        &self.0
    }
}

/// What all verbs work on: a document of two kilobytes and what lies beside it. It is in memory if
/// there is a tmpfs: a disk's journal takes longer than all of them.
pub(crate) struct Scene(TempDir);

/// A verb, and what it is given. `DOCUMENT` and the other names are files of the scene.
type Verb = (&'static str, &'static [&'static str]);

/// Every verb, with the least that it can do. `unset` removes what `set` has written, so that both
/// write in each round.
const VERBS: [Verb; 16] = [
    ("show", &["--file", DOCUMENT]),
    ("set", &["--file", DOCUMENT, "install", "{}"]),
    ("unset", &["--file", DOCUMENT, "install"]),
    ("edit", &["--file", DOCUMENT, "--", "cat"]),
    ("check", &["--file", DOCUMENT]),
    ("diff", &[DOCUMENT, OTHER]),
    ("digest", &["--file", DOCUMENT]),
    ("merge", &[OTHER, OTHER, OTHER]),
    ("run", &["target", "--", "true"]),
    ("holder", &["target"]),
    ("append", &["log", "{}"]),
    ("doctor", &["--file", DOCUMENT]),
    ("init", &["--document"]),
    ("schema", &[]),
    ("completions", &["bash"]),
    ("man", &[]),
];

const DOCUMENT: &str = ".agentsrc.lock";
const OTHER: &str = "other";

impl Scene {
    pub(crate) fn new() -> Outcome<Self> {
        let memory = Path::new("/dev/shm");
        let directory =
            if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        for name in [DOCUMENT, OTHER] {
            std::fs::write(directory.path().join(name), two_kilobytes())?;
        }
        Ok(Self(directory))
    }

    /// `flock FILE true`, where there is a `flock`: what a lock costs in a shell.
    pub(crate) fn flock(&self) -> Option<Startup> {
        Command::new("flock").arg("--version").output().ok()?;
        let mut command = Command::new("flock");
        command.args(["lock", "true"]).current_dir(self.0.path());
        Some(Startup::new("flock", command))
    }

    /// A program that does nothing.
    pub(crate) fn nothing(&self) -> Startup {
        let mut command = Command::new("true");
        command.current_dir(self.0.path());
        Startup::new("true", command)
    }

    /// The verbs of `program` that are `wanted`, in this scene.
    pub(crate) fn verbs(&self, program: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Startup> {
        let verbs = VERBS.into_iter().filter(|(verb, _)| wanted(verb));
        let start = |(verb, arguments): Verb| {
            let mut command = Command::new(program);
            command.arg(verb).args(arguments).current_dir(self.0.path());
            // "free" is the answer "no".
            let expected = i32::from(verb == "holder");
            Startup { expected, ..Startup::new(verb, command) }
        };
        verbs.map(start).collect()
    }
}

pub(crate) fn two_kilobytes() -> String {
    let unit = |number: u32| {
        let digest = format!("{number:064x}");
        format!(
            "    \"git:acme/layer-{number}@1.0.0\": {{\n      \"kind\": \"layer\",\n      \
                 \"digest\": \"sha256:{digest}\"\n    }}"
        )
    };
    let units: Vec<_> = (0..14).map(unit).collect();
    format!("{{\n  \"lock_version\": 1,\n  \"units\": {{\n{}\n  }}\n}}\n", units.join(",\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_verb_is_started() {
        let command = agentslock_cli::command();
        let there: BTreeSet<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        let started: BTreeSet<_> = VERBS.iter().map(|(verb, _)| *verb).collect();
        assert_eq!(started, there);
    }

    #[test]
    fn a_program_that_fails_is_an_error_and_each_round_starts_all_in_turn() {
        let program = |name, script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Startup::new(name, command)
        };
        let directory = tempfile::tempdir().expect("because temporary files can be made");
        let log = directory.path().join("log");
        let says = |word: &str| format!("echo {word} >> {}", log.display());
        let both = vec![program("one", &says("one")), program("two", &says("two"))];
        let mut startups = Startups::new(both);
        startups.run(2).expect("because both succeed");
        let text = std::fs::read_to_string(&log).expect("because it was written");
        assert_eq!(text, "one\ntwo\none\ntwo\n");
        for startup in startups.all() {
            assert!(startup.best() > Duration::ZERO && startup.median() >= startup.best());
        }
        assert!(Startups::new(vec![program("fails", "exit 3")]).run(1).is_err());
    }
}
