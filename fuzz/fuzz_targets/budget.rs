//! Any bytes as a document, and as a text with conflict markers. Their length bounds the processor
//! time. Run it with `-rss_limit_mb=256`, which bounds the memory.

#![no_main]

use std::hint::black_box;
use std::time::Duration;

use agentslock_core::merge::{MarkedSides, Resolution, merge};
use agentslock_core::text::{canonical_difference, duplicate_keys};
use libfuzzer_sys::fuzz_target;
use rustix::time::{ClockId, clock_gettime};

/// For any text, however short.
const AT_ALL: Duration = Duration::from_millis(20);
/// Some hundred times what an ordinary document takes, with the sanitizer.
const PER_BYTE: Duration = Duration::from_micros(20);
/// A busy machine makes one run slow, not all of them.
const TRIES: u32 = 5;

/// The processor time of this thread: whatever else the machine does meanwhile is not in it.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("because it is not negative")
}

fn work(bytes: &[u8]) {
    black_box(canonical_difference(bytes).is_ok());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let mut keys = duplicate_keys(text);
        black_box(keys.next());
        black_box(keys.rest());
    }
    black_box(MarkedSides::read(bytes).is_ok());
    black_box(merge("{}", bytes, "{}", &mut Resolution::Unresolved).is_ok());
}

fuzz_target!(|bytes: &[u8]| {
    let length = u32::try_from(bytes.len()).expect("because the fuzzer makes short ones");
    let budget = AT_ALL + PER_BYTE * length;
    let fastest = (0..TRIES).map(|_| {
        let started = now();
        work(bytes);
        now() - started
    });
    let is_within = fastest.into_iter().any(|took| took <= budget);
    assert!(is_within, "{length} bytes took more than {budget:?}");
});
