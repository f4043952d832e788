//! The other user.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::fs::inotify::{self, WatchFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::outcome::Outcome;
use crate::workload::random::Random;
use crate::workspace::worker;

/// An ordinary user. No file is expected to belong to it.
pub(super) const ATTACKER: u32 = 2001;

#[derive(Args)]
pub(crate) struct Worker {
    directory: PathBuf,
}

/// The other user's process.
pub(super) struct Attacker {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Attacker {
    pub(super) fn start(directory: &Path) -> Outcome<Self> {
        let mut command = worker("exchange")?;
        command.arg(directory).uid(ATTACKER).gid(ATTACKER);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("as another user: {error}"))?;
        let orders = child.stdin.take();
        Ok(Self { child, orders })
    }

    /// Returns how many exchanges there were.
    pub(super) fn stop(mut self) -> Outcome<u64> {
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

/// For less than so many microseconds, and a bit. The writers need the processors.
fn pause(random: &mut Random, longest: usize) {
    const SPUN: Duration = Duration::from_micros(60);
    let pause = Duration::from_micros(u64::try_from(random.below(longest)).unwrap_or(0));
    let until = Instant::now() + pause;
    if pause > SPUN {
        std::thread::sleep(pause.saturating_sub(SPUN));
    }
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// What another process does in a directory.
pub(super) struct Signs(OwnedFd);

impl Signs {
    fn of(directory: &Path) -> Outcome<Self> {
        Self::which(directory, WatchFlags::OPEN | WatchFlags::CREATE | WatchFlags::MOVED_TO)
    }

    /// Of names that are exchanged.
    pub(super) fn of_exchanges(directory: &Path) -> Outcome<Self> {
        Self::which(directory, WatchFlags::MOVED_TO)
    }

    fn which(directory: &Path, which: WatchFlags) -> Outcome<Self> {
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let signs = inotify::init(flags)?;
        inotify::add_watch(&signs, directory, which)?;
        Ok(Self(signs))
    }

    /// Whether there was one since the last look.
    pub(super) fn were_there(&self) -> bool {
        let mut buffer = [0_u8; 4096];
        let mut any = false;
        while rustix::io::read(&self.0, &mut buffer).is_ok() {
            any = true;
        }
        any
    }

    fn await_one(&self, is_over: &AtomicBool) -> Outcome {
        const LOOK: Duration = Duration::from_micros(20);
        let mut buffer = [0_u8; 4096];
        // What happened before.
        self.were_there();
        while !is_over.load(Ordering::Relaxed) {
            match rustix::io::read(&self.0, &mut buffer) {
                Ok(_) => return Ok(()),
                Err(Errno::AGAIN) => std::thread::sleep(LOOK),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
