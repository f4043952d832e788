//! Waiting: from SIGKILL to the next holder, and what it costs to wait for one that lives.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;

use super::page::{Page, Table, millis};
use super::plot;
use super::rounds::{own_directory, percentile, sorted};
use crate::outcome::Outcome;
use crate::workspace::worker;
use testkit::Place;

const TAKEOVERS: u64 = 100;

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Takeover",
        "A holder is killed with SIGKILL while another process waits. The time runs from the kill \
         until the other process holds the lock. It includes the kernel's own work of ending a \
         process. An OS lock alone ends with its process, too. `gix-lock`'s file stays until \
         somebody removes it. A waiter for Python's `SoftFileLock` looks every 50 ms whether the \
         process in the record runs. One for `proper-lockfile` takes over a lock whose time is 10 s \
         old, by default. (That can also be the lock of a holder that was stopped, and goes on.)",
    );
    let mut curves = Vec::new();
    let mut table = Table::new(&["", "takeovers", "median", "99 %", "longest"]);
    for place in places {
        let times = sorted(takeovers(&own_directory(place.path(), "takeover")?)?);
        page.facts.takeover.get_or_insert(percentile(&times, 50.0));
        table.row([
            place.name().into(),
            times.len().to_string(),
            millis(percentile(&times, 50.0)),
            millis(percentile(&times, 99.0)),
            millis(percentile(&times, 100.0)),
        ]);
        curves.push((place.name().to_owned(), plot::tail(&times)));
    }
    page.table(&table);
    let svg = plot::lines(plot::Across::Nines, ("of all takeovers", "ms"), &curves);
    page.plot("takeover", "What so many takeovers do not exceed", &svg);
    let busy = idle_waiter(&own_directory(places[0].path(), "idle")?.join("counter"))?;
    page.prose(&format!(
        "A process that waits for a holder that lives keeps a core busy for {:.2} % of its time.",
        busy * 100.0
    ));
    Ok(())
}

/// The share of a core that a waiting process takes.
fn idle_waiter(path: &Path) -> Outcome<f64> {
    let guard = filelock::acquire(path)?;
    let output = worker("bench-waiter")?.arg(path).output()?;
    guard.release()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

#[derive(Args)]
pub(crate) struct Waiter {
    path: PathBuf,
}

impl Waiter {
    /// Waits for a while, and prints the share of that time that it was running.
    pub(crate) fn run(self) -> Outcome {
        let time_on_processor =
            || testkit::time_on_processor().ok_or("this system does not tell a process's time");
        let (started, before) = (Instant::now(), time_on_processor()?);
        let options = filelock::LockOptions::new().timeout(Duration::from_secs(3));
        match options.acquire(&self.path) {
            Err(error) if error.is_contention() => {}
            _ => return Err("it was held, and the wait did not time out".into()),
        }
        let busy = time_on_processor()?.saturating_sub(before);
        println!("{}", busy.as_secs_f64() / started.elapsed().as_secs_f64());
        Ok(())
    }
}

fn takeovers(directory: &Path) -> Outcome<Vec<f64>> {
    let path = directory.join("counter");
    let options = filelock::LockOptions::new().timeout(Duration::from_secs(60));
    let mut times = Vec::new();
    for number in 0..TAKEOVERS {
        let mut holder = worker("bench-holder")?.arg(&path).stdout(Stdio::piped()).spawn()?;
        holder.stdout.as_mut().expect("because it was piped").read_exact(&mut [0])?;
        let (killed, acquired) = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let guard = options.acquire(&path)?;
                let now = Instant::now();
                Ok(guard.takeover().map(|_| now))
            });
            // Long enough for the waiter to have settled, and never in step with it.
            std::thread::sleep(Duration::from_micros(30_000 + number * 7919 % 10_000));
            let killed = Instant::now();
            let ended = holder.kill().and_then(|()| holder.wait());
            let acquired: Result<_, filelock::AcquireError> =
                waiter.join().expect("because nothing in it panics");
            ended.map(|_| (killed, acquired))
        })?;
        let replaced = acquired?.ok_or("the waiter did not see that it replaced a dead holder")?;
        times.push(replaced.saturating_duration_since(killed).as_secs_f64());
    }
    Ok(times)
}

#[derive(Args)]
pub(crate) struct Holder {
    path: PathBuf,
}

impl Holder {
    /// Holds the lock until it is killed.
    pub(crate) fn run(self) -> Outcome {
        let guard = filelock::acquire(&self.path)?;
        println!();
        loop {
            std::thread::park();
            guard.verify()?;
        }
    }
}
