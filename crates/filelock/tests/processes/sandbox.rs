//! A process whose system refuses it `flock`, as an agent's sandbox can.
//!
//! | refused with | what the process goes by | why |
//! |---|---|---|
//! | EPERM, EACCES, ENOTSUP, EOPNOTSUPP, ENOSYS, EINVAL | the clock | the answer will never be another one |
//! | EIO, ENOLCK, EMFILE | nothing: what it finds counts as alive | the next answer can be another one |

use std::time::Duration;

use filelock::testing::FLOCK_FAILS;
use filelock::{LockOptions, TryAcquired, break_lock, inspect};
use testkit::{ChildTest, TestChild};

use crate::gate::{PATIENT, can_trace, here, through};
use crate::support::{KERNEL, Lab, SECOND, ahead, brief, expect_gone, now, record};

const LASTING: [&str; 6] = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"];
const MOMENTARY: [&str; 3] = ["EIO", "ENOLCK", "EMFILE"];

/// Does one thing, and says what came of it.
#[test]
fn child_in_a_sandbox() {
    let Some(mut parent) = testkit::parent() else { return };
    let target = parent.path("TARGET");
    let options = LockOptions::new().timeout(Duration::ZERO).environment(here());
    match parent.var("DO").to_str().unwrap() {
        "acquire" => match options.try_acquire(target) {
            Ok(TryAcquired::Acquired(guard)) => {
                let by = if guard.is_kernel_backed() { "kernel" } else { "time" };
                let takeover = if guard.takeover().is_some() { ", taken over" } else { "" };
                parent.at("result", &format!("held by {by}{takeover}"));
                parent.await_word("release");
                guard.release().unwrap();
            }
            Ok(TryAcquired::Held(holder)) => {
                let holder = holder.map(|holder| format!("{:?}", holder.liveness()));
                parent.at("result", &holder.unwrap_or_default());
            }
            Err(error) => parent.at("result", &error.to_string()),
        },
        _ => {
            let found = inspect(&target).unwrap().expect("because it is held");
            let broken = break_lock(&target, found.holder_id());
            parent
                .at("result", &broken.map_or_else(|error| error.to_string(), |()| "broken".into()));
        }
    }
}

fn refused(error: &str, what: &str, lab: &Lab) -> TestChild {
    ChildTest::new(module_path!(), "child_in_a_sandbox")
        .through(["env", &format!("{FLOCK_FAILS}={error}")])
        .var("TARGET", lab.target())
        .var("DO", what)
        .spawn()
}

fn result_of(error: &str, what: &str, lab: &Lab) -> String {
    let mut child = refused(error, what, lab);
    let result = child.await_point("result");
    if result.starts_with("held") {
        child.say("release");
    }
    child.succeed();
    result
}

/// A record whose holder is dead, for as long as that can be asked.
fn dead(seconds: i64) -> Vec<u8> {
    record(now() - seconds * SECOND, &format!("token\nflock {KERNEL}\n"))
}

#[test]
fn a_process_that_may_not_ask_the_kernel_goes_by_the_clock() {
    for error in LASTING {
        for (seconds, expected) in [(0, "Expires"), (31, "held by time, taken over")] {
            let lab = Lab::new();
            lab.occupy(Some(&dead(seconds)));
            let result = result_of(error, "acquire", &lab);
            assert!(result.starts_with(expected), "{error}, {seconds} s: {result}");
        }
        // A foreign holder's, without a `flock` line: the kernel is asked for it once it expired.
        let lab = Lab::new();
        lab.occupy(Some(&record(now() - 31 * SECOND, "token\n")));
        assert_eq!(result_of(error, "acquire", &lab), "held by time, taken over", "{error}");
    }
}

#[test]
fn a_process_that_may_not_ask_the_kernel_can_break_a_lock() {
    for error in LASTING {
        let lab = Lab::new();
        lab.occupy(Some(&dead(0)));
        assert_eq!(result_of(error, "break", &lab), "broken", "{error}");
        assert_eq!(lab.names(), [""; 0], "{error}");
    }
}

/// What a failed question says of this moment is no proof of death, however old the record.
#[test]
fn a_question_to_the_kernel_that_failed_this_time_clears_nothing() {
    for error in MOMENTARY {
        for rest in [format!("token\nflock {KERNEL}\n"), "token\n".to_owned()] {
            let lab = Lab::new();
            lab.occupy(Some(&record(now() - 3600 * SECOND, &rest)));
            let result = result_of(error, "acquire", &lab);
            assert!(result.starts_with("Unknown"), "{error}: {result}");
            assert!(lab.holder().exists(), "{error}");
        }
    }
}

/// Both sides of it: the holder outside is kept, and one inside is protected while it renews.
#[test]
fn a_process_in_a_sandbox_and_one_outside_exclude_each_other() {
    for error in LASTING.into_iter().chain(MOMENTARY) {
        let lab = Lab::new();
        let guard = brief().environment(here()).acquire(lab.target()).unwrap();
        let result = result_of(error, "acquire", &lab);
        assert!(["Expires", "Unknown"].iter().any(|word| result.starts_with(word)), "{result}");
        guard.verify().unwrap();
        guard.release().unwrap();

        let mut holder = refused(error, "acquire", &lab);
        assert_eq!(holder.await_point("result"), "held by time", "{error}");
        assert!(!std::fs::read_to_string(lab.holder()).unwrap().contains("\nflock "), "{error}");
        let held = brief().environment(here()).try_acquire(lab.target()).unwrap();
        let liveness = format!("{:?}", held.holder().unwrap().liveness());
        assert!(liveness.starts_with("Expires"), "{error}: {liveness}");
        holder.kill_group();
        // The price: a dead one is told from a living one by the clock alone.
        expect_gone(&brief().environment(ahead(31)), lab.target());
        assert_eq!(lab.names(), [""; 0], "{error}");
    }
}

/// The switch stands for the real thing: here the system itself refuses.
#[test]
fn the_system_can_refuse_flock_as_well() {
    if !can_trace() {
        return;
    }
    for (error, expected) in [("EPERM", "held by time, taken over"), ("EIO", "Unknown")] {
        let lab = Lab::new();
        lab.occupy(Some(&dead(31)));
        let inject = format!("inject=flock:error={error}");
        let mut child = ChildTest::new(module_path!(), "child_in_a_sandbox")
            .through(testkit::strace(&["-e", &inject]).unwrap())
            .var("TARGET", lab.target())
            .var("DO", "acquire")
            .spawn();
        let result = child.await_point("result");
        assert!(result.starts_with(expected), "{error}: {result}");
        if result.starts_with("held") {
            child.say("release");
        }
        child.succeed();
    }
}

/// Directories may be made, but neither renamed nor removed: what one agent's sandbox did. One is
/// left for each call, since removing it is refused, too; the next call outside removes it.
#[test]
fn where_directories_may_not_be_renamed_a_call_tries_once_and_says_why() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let trace = lab.join("trace");
    // The second `unlinkat` is for the directory, after its record.
    let arguments = [
        "-o",
        trace.to_str().unwrap(),
        "-e",
        "trace=renameat2,unlinkat",
        "-e",
        "inject=renameat2:error=EPERM",
        "-e",
        "inject=unlinkat:error=EPERM:when=2+",
    ];
    let mut child = through(testkit::strace(&arguments).unwrap(), &lab, PATIENT);
    let result = child.await_point("result");
    child.succeed();
    assert!(result.contains("failed to publish"), "{result}");
    assert!(result.contains("if the modes allow it: a sandbox"), "{result}");
    let trace = std::fs::read_to_string(trace).unwrap();
    assert_eq!(trace.matches("renameat2(").count(), 1, "{trace}");
    assert_eq!(lab.preparations().len(), 1);
    assert!(!lab.lock().exists());

    let handle = brief().grace(Duration::ZERO).lock(lab.target()).unwrap();
    handle.acquire().unwrap().release().unwrap();
    drop(handle);
    assert_eq!(lab.names(), ["trace"]);
}
