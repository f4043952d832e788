//! Processes that die with SIGKILL, holding the lock or not.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use filelock::LockOptions;
use testkit::{ChildTest, TestChild};

use crate::support::{Lab, WATCHDOG, brief, expect_alive, expect_replaced, way};
use crate::trail::{Trail, notes};

#[cfg(unix)] // Time decides on Windows.
#[test]
fn child_holds_until_killed() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new().environment(way(parent.var("WAY").to_str().unwrap()));
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", guard.token());
    parent.await_word("never said");
}

#[cfg(unix)] // Time decides on Windows.
#[test]
fn a_killed_holder_is_replaced_at_once() {
    for lab in Lab::everywhere() {
        for way in ["published", "in-place"] {
            let mut child = ChildTest::new(module_path!(), "child_holds_until_killed")
                .var("TARGET", lab.target())
                .var("WAY", way)
                .spawn();
            let token = child.await_point("holding");
            assert!(
                brief().try_acquire(lab.target()).unwrap().acquired().is_none(),
                "{way}: it lives"
            );
            child.kill();

            let guard = expect_replaced(&brief(), lab.target());
            let previous = guard.takeover().expect("because a holder was replaced");
            assert_eq!(previous.pid(), Some(child.pid()), "{way} on {}", lab.name());
            assert_eq!(previous.token(), Some(&*token));
            assert_eq!(*previous.liveness(), filelock::Liveness::Dead);
            guard.release().unwrap();
            assert_eq!(lab.names(), [""; 0], "{way} on {}", lab.name());
        }
    }
}

/// A waiter that dies leaves its preparation, which no living one is taken for.
#[cfg(unix)] // Nothing is prepared on Windows.
#[test]
fn a_killed_waiter_leaves_only_what_is_swept() {
    for lab in Lab::everywhere() {
        let guard = brief().acquire(lab.target()).unwrap();
        let mut child = ChildTest::new(module_path!(), "child_waits_until_killed")
            .var("TARGET", lab.target())
            .spawn();
        child.await_point("waiting");
        child.kill();
        guard.verify().unwrap();
        assert_eq!(lab.preparations().len(), 1);
        let sweeper = brief().grace(Duration::ZERO).ttl(Duration::from_nanos(1));
        expect_alive(&sweeper, lab.target());
        assert_eq!(lab.names(), ["events.ndjson.lock"], "not swept on {}", lab.name());
        guard.release().unwrap();
    }
}

#[cfg(unix)] // Nothing is prepared on Windows.
#[test]
fn child_waits_until_killed() {
    let Some(parent) = testkit::parent() else { return };
    let target = parent.path("TARGET");
    let options = LockOptions::new().timeout(WATCHDOG).on_wait(move |_, _| {
        parent.at("waiting", "");
        std::ops::ControlFlow::Continue(())
    });
    let _ = options.acquire(target);
}

/// Increments until the file `stop` appears; for a minute at most, should nobody put it there.
#[test]
fn child_increments_until_stopped() {
    let Some(parent) = testkit::parent() else { return };
    let notes = parent.path("NOTES");
    let target = parent.path("TARGET");
    // A claimant by mkdir that is killed before its record is complete counts by time. A holder
    // does only where time decides, and is not to be taken for dead because the machine is busy.
    let options = LockOptions::new()
        .timeout(Duration::from_secs(30))
        .ttl(Duration::from_millis(if cfg!(windows) { 2_000 } else { 500 }))
        .grace(Duration::from_millis(200))
        .environment(way(parent.var("WAY").to_str().unwrap()));
    let trail = Trail::open(&notes);
    let mut takeovers =
        File::options().create(true).append(true).open(notes.join("takeovers")).unwrap();
    let started = Instant::now();
    while !notes.join("stop").exists() && started.elapsed() < Duration::from_secs(60) {
        let guard = options.acquire(&target).unwrap();
        if guard.takeover().is_some() {
            takeovers.write_all(b"!").unwrap();
        }
        // Long enough inside to be hit there.
        let work = || std::thread::sleep(Duration::from_micros(500));
        trail.under_the_lock(work);
        guard.verify().unwrap();
        guard.release().unwrap();
    }
}

#[cfg(unix)] // Time decides on Windows.
#[test]
fn holders_killed_at_random_cost_no_exclusion_and_no_increment() {
    for lab in Lab::everywhere() {
        kill_at_random(&lab, "published", 100);
    }
}

#[cfg(unix)] // Time decides on Windows.
#[test]
fn holders_by_mkdir_killed_at_random_cost_no_exclusion_and_no_increment() {
    for lab in Lab::everywhere() {
        kill_at_random(&lab, "in-place", 25);
    }
}

/// Killed by TerminateProcess. Each costs the others a TTL.
#[cfg(windows)]
#[test]
fn holders_judged_by_time_killed_at_random_cost_no_exclusion_and_no_increment() {
    kill_at_random(&Lab::new(), "by-time", 8);
}

/// Of three users, in a directory that all may write: who dies is replaced by whoever comes next.
/// What is left of it, its own user sweeps, or root.
#[cfg(unix)]
#[test]
fn holders_of_several_users_killed_at_random_cost_no_exclusion_and_no_increment() {
    let Some(users) = testkit::users() else {
        return testkit::skip("only root can start a process as another user");
    };
    for lab in Lab::everywhere() {
        kill_users_at_random(&lab, "published", 60, &users);
        kill_users_at_random(&lab, "in-place", 20, &users[..1]);
    }
}

fn kill_at_random(lab: &Lab, way: &str, kills: u64) {
    kill_users_at_random(lab, way, kills, &[]);
}

/// `users`: whom the children run as, in turn; as this process, if there are none.
fn kill_users_at_random(lab: &Lab, way: &str, kills: u64, users: &[u32]) {
    let notes = notes(lab);
    #[cfg(unix)]
    if !users.is_empty() {
        use std::os::unix::fs::PermissionsExt as _;
        drop(Trail::open(&notes));
        File::create(notes.join("takeovers")).unwrap();
        let mut all = vec![lab.root().to_owned(), notes.clone()];
        all.extend(testkit::names(&notes).iter().map(|name| notes.join(name)));
        for path in all {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
    }
    let started = std::cell::Cell::new(0);
    let start = || {
        let child = ChildTest::new(module_path!(), "child_increments_until_stopped")
            .var("TARGET", lab.target())
            .var("NOTES", &notes)
            .var("WAY", way);
        let number = started.replace(started.get() + 1);
        match users.get(number % users.len().max(1)) {
            Some(user) => child.user(*user).spawn(),
            None => child.spawn(),
        }
    };
    let mut children: Vec<TestChild> =
        (0..if cfg!(windows) { 3 } else { 6 }).map(|_| start()).collect();
    let trail = Trail::open(&notes);
    let before = trail.count();
    let takeovers = || std::fs::metadata(notes.join("takeovers")).unwrap().len();
    let mut killed = 0;
    // A holder must be hit at least once, else nothing was shown. It spends nearly all of its time
    // inside. But on a busy machine it can have left each time before it is killed.
    while killed < kills || takeovers() == 0 && killed < 20 * kills {
        // They must get on: nobody is stuck behind a dead holder.
        let count = trail.count();
        testkit::wait_until(WATCHDOG, || trail.count() > count);
        // The one inside if it is still there, else whoever it is by now.
        let inside = trail.inside();
        if let Some(victim) = children.iter_mut().find(|child| child.pid() == inside) {
            victim.kill();
            *victim = start();
            killed += 1;
        }
    }
    std::fs::write(notes.join("stop"), "").unwrap();
    for child in children {
        child.succeed();
    }

    let logged = Trail::logged(&notes);
    let case = format!("{way} on {}", lab.name());
    assert!(logged.is_sorted_by(|one, next| one < next), "{case}: an increment was lost");
    assert!(trail.count() >= *logged.last().unwrap(), "{case}: the counter lost the last one");
    assert!(trail.count() >= before + killed, "{case}: no progress");
    assert!(takeovers() > 0, "{case}: no dead holder was ever replaced");
    // Each that was killed left one directory at most: its preparation, or its lock, which another
    // user's process moved aside. Most of them were swept.
    let left = lab.preparations().len();
    println!("{case}: {killed} were killed, {left} directories are left");
    assert!(left as u64 <= killed, "{case}: {left} are left of {killed}");
    // The last waiters to be killed may have left preparations that are younger than the grace.
    brief().acquire(lab.target()).unwrap().release().unwrap();
    assert!(!lab.lock().exists(), "{case}");
    drop(trail);
    std::fs::remove_dir_all(&notes).unwrap();
    for path in lab.preparations() {
        std::fs::remove_dir_all(path).unwrap();
    }
}
