//! Stopping a process at one system call, to show what happens if another gets in between.
//!
//! A tracer delays the call for longer than any test takes; killing the tracer lets it go on. So an
//! interleaving that is rare in contention is made to happen, and no sleep stands for a condition.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use filelock::LockOptions;
use filelock::testing::Environment;
use testkit::{ChildTest, TestChild};

use crate::support::{KERNEL, Lab, WATCHDOG, way};

/// Where a process is stopped: the `nth` time that it makes this system call.
#[derive(Clone, Copy)]
pub(crate) struct Gate {
    call: &'static str,
    nth: usize,
    side: &'static str,
    /// Whether only calls about the lock count, by its path or by a descriptor.
    about_the_lock: bool,
}

impl Gate {
    pub(crate) const fn before(call: &'static str) -> Self {
        Self { call, nth: 1, side: "enter", about_the_lock: false }
    }

    pub(crate) const fn after(call: &'static str) -> Self {
        Self { call, nth: 1, side: "exit", about_the_lock: false }
    }

    pub(crate) const fn nth(self, nth: usize) -> Self {
        Self { nth, ..self }
    }

    pub(crate) const fn about_the_lock(self) -> Self {
        Self { about_the_lock: true, ..self }
    }
}

/// A child that is on its way to a gate, or stopped there.
pub(crate) struct Gated {
    child: TestChild,
    gate: Gate,
    trace: PathBuf,
}

impl Gated {
    /// Returns when it is stopped at the gate.
    pub(crate) fn await_stop(&self) {
        let Gate { call, nth, side, .. } = self.gate;
        // The tracer writes down each call when it is entered, and before it delays it at its end,
        // that it is delayed.
        testkit::wait_until(WATCHDOG, || {
            let trace = std::fs::read_to_string(&self.trace).unwrap_or_default();
            match side {
                "enter" => trace.matches(&format!("{call}(")).count() == nth,
                _ => trace.contains("(DELAYED)"),
            }
        });
    }

    /// Kills it where it is stopped, together with its tracer.
    pub(crate) fn kill(mut self) {
        self.child.kill_group();
    }

    /// Lets it make the call that it is stopped before, and stops it right after that. A signal is
    /// dealt with when the call returns.
    pub(crate) fn past_the_call(mut self) -> Stopped {
        signal(self.child.pid(), "-STOP");
        // The tracer has passed it on: it would be lost with the tracer. All threads are to stop
        // from now on, this one as soon as its call returns.
        testkit::wait_until(WATCHDOG, || {
            let trace = std::fs::read_to_string(&self.trace).unwrap_or_default();
            trace.contains("--- stopped by SIGSTOP ---")
        });
        self.child.kill_wrapper();
        let threads = format!("/proc/{}/task", self.child.pid());
        let is_stopped = |thread: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
        };
        testkit::wait_until(WATCHDOG, || {
            let threads = std::fs::read_dir(&threads).unwrap();
            threads.filter_map(Result::ok).all(is_stopped)
        });
        Stopped(self.child)
    }

    /// Lets it go on. What it is told to do next, and what it reports, is up to its test.
    pub(crate) fn open(mut self) -> TestChild {
        self.child.kill_wrapper();
        self.child
    }
}

/// A child that was stopped by a signal.
pub(crate) struct Stopped(TestChild);

impl Stopped {
    /// Lets it go on.
    pub(crate) fn open(self) -> TestChild {
        signal(self.0.pid(), "-CONT");
        self.0
    }
}

pub(crate) fn signal(pid: u32, signal: &str) {
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether processes can be traced here. If not, says that the calling test is not run.
#[track_caller]
pub(crate) fn can_trace() -> bool {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        testkit::skip("the names of its system calls are those of Linux on x86-64");
        return false;
    }
    if let Err(why) = testkit::strace(&[]) {
        testkit::skip(&why);
        return false;
    }
    true
}

/// The command line before that of a child whose `call`s are tampered with. Under its umask no mode
/// is right from the start, so that `fchmod` is called for the record, too, between creating and
/// writing it.
fn strace(lab: &Lab, call: &str, inject: &str) -> Vec<String> {
    let (trace, inject) = (lab.join("trace"), format!("inject={call}:{inject}"));
    let to = trace.to_str().unwrap();
    let trace_only = format!("trace={call}");
    let tracer = ["-o", to, "-e", "signal=STOP", "-e", &trace_only, "-e", &inject];
    let tracer = testkit::strace(&tracer).expect("because the test asked whether it can trace");
    let umask = ["sh", "-c", "umask 077; exec \"$@\"", "sh"].map(ToOwned::to_owned);
    umask.into_iter().chain(tracer).collect()
}

/// Starts `child_acquires` with these options; it will be stopped at `gate`.
pub(crate) fn headed_for(gate: Gate, lab: &Lab, options: Acquisition) -> Gated {
    headed_for_child(gate, lab, options.child(lab))
}

/// Starts this child; it will be stopped at `gate`.
pub(crate) fn headed_for_child(gate: Gate, lab: &Lab, child: ChildTest) -> Gated {
    let Gate { call, nth, side, about_the_lock } = gate;
    let minutes = Duration::from_secs(600).as_micros();
    let mut wrapper = strace(lab, call, &format!("delay_{side}={minutes}:when={nth}"));
    if about_the_lock {
        wrapper.extend(this_lock(lab));
    }
    Gated { child: child.through(wrapper).spawn(), gate, trace: lab.join("trace") }
}

/// Starts `child_acquires` with these options, and returns when it is stopped at `gate`.
pub(crate) fn stopped_at(gate: Gate, lab: &Lab, options: Acquisition) -> Gated {
    let gated = headed_for(gate, lab, options);
    gated.await_stop();
    gated
}

/// Starts `child_acquires` with these options; each `call` that it makes stands in the trace.
pub(crate) fn counting(call: &str, lab: &Lab, options: Acquisition) -> TestChild {
    options.child(lab).through(strace(lab, call, "delay_enter=0")).spawn()
}

/// Starts `child_acquires` with these options; its first `call` takes so long.
pub(crate) fn with_slow(call: &str, delay: Duration, lab: &Lab, options: Acquisition) -> TestChild {
    let inject = format!("delay_exit={}:when=1", delay.as_micros());
    options.child(lab).through(strace(lab, call, &inject)).spawn()
}

/// Starts `child_acquires` with these options; each of its `call`s fails with `error`.
pub(crate) fn with_failing(call: &str, error: &str, lab: &Lab, options: Acquisition) -> TestChild {
    options.child(lab).through(strace(lab, call, &format!("error={error}"))).spawn()
}

/// Starts `child_acquires` with these options; the `nth` of its `call`s that is about the lock
/// fails with EIO.
pub(crate) fn with_failing_nth(call: &str, nth: u32, lab: &Lab, options: Acquisition) -> TestChild {
    options.child(lab).through(failing_nth(call, nth, lab)).spawn()
}

/// Starts `child_acquires` with these options, through `wrapper`.
pub(crate) fn through(wrapper: Vec<String>, lab: &Lab, options: Acquisition) -> TestChild {
    options.child(lab).through(wrapper).spawn()
}

/// The command line before that of a child whose `nth` `call` about the lock fails with EIO. A call
/// is about it by its path or by a descriptor.
pub(crate) fn failing_nth(call: &str, nth: u32, lab: &Lab) -> Vec<String> {
    let mut wrapper = strace(lab, call, &format!("error=EIO:when={nth}"));
    wrapper.extend(this_lock(lab));
    wrapper
}

/// The tracer's option to leave out calls that are not about the lock.
fn this_lock(lab: &Lab) -> [String; 2] {
    ["-P".to_owned(), lab.lock().to_str().unwrap().to_owned()]
}

/// How the child acquires.
#[derive(Clone, Copy)]
pub(crate) struct Acquisition {
    pub(crate) timeout: Duration,
    pub(crate) way: &'static str,
    /// As whom; `None`: as this process.
    pub(crate) user: Option<u32>,
}

impl Acquisition {
    fn child(self, lab: &Lab) -> ChildTest {
        let child = ChildTest::new(module_path!(), "child_acquires")
            .var("TARGET", lab.target())
            .var("TIMEOUT", self.timeout.as_millis().to_string())
            .var("WAY", self.way);
        match self.user {
            Some(user) => child.user(user),
            None => child,
        }
    }
}

/// Gives up soon after the gate is opened.
pub(crate) const BRIEF: Acquisition =
    Acquisition { timeout: Duration::from_millis(50), way: "published", user: None };
/// Waits as long as it takes.
pub(crate) const PATIENT: Acquisition =
    Acquisition { timeout: WATCHDOG, way: "published", user: None };

/// On the kernel of the records written by hand.
pub(crate) fn here() -> Environment {
    Environment { kernel_id: Some(KERNEL.to_owned()), ..Environment::default() }
}

#[test]
fn child_acquires() {
    let Some(mut parent) = testkit::parent() else { return };
    let way = way(parent.var("WAY").to_str().unwrap());
    let reporter = parent.clone();
    let options = LockOptions::new()
        .timeout(Duration::from_millis(parent.number("TIMEOUT")))
        .environment(Environment { kernel_id: here().kernel_id, ..way })
        .on_wait(move |_, holder| {
            let pid = holder.and_then(filelock::Holder::pid);
            reporter.at("waiting-for", &pid.map_or_else(String::new, |pid| pid.to_string()));
            ControlFlow::Continue(())
        });
    match options.acquire(parent.path("TARGET")) {
        Ok(guard) => {
            parent.at("result", if guard.is_kernel_backed() { "held" } else { "held by time" });
            parent.at("takeover", if guard.takeover().is_some() { "yes" } else { "no" });
            parent.await_word("release");
            guard.release().unwrap();
            parent.at("released", "");
        }
        Err(error) if error.is_contention() => parent.at("result", "refused"),
        Err(error) => parent.at("result", &format!("{error:?}: {error}")),
    }
}
