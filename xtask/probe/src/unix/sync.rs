//! M4, M5: what syncing a file and a directory answers, and what it costs.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;

use crate::Outcome;
use crate::fact::{Report, outcome, spread};

const SAMPLES: u32 = 50;

pub(crate) fn volume(place: &Path, report: &mut Report) {
    if let Err(error) = measure(place, report) {
        report.expect("M4", "syncing", "works", &error.to_string());
    }
}

fn measure(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("synced");
    std::fs::write(&path, "x")?;
    let file = File::options().write(true).open(&path)?;
    let directory = File::open(place)?;
    report.expect("M4", "sync of a file", "ok", &outcome(file.sync_all()));
    let plain = rustix::fs::fsync(&directory);
    // A file system that has no such thing answers so, and the code takes that for done.
    let found = match plain {
        Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => {
            "ok, or no such thing".to_owned()
        }
        Err(error) => outcome::<()>(Err(error.into())),
    };
    report.expect("M5", "fsync of a directory", "ok, or no such thing", &found);
    #[cfg(target_vendor = "apple")]
    {
        let full = |file: &File| outcome(rustix::fs::fcntl_fullfsync(file).map_err(Into::into));
        report.note("M4", "F_FULLFSYNC of a file", full(&file));
        report.note("M4", "F_FULLFSYNC of a directory", full(&directory));
    }
    let mut times = Vec::new();
    for number in 0..SAMPLES {
        std::fs::write(&path, number.to_string())?;
        let started = Instant::now();
        file.sync_all()?;
        times.push(started.elapsed());
    }
    report.note("M4", "time of a file's sync", spread(times));
    Ok(())
}
