//! Power cut: what is on the disk at random instants, found by looking.
//!
//! The images that ext4, xfs and btrfs are mounted from are files on a btrfs. There a file is
//! cloned in one step (`cp --reflink`): the clone is what the disk has at that instant, as if the
//! power had gone. Mounted, the clone's journal is replayed, and what was acknowledged before the
//! clone began must be in it. Processes write the document, a log and the files of
//! `workload/files` all the while, and note what was acknowledged elsewhere.

mod writer;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::workload::document::{self, Log, State};
use crate::workload::files::{Files, Found};
use crate::workload::mounts::{BTRFS, EXT4, Kind, Mount, XFS, run};
use crate::workload::places::places;
use crate::workload::random::Random;
use crate::workspace::worker;
use testkit::Numbers;
use writer::{NOTED, Told, own_log};

pub(crate) use writer::Worker;

/// Cut the power at random instants, on ext4, xfs and btrfs: nothing acknowledged is lost. Needs
/// root.
#[derive(Args)]
pub(crate) struct PowerCut {
    /// At how many instants, on each file system
    #[arg(long, default_value_t = 8)]
    clones: u32,
    /// How many processes write
    #[arg(long, default_value_t = 4)]
    writers: u64,
    /// Write without syncing, and count what is lost
    #[arg(long)]
    atomic: bool,
    /// Where the images go, in a fresh directory [default: in memory, or else on the disk]
    #[arg(long)]
    directory: Option<PathBuf>,
}

const IMAGE_SIZE: u64 = 512 << 20;
/// Room for all images and what their clones do not share with them. Sparse.
const HOST_SIZE: u64 = 32 << 30;

/// What each writer was told is done, by [`Told`].
type Acknowledged = Vec<[u64; NOTED]>;
#[derive(Default)]
struct Counts {
    clones: u32,
    acknowledged: u64,
    /// Clones whose document or log is not to be read, or a mixture.
    torn: u32,
    /// Clones that lack something acknowledged.
    behind: u32,
    /// Flushes and records that were acknowledged and are not there, in the worst clone.
    worst: u64,
}

/// # Errors
///
/// Why the power cannot be cut here.
pub(crate) fn check() -> Outcome {
    for kind in [EXT4, XFS, BTRFS] {
        kind.check()?;
    }
    let scratch = tempfile::tempdir()?;
    Mount::new(&BTRFS, scratch.path())
        .map(drop)
        .map_err(|error| format!("{error} (root and loop devices are needed)").into())
}

impl PowerCut {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        check()?;
        let place = places(self.directory.as_deref())?.remove(0);
        let image = place.path().join("host.image");
        BTRFS.make_image(&image, HOST_SIZE)?;
        let host = Mount::of_image(&image, place.path().join("host"))?;
        let durability = if self.atomic { "Atomic" } else { "Full" };
        println!(
            "power cut: {} clones each, {} writers, Durability::{durability}, images on {}",
            self.clones,
            self.writers,
            place.name()
        );
        let mut lost = false;
        for kind in [EXT4, XFS, BTRFS] {
            let counts = self.run_on(&kind, &host.point, place.path())?;
            println!(
                "  {:5} clones {}, acknowledged in all {}, torn {}, clones that lack something \
                 acknowledged {} (at worst {} flushes or records)",
                kind.name,
                counts.clones,
                counts.acknowledged,
                counts.torn,
                counts.behind,
                counts.worst
            );
            lost |= counts.torn + counts.behind > 0;
        }
        if lost && !self.atomic { Err("something acknowledged was lost".into()) } else { Ok(()) }
    }

    fn run_on(&self, kind: &Kind, host: &Path, scratch: &Path) -> Outcome<Counts> {
        let image = host.join(kind.name);
        kind.make_image(&image, IMAGE_SIZE)?;
        let mount = Mount::of_image(&image, scratch.join(kind.name))?;
        document::create(&mount.point)?;
        Files::create(&mount.point)?;

        let acknowledged = scratch.join(format!("{}-acknowledged", kind.name));
        let numbers = Numbers::create(&acknowledged, NOTED * usize::try_from(self.writers)?)?;
        let writers = Writers(
            (0..self.writers)
                .map(|writer| self.start(&mount.point, &acknowledged, writer))
                .collect::<std::io::Result<_>>()?,
        );
        let clones = self.take_clones(&image, &numbers)?;
        let at_end = self.acknowledged(&numbers)?;
        // The clones have the number of the file system that they were taken from; so not at once.
        drop(writers);
        drop(mount);
        std::fs::remove_file(&image)?;

        let mut counts =
            Counts { acknowledged: at_end.iter().flatten().sum(), ..Counts::default() };
        for (clone, acknowledged) in clones {
            let mount = Mount::of_image(&clone, scratch.join("clone"))?;
            let found = self.missing(&mount.point, &acknowledged);
            drop(mount);
            std::fs::remove_file(&clone)?;
            counts.clones += 1;
            match found {
                Ok(0) => {}
                Ok(missing) => {
                    counts.behind += 1;
                    counts.worst = counts.worst.max(missing);
                }
                Err(why) => {
                    if counts.torn == 0 {
                        println!("    the first torn one: {why}");
                    }
                    counts.torn += 1;
                }
            }
        }
        Ok(counts)
    }

    /// Clones the image at random instants; each clone with what had been acknowledged by then.
    fn take_clones(
        &self,
        image: &Path,
        numbers: &Numbers,
    ) -> Outcome<Vec<(PathBuf, Acknowledged)>> {
        let mut random = Random::new(std::process::id().into());
        let mut clones = Vec::new();
        let mut last = Instant::now();
        let mut before = Acknowledged::new();
        let progress = Progress::new("clones", self.clones.into());
        for number in 0..self.clones {
            progress.step();
            // All of them have got something done since, or nothing would be at stake.
            loop {
                let now = self.acknowledged(numbers)?;
                let all = |(i, now): (usize, &[u64; NOTED])| {
                    before.get(i).is_none_or(|before| now[0] > before[0]) && now[0] > 0
                };
                if now.iter().enumerate().all(all) {
                    break;
                }
                if last.elapsed() > Duration::from_secs(60) {
                    return Err("no writer got anything done for a minute".into());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(random.next() % 20_000));
            before = self.acknowledged(numbers)?;
            last = Instant::now();
            let clone = image.with_extension(number.to_string());
            run(Command::new("cp").arg("--reflink=always").arg(image).arg(&clone))?;
            clones.push((clone, before.clone()));
        }
        Ok(clones)
    }

    fn acknowledged(&self, numbers: &Numbers) -> std::io::Result<Acknowledged> {
        let of = |writer| {
            let mut told = [0; NOTED];
            for (which, told) in (0..).zip(&mut told) {
                *told = numbers.get(NOTED as u64 * writer + which)?;
            }
            Ok(told)
        };
        (0..self.writers).map(of).collect()
    }

    /// How many of the flushes and records that were acknowledged are not there.
    ///
    /// # Errors
    ///
    /// Why the document or the log cannot be read at all.
    fn missing(&self, directory: &Path, acknowledged: &Acknowledged) -> Result<u64, String> {
        let state = State::read(&document::path(directory), self.writers)?;
        let log = Log::read(&document::log_path(directory)).map_err(|error| error.to_string())?;
        // The last line may have been in the making.
        if log.torn > 1 || log.out_of_order + log.gaps > 0 {
            return Err(format!("the log has {} torn lines, {} gaps", log.torn, log.gaps));
        }
        let files = Found::read(directory).map_err(|error| error.to_string())?;
        // One record of the chain, and one batch.
        if files.torn > 2 || !files.wrong.is_empty() {
            return Err(format!("the files have {} torn lines, {:?}", files.torn, files.wrong));
        }
        let mut missing = 0;
        for (writer, told) in (0..).zip(acknowledged) {
            let of = |which: Told| told[which as usize];
            let mut compare = |which, found| missing += of(which).saturating_sub(found);
            compare(Told::Section, Found::last(&state.own, writer));
            compare(Told::Record, Found::last(&log.last, writer));
            compare(Told::Batches, Found::last(&files.batches, writer));
            compare(Told::Count, Found::last(&files.counts, writer));
            let is_there = |place: u64| {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                files.chain.get(place) == Some(&writer)
            };
            let place = of(Told::Chain).checked_sub(1);
            missing += u64::from(place.is_some_and(|place| !is_there(place)));
            let is_missing = |n: &u64| {
                let text = std::fs::read_to_string(own_log(directory, writer, *n));
                !text.is_ok_and(|text| text.ends_with("\"second\"\n"))
            };
            missing += (1..=of(Told::Log)).filter(is_missing).map(|_| 1).sum::<u64>();
        }
        Ok(missing)
    }

    fn start(&self, directory: &Path, acknowledged: &Path, writer: u64) -> std::io::Result<Child> {
        worker("power-cut")?
            .args([directory, acknowledged])
            .arg(writer.to_string())
            .args(self.atomic.then_some("--atomic"))
            .stdin(Stdio::null())
            .spawn()
    }
}

/// Killed when dropped, so that nothing keeps the file system busy.
struct Writers(Vec<Child>);

impl Drop for Writers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
