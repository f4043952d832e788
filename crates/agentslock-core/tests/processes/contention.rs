//! Many writers at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use agentslock_core::{Flushed, Lockfile};
use testkit::ChildTest;

use crate::support::Lab;
use crate::writers::{Done, State, WRITERS, breathe, count, patient, write_own};

/// Each flushes its own section and counts this often: 400 flushes in all.
const ROUNDS: u64 = if cfg!(windows) { 10 } else { 25 };

#[test]
fn child_writes_its_section_and_counts() {
    let Some(mut parent) = testkit::parent() else { return };
    let (path, writer) = (parent.path("DOCUMENT"), parent.number("WRITER"));
    let lockfile = patient().open(&path).unwrap();
    parent.at("ready", "");
    parent.await_word("go");
    for n in 1..=ROUNDS {
        write_own(&lockfile, writer, n);
        let updated = patient().update(&path, |lockfile| count(lockfile, writer)).unwrap();
        assert_eq!(updated.flushed, Flushed::Written);
    }
}

#[test]
fn nothing_is_lost_among_writers_and_readers_always_see_a_whole_document() {
    for lab in Lab::everywhere() {
        let path = &lab.path();
        let mut children: Vec<_> = (0..WRITERS)
            .map(|writer| {
                ChildTest::new(module_path!(), "child_writes_its_section_and_counts")
                    .var("DOCUMENT", path)
                    .var("WRITER", writer.to_string())
                    .spawn()
            })
            .collect();
        for child in &mut children {
            child.await_point("ready");
        }
        let done = &AtomicBool::new(false);
        let versions = thread::scope(|scope| {
            // Also if this thread panics, or the reader would go on for ever.
            let at_end = Done(done);
            let reader = scope.spawn(move || {
                let (mut last, mut versions) = (State::default(), 0);
                while !done.load(Ordering::Relaxed) {
                    let state = State::of(&Lockfile::open(path).unwrap());
                    state.assert_is_no_older_than(&last);
                    versions += u32::from(state != last);
                    last = state;
                    breathe();
                }
                versions
            });
            for child in &mut children {
                child.say("go");
            }
            for child in children {
                child.succeed();
            }
            drop(at_end);
            reader.join().unwrap()
        });
        assert!(versions > 3, "the reader saw only {versions} versions");
        let end = State::of(&Lockfile::open(path).unwrap());
        let expected = (0..WRITERS).map(|writer| (writer, ROUNDS)).collect();
        assert_eq!((&end.own, &end.counted), (&expected, &expected));
        lab.assert_only_the_document();
    }
}
