//! What opening and flushing take in memory: a process each, since only a process's peak can be
//! told.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::document::{SIZES, decode, options, rewrite};
use super::page::{Page, Table, ratio};
use super::rounds::own_directory;
use crate::outcome::Outcome;
use crate::workspace::worker;
use testkit::Place;

/// What a process does whose memory is measured.
#[derive(Clone, Copy, ValueEnum)]
enum Job {
    Idle,
    Open,
    Flush,
    Replace,
    DecodeValue,
    RewriteValue,
}

const JOBS: [(Job, &str); 5] = [
    (Job::Open, "open"),
    (Job::Flush, "open, flush a small section"),
    (Job::Replace, "open, read and flush the largest section"),
    (Job::DecodeValue, "decode into serde_json::Value"),
    (Job::RewriteValue, "decode, change and print"),
];

#[derive(Args)]
pub(crate) struct MemoryWorker {
    job: Job,
    path: PathBuf,
}

impl MemoryWorker {
    /// Prints the process's peak, in bytes.
    pub(crate) fn run(self) -> Outcome {
        match self.job {
            Job::Idle => drop(std::fs::File::open(&self.path)?),
            Job::Open => drop(options(false).open(&self.path)?),
            Job::Flush => {
                let lockfile = options(false).open(&self.path)?;
                lockfile.set_section("install", "demo")?;
                lockfile.flush()?;
            }
            Job::Replace => {
                let lockfile = options(false).open(&self.path)?;
                let units = lockfile.section_raw("units")?.ok_or("there are no units")?;
                let changed = units.replacen("layer", "prompt", 1);
                drop(units);
                lockfile.set_section_raw("units", &changed)?;
                drop(changed);
                lockfile.flush()?;
            }
            Job::DecodeValue => drop(decode(&self.path)?),
            Job::RewriteValue => rewrite(&self.path)?,
        }
        println!("{}", testkit::peak_memory().ok_or("this system does not tell the peak")?);
        Ok(())
    }
}

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Memory",
        "The most that was resident in a process of its own, above what a process takes that does \
         nothing. The ratio to the size of the document is in parentheses. An open handle has the \
         document once. A flush takes it again only if another program has written it meanwhile. \
         A program that changes a large section has that section three times: as read, as \
         changed, and as it will be written. (Smaller documents weigh less than the process \
         does.)",
    );
    let path = own_directory(places[0].path(), "memory")?.join(".agentsrc.lock");
    let sizes = &SIZES[2..];
    let heads: Vec<_> = [""].into_iter().chain(sizes.iter().map(|size| size.0)).collect();
    let mut table = Table::new(&heads);
    for (job, name) in JOBS {
        let mut cells = vec![name.to_owned()];
        for (_, size, _) in sizes {
            std::fs::write(&path, testkit::document(*size))?;
            let used = peak(job, &path)?.saturating_sub(peak(Job::Idle, &path)?);
            #[allow(clippy::cast_precision_loss, reason = "sizes for a table")]
            let (used, size) = (used as f64, *size as f64);
            cells.push(format!("{:.0} MB ({})", used / 1e6, ratio(used / size)));
        }
        table.row(cells);
    }
    page.table(&table);
    Ok(())
}

fn peak(job: Job, path: &Path) -> Outcome<u64> {
    let job = job.to_possible_value().expect("because no job is hidden");
    let output = worker("bench-memory")?.arg(job.get_name()).arg(path).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}
