//! What several processes do, and what one does that is killed.
#![cfg(unix)]

mod examples;
mod kill_chain;
mod kill_log;
mod kill_transform;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// How long a writer may take to come to a point. Long: it is a guard against hanging.
const WATCHDOG: Duration = Duration::from_secs(60);

/// How often writers are killed in each test: 20 times, or as `LOCKEDFILE_KILLS` says.
fn kills() -> u64 {
    let kills = std::env::var("LOCKEDFILE_KILLS");
    kills.map_or(20, |kills| kills.parse().expect("because LOCKEDFILE_KILLS is a number"))
}

/// Where a writer notes what was reported to it as done: 8 bytes each, so that no note is torn.
struct Notes(File);

impl Notes {
    fn at(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(file.expect("because the directory is there"))
    }

    fn done(&mut self, number: u64) {
        self.0.write_all(&number.to_le_bytes()).expect("because there is room");
    }

    fn all(path: &Path) -> Vec<u64> {
        let bytes = fs::read(path).unwrap_or_default();
        let (notes, torn) = bytes.as_chunks::<8>();
        assert!(torn.is_empty(), "a note is torn");
        notes.iter().map(|note| u64::from_le_bytes(*note)).collect()
    }
}

/// Another moment of a write each time.
fn moment(kill: u64) -> Duration {
    Duration::from_micros(kill.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52)
}
