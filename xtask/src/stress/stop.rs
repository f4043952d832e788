//! Stop: holders are stopped with SIGSTOP before they verify, and their records aged past the TTL.
//!
//! Where time decides, each of them is replaced, must learn from `verify` that it lost the lock,
//! and write nothing. Where the kernel vouches for it, the same stop must lose nobody the lock.
//! (Whether two were in the section at once is not asked here: where time decides, a stopped holder
//! was.)

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use filelock::LockOptions;
use filelock::testing::{Environment, Way};
use rustix::process::{Pid, Signal, kill_process};

use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::workload::door::Door;
use crate::workload::places::places;
use crate::workspace::worker;

/// Stop holders past the TTL: time-based ones learn that they lost, kernel-backed ones keep the
/// lock.
#[derive(Args)]
pub(crate) struct Stop {
    /// How many holders of each kind are stopped
    #[arg(long, default_value_t = 50)]
    holders: u32,
}

#[derive(Args)]
pub(crate) struct Worker {
    door: Door,
    path: PathBuf,
    #[arg(long)]
    time_based: bool,
}

struct Victim {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

fn options(time_based: bool) -> LockOptions {
    let environment =
        Environment { way: time_based.then_some(Way::ByTime), ..Environment::default() };
    LockOptions::new().environment(environment)
}

impl Stop {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        println!("stop: {} holders of each kind", self.holders);
        let mut right = true;
        for place in places(None)? {
            for time_based in [true, false] {
                for door in Door::ALL {
                    let judge = if time_based { "time" } else { "kernel" };
                    let path = place.path().join(format!("{}-by-{judge}", door.name()));
                    right &= self.run_at(place.name(), &path, (time_based, door))?;
                }
            }
        }
        if right { Ok(()) } else { Err("a stopped holder was treated wrongly".into()) }
    }

    fn run_at(&self, name: &str, path: &Path, (time_based, door): (bool, Door)) -> Outcome<bool> {
        let (mut replaced, mut lost, mut kept, mut wrote) = (0, 0, 0, 0);
        let mut victim = Victim::start(path, (time_based, door))?;
        let progress = Progress::new("stopped", self.holders.into());
        for _ in 0..self.holders {
            progress.step();
            victim.expect("held")?;
            victim.stop()?;
            age(path)?;
            let successor = options(time_based).try_acquire(path)?.acquired();
            replaced += u32::from(successor.is_some());
            let before = std::fs::read(path).unwrap_or_default();
            victim.resume()?;
            writeln!(victim.orders, "commit")?;
            match victim.answer()?.as_str() {
                "lost" => lost += 1,
                "kept" => kept += 1,
                other => return Err(format!("the victim said {other:?}").into()),
            }
            wrote += u32::from(std::fs::read(path).unwrap_or_default() != before);
            if let Some(successor) = successor {
                // The victim must not have touched what is another's now.
                successor.release()?;
            }
            writeln!(victim.orders, "again")?;
        }
        drop(victim);
        drop(progress);
        let way = if time_based { "by time" } else { "by the kernel" };
        println!(
            "  {name:9} {:8} judged {way:13} stopped {}, replaced {replaced}, learnt that they lost \
             {lost}, kept the lock {kept}, wrote {wrote}",
            door.name(),
            self.holders
        );
        let all = self.holders;
        Ok(if time_based {
            (replaced, lost, kept, wrote) == (all, all, 0, 0)
        } else {
            (replaced, lost, kept, wrote) == (0, 0, all, all)
        })
    }
}

/// Sets the time in the record to long ago, as if the TTL had passed.
fn age(path: &Path) -> Outcome {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let record = Path::new(&lock).join("holder");
    let text = std::fs::read_to_string(&record)?;
    let at = text.find('\n').ok_or("the record has no second line")? + 1;
    let file = OpenOptions::new().write(true).open(&record)?;
    file.write_all_at(b"1000000000000000000", u64::try_from(at)?)?;
    Ok(())
}

impl Victim {
    fn start(path: &Path, (time_based, door): (bool, Door)) -> Outcome<Self> {
        let mut command = worker("stop")?;
        command.arg(door.name()).arg(path).args(time_based.then_some("--time-based"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().expect("because it was piped");
        let answers = BufReader::new(child.stdout.take().expect("because it was piped"));
        Ok(Self { child, orders, answers })
    }

    fn answer(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn expect(&mut self, expected: &str) -> Outcome {
        let said = self.answer()?;
        if said == expected { Ok(()) } else { Err(format!("the victim said {said:?}").into()) }
    }

    fn pid(&self) -> Outcome<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.child.id())?).ok_or("a process has a number")?)
    }

    /// Stops it, and waits until it is stopped.
    fn stop(&self) -> Outcome {
        kill_process(self.pid()?, Signal::STOP)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        let stat = format!("/proc/{}/stat", self.child.id());
        while !std::fs::read_to_string(&stat)?.contains(") T ") {
            if Instant::now() > deadline {
                return Err("a process did not stop within 10 s".into());
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    fn resume(&self) -> Outcome {
        Ok(kill_process(self.pid()?, Signal::CONT)?)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        let mut orders = std::io::stdin().lines();
        let lock = self.door.open(options(self.time_based), &self.path)?;
        let mut round = 0_u64;
        loop {
            let guard = lock.acquire()?;
            println!("held");
            let Some(order) = orders.next() else { return Ok(()) };
            order?;
            round += 1;
            if guard.verify().is_ok() {
                std::fs::write(&self.path, round.to_string())?;
                guard.release()?;
                println!("kept");
            } else {
                drop(guard);
                println!("lost");
            }
            let Some(order) = orders.next() else { return Ok(()) };
            order?;
        }
    }
}
