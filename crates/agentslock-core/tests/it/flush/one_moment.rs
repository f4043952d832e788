//! `Unchanged` without the lock: it was true at one moment of the call, whoever else writes.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use agentslock_core::{FileError, FlushError, Flushed};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{Lab, quick};

/// When a version of the document with this value took its place, as far as its writer knows.
struct Version {
    value: u8,
    start: Instant,
    end: Instant,
}

impl Version {
    /// Whether it can have been there at one moment between these two.
    fn can_be_seen(&self, (start, end): (Instant, Instant), all: &[Self]) -> bool {
        let is_gone = |later: &Self| later.start > self.end && later.end < start;
        self.start <= end && !all.iter().any(is_gone)
    }
}

fn document(value: u8) -> String {
    format!("{{\n  \"lock_version\": 1,\n  \"s\": {value}\n}}\n")
}

fn spin(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The model: what the document was, version by version. The other writer takes no lock, as a
    /// person with an editor.
    #[test]
    fn what_a_flush_calls_unchanged_was_in_the_document_during_the_call(
        others in vec((0_u8..3, 0_u64..120), 100..200),
        own in vec(0_u8..3, 100..200),
    ) {
        let lab = Lab::with(document(0));
        let now = Instant::now();
        let versions = Mutex::new(vec![Version { value: 0, start: now, end: now }]);
        let add = |value, start| {
            versions.lock().unwrap().push(Version { value, start, end: Instant::now() });
        };
        let mut unchanged = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                for (value, pause) in others {
                    spin(Duration::from_micros(pause));
                    let start = Instant::now();
                    lab.replace(document(value));
                    add(value, start);
                }
            });
            let lockfile = quick().open(lab.path()).unwrap();
            for value in own {
                lockfile.set_section("s", &value).unwrap();
                let start = Instant::now();
                match lockfile.flush() {
                    Ok(Flushed::Unchanged) => unchanged.push((value, (start, Instant::now()))),
                    Ok(Flushed::Written) => add(value, start),
                    Err(FlushError::File(FileError::Unsettled { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let versions = versions.into_inner().unwrap();
        prop_assert!(!unchanged.is_empty());
        for (value, call) in unchanged {
            let mut same = versions.iter().filter(|version| version.value == value);
            prop_assert!(same.any(|version| version.can_be_seen(call, &versions)), "{value}");
        }
    }
}
