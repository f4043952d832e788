//! Exchange: another user exchanges directories and links on the path while root writes.
//!
//! The other user owns a directory on the path, and in it the name `d`. It leads to three places in
//! turn:
//!
//! - a directory with a file of the attacker's,
//! - one with a link to a file that only root may read,
//! - the directory of that file.
//!
//! Root writes the file at `d/…` with each verb that replaces or creates a file. An attack succeeds
//! if root puts the attacker's content in the place of the secret file. It also succeeds if root
//! creates a file where a link of the attacker's leads.
//!
//! | verb | what the attacker hopes for |
//! |---|---|
//! | `set`, `check --fix` | root reads the attacker's document, and replaces the secret by it |
//! | `merge --install` | the same with the attacker's `.gitattributes` |
//! | `append` | root finds no log, and creates one through a link that leads to nothing |

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use rustix::fs::inotify::{self, WatchFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::outcome::Outcome;
use crate::workload::places::in_each;
use crate::workload::random::Random;
use crate::workspace::{cargo, run, target, worker};

/// Let another user exchange directories and links while root writes: no file is replaced but the
/// one that was read. Needs root, and git.
#[derive(Args)]
pub(crate) struct Exchange {
    /// How many times each verb runs, in each place
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Only this verb
    #[arg(long)]
    only: Option<Verb>,
    /// Attack this program instead of the one that is built here
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Worker {
    directory: PathBuf,
}

/// What root runs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verb {
    Set,
    CheckFix,
    MergeInstall,
    Append,
}

/// An ordinary user. No file is expected to belong to it.
const ATTACKER: u32 = 2001;
const SECRET: &str = "# only root may read this\n";
const ATTACKERS: &str = "# of the attacker\n";

pub(crate) fn check() -> Outcome {
    if geteuid().is_root() {
        return Ok(());
    }
    Err("only root can start a process as another user".into())
}

impl Exchange {
    pub(crate) fn run(self) -> Outcome {
        check()?;
        run(&mut cargo(&["build", "--quiet", "--package", "agentslock-cli"]))?;
        let binary = match &self.binary {
            Some(binary) => std::path::absolute(binary)?,
            None => target()?.join("debug/agentslock"),
        };
        let verbs =
            Verb::value_variants().iter().filter(|verb| self.only.is_none_or(|o| o == **verb));
        let verbs: Vec<Verb> = verbs.copied().collect();
        println!("exchange: {} rounds of each verb", self.rounds);
        in_each(self.directory.as_deref(), |name, path| {
            let mut held = true;
            for verb in &verbs {
                held &= verb.attack(&binary, (name, path), self.rounds)?;
            }
            Ok(held)
        })
    }
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::CheckFix => "check --fix",
            Self::MergeInstall => "merge --install",
            Self::Append => "append",
        }
    }

    /// The file that root writes.
    fn file(self) -> &'static str {
        match self {
            Self::Set | Self::CheckFix => ".agentsrc.lock",
            Self::MergeInstall => ".gitattributes",
            Self::Append => "events.ndjson",
        }
    }

    /// What the attacker's own file says before each round; `None`: it is not there. It is long, so
    /// that root is busy with it for a while.
    fn bait(self) -> Option<String> {
        const LENGTH: usize = 200_000;
        let long = "x".repeat(LENGTH);
        match self {
            Self::Set => Some(format!("{{\n  \"of the attacker\": \"{long}\"\n}}\n")),
            // Not laid out as `--fix` lays it out.
            Self::CheckFix => Some(format!("{{\"units\":{{}},\"of the attacker\":\"{long}\"}}")),
            Self::MergeInstall => Some(format!("{ATTACKERS}# {long}\n")),
            Self::Append => None,
        }
    }

    /// What root runs in round `round`. `own` is the attacker's own directory, whatever it is
    /// called by then; `path` is the path of the file.
    fn command(self, binary: &Path, (own, path): (&Path, &Path), round: u32) -> Command {
        let mut command = Command::new(binary);
        match self {
            Self::Set => {
                command.args(["set", "number", "--wait", "1", "--file"]).arg(path);
                command.args(["--", "echo", &round.to_string()]);
            }
            Self::CheckFix => {
                command.args(["check", "--fix", "--wait", "1", "--file"]).arg(path);
            }
            // It asks git for the path of the checkout, and git has what it is called right now.
            Self::MergeInstall => {
                command.args(["merge", "--install", "--wait", "1"]).current_dir(own);
            }
            Self::Append => {
                command.args(["append", "--wait", "1"]).arg(path).arg("{\"n\":1}");
            }
        }
        // The attacker's checkout is not root's.
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
        command.env("GIT_CONFIG_VALUE_0", "*");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs the verb again and again while the attacker is at work. Returns whether no attack
    /// succeeded.
    fn attack(self, binary: &Path, (place, below): (&str, &Path), rounds: u32) -> Outcome<bool> {
        let scene = Scene::set_up(self, below)?;
        let attacker = Attacker::start(&scene.attackers)?;
        let path = scene.attackers.join("d").join(self.file());
        let mut counts = Counts::default();
        let started = Instant::now();
        for round in 0..rounds {
            scene.bait()?;
            let own = PathBuf::from(scene.own_path());
            let mut command = self.command(binary, (&own, &path), round);
            counts.add(command.status()?)?;
            counts.succeeded += u32::from(scene.is_hit()?);
        }
        let (took, exchanges) = (started.elapsed(), attacker.stop()?);
        println!(
            "  {place:9} {:15} {rounds} rounds beside {exchanges} exchanges, {:.0} s: done {}, \
             refused {}, timed out {}; attacks that succeeded: {}",
            self.name(),
            took.as_secs_f64(),
            counts.done,
            counts.refused,
            counts.timed_out,
            counts.succeeded
        );
        // Otherwise nothing was tried.
        if exchanges < u64::from(rounds) || counts.done == 0 {
            return Err("the attacker or the writer was not at work".into());
        }
        Ok(counts.succeeded == 0)
    }
}

#[derive(Default)]
struct Counts {
    done: u32,
    refused: u32,
    timed_out: u32,
    succeeded: u32,
}

impl Counts {
    fn add(&mut self, status: ExitStatus) -> Outcome {
        match status.code() {
            Some(0) => self.done += 1,
            // Findings that remain; trouble.
            Some(1 | 2) => self.refused += 1,
            Some(75) => self.timed_out += 1,
            _ => return Err(format!("a round ended with {status}").into()),
        }
        Ok(())
    }
}

/// The directories of one attack.
struct Scene {
    verb: Verb,
    /// Removed when it is dropped.
    _directory: tempfile::TempDir,
    secret: PathBuf,
    attackers: PathBuf,
    /// The attacker's own directory, whatever it is called.
    own: File,
    /// Of the secret file.
    inode: std::cell::Cell<u64>,
}

impl Scene {
    fn set_up(verb: Verb, below: &Path) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(below)?;
        for path in [directory.path(), below] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        let (secret, attackers) = (directory.path().join("secret"), directory.path().join("a"));
        let (d, e, f) = (attackers.join("d"), attackers.join("e"), attackers.join("f"));
        for path in [&secret, &attackers, &d, &e] {
            fs::create_dir(path)?;
        }
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700))?;
        if verb == Verb::MergeInstall {
            run(Command::new("git").args(["init", "-q"]).current_dir(&d))?;
        }
        // If a log is created, both links lead to nothing. (One that leads to root's own directory
        // would be no attack: the path asks for a file there.)
        symlink(Path::new("../../secret").join(verb.file()), e.join(verb.file()))?;
        if verb == Verb::Append {
            fs::create_dir(&f)?;
            symlink(Path::new("../../secret").join(verb.file()), f.join(verb.file()))?;
        } else {
            symlink("../secret", &f)?;
        }
        for path in [&attackers, &d, &e] {
            chown(path, Some(ATTACKER), Some(ATTACKER))?;
        }
        let own = File::open(&d)?;
        let inode = std::cell::Cell::new(0);
        let scene = Self { verb, _directory: directory, secret, attackers, own, inode };
        scene.hide()?;
        Ok(scene)
    }

    fn own_path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.own.as_raw_fd())
    }

    fn secret_file(&self) -> PathBuf {
        self.secret.join(self.verb.file())
    }

    /// Puts the secret where the attacker wants it replaced.
    fn hide(&self) -> Outcome {
        if self.verb == Verb::Append {
            return Ok(());
        }
        fs::write(self.secret_file(), SECRET)?;
        fs::set_permissions(self.secret_file(), fs::Permissions::from_mode(0o600))?;
        self.inode.set(fs::metadata(self.secret_file())?.ino());
        Ok(())
    }

    /// Puts the attacker's own file back.
    fn bait(&self) -> Outcome {
        let file = Path::new(&self.own_path()).join(self.verb.file());
        match self.verb.bait() {
            Some(bait) => {
                fs::write(&file, bait)?;
                chown(&file, Some(ATTACKER), Some(ATTACKER))?;
            }
            None => {
                let _ = fs::remove_file(&file);
            }
        }
        Ok(())
    }

    /// Whether the attack succeeded. Then everything is put back.
    fn is_hit(&self) -> Outcome<bool> {
        let file = self.secret_file();
        if self.verb == Verb::Append {
            let is_hit = fs::symlink_metadata(&file).is_ok();
            if is_hit {
                fs::remove_file(&file)?;
            }
            return Ok(is_hit);
        }
        let text = fs::read_to_string(&file)?;
        let is_same = text == SECRET && fs::metadata(&file)?.ino() == self.inode.get();
        if is_same {
            return Ok(false);
        }
        // Root was led to that directory, and added its own line to the file that it read there.
        let is_led = self.verb == Verb::MergeInstall
            && text.starts_with(SECRET)
            && !text.contains(ATTACKERS);
        fs::remove_file(&file)?;
        self.hide()?;
        Ok(!is_led)
    }
}

/// The other user's process.
struct Attacker {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Attacker {
    fn start(directory: &Path) -> Outcome<Self> {
        let mut command = worker("exchange")?;
        command.arg(directory).uid(ATTACKER).gid(ATTACKER);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("as another user: {error}"))?;
        let orders = child.stdin.take();
        Ok(Self { child, orders })
    }

    /// Returns how many exchanges there were.
    fn stop(mut self) -> Outcome<u64> {
        drop(self.orders.take());
        let mut said = String::new();
        let stdout = self.child.stdout.as_mut().expect("because it was piped");
        stdout.read_to_string(&mut said)?;
        Ok(said.trim().parse()?)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    /// Exchanges and puts back until standard input ends; then says how often.
    ///
    /// Half of the time it first waits until root opens or makes something in the directory `d`.
    /// Then root reads the file, or has taken its lock. All else is guessed: how long it takes root
    /// to compare, and then to rename.
    pub(crate) fn run(self) -> Outcome {
        const LONGEST_PAUSE: usize = 300;
        const LONGEST_EXCHANGE: usize = 1000;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            over.store(true, Ordering::Relaxed);
        });
        let mut random = Random::new(u64::from(std::process::id()) << 32 | 0x9e37);
        let mut exchanges = 0_u64;
        let d = self.directory.join("d");
        let signs = Signs::of(&d)?;
        while !is_over.load(Ordering::Relaxed) {
            if random.below(2) == 0 {
                signs.await_one(&is_over)?;
            }
            pause(&mut random, LONGEST_PAUSE);
            let other = self.directory.join(["e", "f"][random.below(2)]);
            for _ in 0..2 {
                renameat_with(CWD, &d, CWD, &other, RenameFlags::EXCHANGE)?;
                pause(&mut random, LONGEST_EXCHANGE);
            }
            exchanges += 1;
        }
        writeln!(std::io::stdout(), "{exchanges}")?;
        Ok(())
    }
}

/// For less than so many microseconds.
fn pause(random: &mut Random, longest: usize) {
    let pause = Duration::from_micros(u64::try_from(random.below(longest)).unwrap_or(0));
    let until = Instant::now() + pause;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// What another process does in a directory.
struct Signs(OwnedFd);

impl Signs {
    fn of(directory: &Path) -> Outcome<Self> {
        let signs = inotify::init(inotify::CreateFlags::NONBLOCK)?;
        let which = WatchFlags::OPEN | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        inotify::add_watch(&signs, directory, which)?;
        Ok(Self(signs))
    }

    fn await_one(&self, is_over: &AtomicBool) -> Outcome {
        let mut buffer = [0_u8; 4096];
        // What happened before.
        while rustix::io::read(&self.0, &mut buffer).is_ok() {}
        while !is_over.load(Ordering::Relaxed) {
            match rustix::io::read(&self.0, &mut buffer) {
                Ok(_) => return Ok(()),
                Err(Errno::AGAIN) => std::hint::spin_loop(),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
