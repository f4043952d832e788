//! Writers that are killed at any moment.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use agentslock_core::Lockfile;
use testkit::{ChildTest, TestChild, wait_until};

use crate::support::{Lab, WATCHDOG};
use crate::writers::{Done, State, WRITERS, breathe, count, patient, write_own};

/// Where time decides, each costs the others a TTL.
const KILLS: u64 = if cfg!(windows) { 4 } else { 80 };

#[test]
fn child_writes_and_acknowledges_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let (path, writer) = (parent.path("DOCUMENT"), parent.number("WRITER"));
    let mut log = OpenOptions::new().append(true).open(parent.path("LOG")).unwrap();
    let lockfile = patient().open(&path).unwrap();
    let last = State::of(&lockfile).own.get(&writer).copied().unwrap_or(0);
    for n in last + 1.. {
        write_own(&lockfile, writer, n);
        // One write each: what is in the log was acknowledged.
        log.write_all(format!("written {n}\n").as_bytes()).unwrap();
        patient().update(&path, |lockfile| count(lockfile, writer)).unwrap();
        log.write_all(b"counted\n").unwrap();
        // Ends here if there is nobody any more to kill it.
        parent.at("counted", "");
    }
}

fn spawn(lab: &Lab, log: &Path, writer: u64) -> TestChild {
    ChildTest::new(module_path!(), "child_writes_and_acknowledges_until_it_is_killed")
        .var("DOCUMENT", lab.path())
        .var("WRITER", writer.to_string())
        .var("LOG", log)
        .spawn()
}

fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}

/// The last version that a writer acknowledged, and how often it acknowledged to have counted.
fn acknowledged(log: &Path) -> (u64, u64) {
    let text = fs::read_to_string(log).unwrap();
    let written = text.lines().filter_map(|line| line.strip_prefix("written "));
    let last = written.map(|n| n.parse().unwrap()).max().unwrap_or(0);
    (last, text.lines().filter(|line| *line == "counted").count() as u64)
}

#[test]
fn nothing_that_a_killed_writer_acknowledged_is_lost() {
    let (lab, logs) = (Lab::new(), Lab::new());
    let log = |writer: u64| logs.join(writer.to_string());
    let mut kills: BTreeMap<u64, u64> = (0..WRITERS).map(|writer| (writer, 0)).collect();
    let mut children: Vec<_> = (0..WRITERS)
        .map(|writer| {
            fs::write(log(writer), "").unwrap();
            spawn(&lab, &log(writer), writer)
        })
        .collect();
    // What each had acknowledged when it was started last.
    let mut at_start = vec![(0, 0); children.len()];
    let done = &AtomicBool::new(false);
    let path = &lab.path();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut last = State::default();
            while !done.load(Ordering::Relaxed) {
                let state = State::of(&Lockfile::open(path).unwrap());
                state.assert_is_no_older_than(&last);
                last = state;
                breathe();
            }
        });
        // Also if this thread panics, or the reader would go on for ever.
        let _done = Done(done);
        for _ in 0..KILLS {
            let writer = random(WRITERS);
            let victim = usize::try_from(writer).unwrap();
            // Each gets something done, or nothing would be at stake.
            wait_until(WATCHDOG, || acknowledged(&log(writer)) != at_start[victim]);
            thread::sleep(Duration::from_micros(random(5_000)));
            children[victim].kill();
            *kills.get_mut(&writer).expect("because it is one of them") += 1;
            at_start[victim] = acknowledged(&log(writer));
            children[victim] = spawn(&lab, &log(writer), writer);
        }
        for (writer, child) in (0..).zip(&mut children) {
            child.kill();
            *kills.get_mut(&writer).expect("because it is one of them") += 1;
        }
    });

    let end = State::of(&Lockfile::open(path).unwrap());
    for (writer, kills) in kills {
        assert_is_kept(&end, writer, acknowledged(&log(writer)), kills);
    }
    // The next one waits for no dead holder, unless time decides.
    let options = if cfg!(windows) { patient() } else { crate::support::impatient() };
    let lockfile = options.open(path).unwrap();
    lockfile.remove_section("counter").unwrap();
    lockfile.flush().unwrap();
    for name in lab.names() {
        let is_expected = name == ".agentsrc.lock"
            || name.starts_with(".agentsrc.lock.tmp-")
            || name.starts_with(".agentsrc.lock.lock.prep-");
        assert!(is_expected, "{name} was left behind");
    }
}

/// What `writer` acknowledged is in the document. It can have been killed between writing and
/// acknowledging, each time.
fn assert_is_kept(end: &State, writer: u64, (written, counted): (u64, u64), kills: u64) {
    assert!(written > 0, "writer {writer} got nothing done");
    let is = (end.own[&writer], end.counted.get(&writer).copied().unwrap_or(0));
    let (own, count) = (written..=written + kills, counted..=counted + kills);
    assert!(
        own.contains(&is.0) && count.contains(&is.1),
        "{writer}: {is:?}, not {own:?} {count:?}"
    );
}
