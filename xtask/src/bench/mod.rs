//! Measurements: ours beside the same system calls made bare, and beside others, in one run. With
//! `--write` they become `docs/benchmarks.md`.

mod append;
mod builds;
mod calls;
mod contender;
mod contention;
mod crowd;
mod document;
mod figures;
mod foreign;
mod lock;
mod memory;
mod page;
mod plot;
mod replace;
mod rounds;
mod startup;
mod summary;
mod takeover;

use clap::Args;

pub(crate) use calls::Calls;
pub(crate) use contender::Contender;
pub(crate) use crowd::Crowd;
pub(crate) use memory::MemoryWorker;
pub(crate) use takeover::{Holder, Waiter};

use crate::outcome::Outcome;
use crate::verify::{commit, machine, today};
use crate::workload::places::places;
use page::Page;
use testkit::Place;

/// One part of the page.
type Part = (&'static str, fn(&mut Page, &[Place]) -> Outcome);

const PARTS: [Part; 11] = [
    ("lock", lock::run),
    ("contention", contention::run),
    ("takeover", takeover::run),
    ("crowd", crowd::run),
    ("document", document::run),
    ("memory", memory::run),
    ("replace", replace::run),
    ("append", append::run),
    ("startup", startup::run),
    ("calls", calls::run),
    ("builds", builds::run),
];

/// Measure the lock, the document and the replacing of files, beside the bare system calls and
/// others.
///
/// Takes about a quarter of an hour, six minutes of it for building, and `strace`. The
/// locks of other languages are installed below the target directory, if `node`, `python3` and
/// their registries are there.
#[derive(Args)]
pub(crate) struct Bench {
    /// Write docs/benchmarks.md and its plots
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// Only this part
    #[arg(long, value_parser = PARTS.map(|part| part.0))]
    only: Option<String>,
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_with_peers()? {
            return Ok(());
        }
        let started = std::time::Instant::now();
        let places = places(None)?;
        let mut page = Page::new("Benchmarks");
        // Nobody could tell what figures are of that are of no commit.
        let commit = if self.write { commit()? } else { "none".to_owned() };
        page.line(&format!("Measured on commit `{commit}`, {}, {}.", today()?, machine()?));
        page.prose(&format!(
            "`cargo xtask bench --write` measured this, and wrote it, in one run. What counts are the \
             ratios. Each is the median over many rounds; in each round all variants took their turn. \
             *tmpfs* is memory, so that the calls themselves are all that costs. *disk* is the file \
             system that this workspace lies on{}.",
            file_system(&places)
        ));
        for (name, run) in PARTS {
            if self.only.as_deref().is_none_or(|only| only == name) {
                run(&mut page, &places)?;
            }
        }
        if let Some(meaning) = page.meaning() {
            println!("What all of it means:\n\n{meaning}");
        }
        if self.write {
            println!("wrote {}", page.write()?.display());
        }
        println!("took {:.0} s", started.elapsed().as_secs_f64());
        Ok(())
    }
}

/// What the system calls the file system of the disk, if it does.
fn file_system(places: &[Place]) -> String {
    let Some(disk) = places.last() else { return String::new() };
    let stat =
        std::process::Command::new("stat").args(["-f", "-c", "%T"]).arg(disk.path()).output();
    let name = stat.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    name.ok().filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(" ({name})"))
}
