//! Any sequence of calls, against a plain reference that says the same in its own words.

mod perform;
mod plain;

use agentslock_adapters::Status;
use proptest::prelude::*;

use self::perform::{perform, read};
use self::plain::{World, expect};
use crate::support::Lab;

pub(crate) const ADAPTERS: [&str; 2] = ["a", "a-b"];
pub(crate) const VIEWS: [&str; 2] = ["x", "y"];

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Activate {
        adapter: usize,
        schema: u8,
    },
    Register {
        adapter: usize,
        view: usize,
        digest: u8,
        on: Vec<(usize, u8)>,
    },
    Bump {
        adapter: usize,
    },
    Pass {
        adapter: usize,
        view: usize,
        on: Vec<(usize, u8)>,
    },
    Fail {
        adapter: usize,
        view: usize,
    },
    Rebuilt {
        adapter: usize,
        view: usize,
        digest: u8,
    },
    Reconcile {
        adapter: usize,
        found: [Option<u8>; 2],
    },
    /// Another program sets a status that we do not know.
    Meddle {
        adapter: usize,
        view: usize,
    },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let adapter = || 0..ADAPTERS.len();
    let view = || 0..VIEWS.len();
    // With the schema that it was built against.
    let on = || prop::collection::vec((0..ADAPTERS.len(), 0..3u8), 0..3);
    let byte = || 0..3u8;
    // Weighted so that a view comes to each status, and often enough to its 21st transition.
    let call = prop_oneof![
        1 => (adapter(), byte()).prop_map(|(adapter, schema)| Call::Activate { adapter, schema }),
        2 => (adapter(), view(), byte(), on())
            .prop_map(|(adapter, view, digest, on)| Call::Register { adapter, view, digest, on }),
        4 => adapter().prop_map(|adapter| Call::Bump { adapter }),
        4 => (adapter(), view(), on()).prop_map(|(adapter, view, on)| Call::Pass { adapter, view, on }),
        2 => (adapter(), view()).prop_map(|(adapter, view)| Call::Fail { adapter, view }),
        4 => (adapter(), view(), byte())
            .prop_map(|(adapter, view, digest)| Call::Rebuilt { adapter, view, digest }),
        2 => (adapter(), prop::array::uniform2(prop::option::of(byte())))
            .prop_map(|(adapter, found)| Call::Reconcile { adapter, found }),
        1 => (adapter(), view()).prop_map(|(adapter, view)| Call::Meddle { adapter, view }),
    ];
    prop::collection::vec(call, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]
    #[test]
    fn any_sequence_of_calls_does_what_the_reference_says(calls in calls()) {
        let lab = Lab::with("{}");
        let mut world = World::new();
        for (second, call) in calls.iter().enumerate() {
            let before = lab.text();
            let expected = expect(&mut world, call, second);
            let answer = perform(&lab, call, second);
            prop_assert_eq!(&answer, &expected, "{:?}", call);
            prop_assert_eq!(&read(&lab), &world, "{:?}", call);
            let outdated = lab.lock.outdated().unwrap();
            prop_assert!(outdated.iter().all(|it| it.status != Status::Ready), "{:?}", outdated);
            let is_activation = matches!(call, Call::Activate { .. });
            if !answer.starts_with("done") && !answer.starts_with("moved [\"") && !is_activation {
                prop_assert_eq!(lab.text(), before, "{:?} wrote", call);
            }
        }
    }
}
