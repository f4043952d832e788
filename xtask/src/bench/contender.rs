//! A process that contends for a lock.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::outcome::Outcome;
use testkit::Critical;

pub(super) const TIME: Duration = Duration::from_secs(2);

/// The locks that are contended for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lock {
    /// A lock for each process: what is left of waiting is what the scheduler makes them wait.
    #[value(name = "a-lock-each")]
    Apart,
    #[value(name = "filelock")]
    Ours,
    /// Through one handle for each process.
    #[value(name = "filelock-reused")]
    Reused,
    #[cfg(feature = "peers")]
    #[value(name = "gix-lock")]
    Gix,
    #[cfg(feature = "peers")]
    #[value(name = "fd-lock")]
    Fd,
    #[cfg(feature = "peers")]
    #[value(name = "std-file-lock")]
    Std,
}

impl Lock {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Apart => "a-lock-each",
            Self::Ours => "filelock",
            Self::Reused => "filelock-reused",
            #[cfg(feature = "peers")]
            Self::Gix => "gix-lock",
            #[cfg(feature = "peers")]
            Self::Fd => "fd-lock",
            #[cfg(feature = "peers")]
            Self::Std => "std-file-lock",
        }
    }
}

#[derive(Args)]
pub(crate) struct Contender {
    lock: Lock,
    directory: PathBuf,
}

impl Contender {
    /// Says that it is there, waits for a word, contends, and prints its waits in microseconds.
    pub(crate) fn run(self) -> Outcome {
        let critical = Critical::open(&self.directory)?;
        let path = Critical::path(&self.directory);
        let mut out = std::io::stdout();
        out.write_all(b"\n")?;
        out.flush()?;
        std::io::stdin().read_exact(&mut [0])?;
        let mut pass = passage(self.lock, &path)?;
        let mut waits = Vec::new();
        let started = Instant::now();
        while started.elapsed() < TIME {
            let asked = Instant::now();
            let mut waited = Duration::ZERO;
            let mut inside = || {
                waited = asked.elapsed();
                critical.pass(|| Ok(())).map(drop)
            };
            pass(&mut inside)?;
            waits.extend(u32::try_from(waited.as_micros())?.to_le_bytes());
        }
        out.write_all(&waits)?;
        Ok(())
    }
}

const PATIENCE: Duration = Duration::from_secs(120);

/// What is done in the section.
type Inside<'a> = &'a mut dyn FnMut() -> std::io::Result<()>;
/// Acquires, calls what is to be done, and releases.
type Pass = Box<dyn FnMut(Inside<'_>) -> Outcome>;

#[cfg_attr(
    feature = "peers",
    allow(clippy::incompatible_msrv, reason = "measuring beside std takes a recent std")
)]
fn passage(lock: Lock, path: &Path) -> Outcome<Pass> {
    let path = path.to_owned();
    let patient = filelock::LockOptions::new().timeout(PATIENCE);
    Ok(match lock {
        Lock::Apart | Lock::Ours => Box::new(move |inside| {
            let guard = patient.acquire(&path)?;
            inside()?;
            Ok(guard.release()?)
        }),
        Lock::Reused => {
            let lock = patient.lock(&path)?;
            Box::new(move |inside| {
                let guard = lock.acquire()?;
                inside()?;
                Ok(guard.release()?)
            })
        }
        #[cfg(feature = "peers")]
        Lock::Gix => Box::new(move |inside| {
            let fail = gix_lock::acquire::Fail::AfterDurationWithBackoff(PATIENCE);
            let marker = gix_lock::Marker::acquire_to_hold_resource(&path, fail, None, 0)?;
            inside()?;
            drop(marker);
            Ok(())
        }),
        #[cfg(feature = "peers")]
        Lock::Fd => Box::new(move |inside| {
            let mut lock = fd_lock::RwLock::new(open_beside(&path)?);
            let guard = lock.write()?;
            inside()?;
            drop(guard);
            Ok(())
        }),
        #[cfg(feature = "peers")]
        Lock::Std => {
            let file = open_beside(&path)?;
            Box::new(move |inside| {
                file.lock()?;
                inside()?;
                Ok(file.unlock()?)
            })
        }
    })
}

#[cfg(feature = "peers")]
fn open_beside(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path.with_extension("lock"))
}
