//! The time that any text takes is bounded by its length. The short form of the fuzz target
//! `budget`.

use std::time::{Duration, Instant};

use agentslock_core::merge::{MarkedSides, Resolution, merge};
use agentslock_core::text::{canonical_difference, duplicate_keys};
use proptest::prelude::*;

/// For any text, however short.
const AT_ALL: Duration = Duration::from_millis(50);
/// Some hundred times what an ordinary document takes, without optimisation.
const PER_BYTE: Duration = Duration::from_micros(20);
/// A busy machine makes one run slow, not all of them.
const TRIES: u32 = 5;

fn is_within_budget(text: &str) -> bool {
    let budget = AT_ALL + PER_BYTE * u32::try_from(text.len()).unwrap();
    (0..TRIES).any(|_| {
        let started = Instant::now();
        let _ = canonical_difference(text);
        let mut keys = duplicate_keys(text);
        let _ = keys.next();
        let _ = keys.rest();
        let _ = MarkedSides::read(text);
        let _ = merge("{}", text, "{}", &mut Resolution::Unresolved);
        started.elapsed() <= budget
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// What is cheap once is repeated, in a deep place: keys, elements, conflicts, nested values.
    #[test]
    fn texts_that_repeat_something_in_a_deep_place_take_time_in_proportion_to_their_length(
        depth in 0_usize..4000,
        opens in prop::sample::select(vec!["[", "[\n", "{\"a\":", "{\"a\":\n"]),
        part in prop::sample::select(vec![
            "1,", "\"k\":1,", "{\"k\":1},", "[],", "<\n|\n=\n>\n", "<\n1\n=\n2\n>\n", "\n", "\"<",
        ]),
        parts in 0_usize..4000,
        last in prop::sample::select(vec!["1", "\"k\":1", "", "{}"]),
    ) {
        let closes = if opens.starts_with('[') { "]" } else { "}" };
        let (before, after) = (opens.repeat(depth), closes.repeat(depth));
        let many = part.repeat(parts);
        for middle in [format!("{many}{last}"), format!("{{{many}{last}}}")] {
            let text = format!("{{\"a\":{before}{middle}{after}}}");
            let how = format!("{opens:?} × {depth}, {part:?} × {parts}");
            prop_assert!(is_within_budget(&text), "{} bytes: {how}", text.len());
        }
    }
}
