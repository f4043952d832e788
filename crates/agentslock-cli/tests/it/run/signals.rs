//! Signals to the wrapper: they go to the command, or end the wait for the lock.

use rustix::process::Signal;
use testkit::wait_until;

use crate::support::{DIGEST, Lab, Program, WATCHDOG};

/// The signals that end a program and are caught, less those that we were started to ignore (by
/// nohup(1), or in a script's background). All that we start would ignore them, too.
pub(crate) fn ending() -> impl Iterator<Item = (&'static str, Signal, i32)> {
    let ignored = ignored().unwrap_or(0);
    [
        ("HUP", Signal::HUP, 129),
        ("INT", Signal::INT, 130),
        ("QUIT", Signal::QUIT, 131),
        ("TERM", Signal::TERM, 143),
        ("ALRM", Signal::ALARM, 142),
        ("USR1", Signal::USR1, 128 + Signal::USR1.as_raw()),
        ("USR2", Signal::USR2, 128 + Signal::USR2.as_raw()),
    ]
    .into_iter()
    .filter(move |(_, signal, _)| ignored >> (signal.as_raw() - 1) & 1 == 0)
}

/// The signals that we ignore, as a bit each. `None`: the system does not tell, and the program
/// takes it that none is.
pub(crate) fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).unwrap())
}

#[test]
fn a_signal_is_passed_on_to_the_command_which_has_the_last_word() {
    let lab = Lab::new();
    for (name, signal, _) in ending() {
        // `wait` ends for a trap, at once; what it waits for ends with our pipe.
        let script = format!(
            "trap 'echo {name} > caught; exit 7' {name}; exec 3<&0; cat <&3 & echo running; wait"
        );
        let mut running = lab.cli(["run", "t", "--", "sh", "-c", &script]).open_input("").start();
        running.await_out("running\n");
        running.signal(signal);
        assert_eq!(running.await_end().code(), Some(7), "{name}");
        running.finish().exits(7);
        assert_eq!(lab.read("caught"), format!("{name}\n"));
        lab.expect_free("t");
    }
}

#[test]
fn a_command_that_catches_nothing_dies_of_the_signal_and_the_status_says_so() {
    let lab = Lab::new();
    for (_, signal, status) in ending() {
        let mut running = lab.hold("t");
        running.signal(signal);
        // Not of the end of its input.
        running.await_end();
        let ended = running.finish().exits(status);
        assert_eq!((ended.out(), &*ended.stderr), ("running\n", ""));
        lab.expect_free("t");
    }
}

#[test]
fn the_lock_is_held_until_the_command_that_was_signalled_has_ended() {
    let lab = Lab::new();
    let script = "trap 'echo caught' TERM; exec 3<&0; cat <&3 & echo running; wait; wait";
    let mut running = lab.cli(["run", "t", "--", "sh", "-c", script]).open_input("").start();
    running.await_out("running\n");
    running.signal(Signal::TERM);
    running.await_out("caught\n");
    lab.expect_held("t");
    running.finish().exits(0);
    lab.expect_free("t");
}

#[test]
fn a_signal_ends_the_wait_for_the_lock_and_nothing_is_left() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let held = lab.names();
    for (name, signal, status) in ending() {
        let waiter = lab.cli(["run", "t", "--wait", "1000", "--", "sh", "-c", ": > ran"]).start();
        // It has prepared its claim: it waits, and is prepared for signals.
        wait_until(WATCHDOG, || lab.names().iter().any(|name| name.contains(".prep-")));
        waiter.signal(signal);
        waiter.finish().exits(status).says_nothing();
        assert_eq!(lab.names(), held, "{name}");
    }
    holder.finish().exits(0);
    lab.expect_free("t");
    assert_eq!(lab.names(), [""; 0], "no command was run");
}

#[test]
fn a_signal_that_ends_another_verbs_wait_leaves_nothing_either() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let held = lab.names();
    for verb in [&["append", "t", "{}"][..], &["set", "--file", "t", "--inputs-digest", DIGEST]] {
        let mut waiter = lab.cli(verb).args(["--wait", "1000"]).start();
        wait_until(WATCHDOG, || lab.names().iter().any(|name| name.contains(".prep-")));
        waiter.signal(Signal::TERM);
        waiter.await_end();
        assert_eq!(lab.names(), held, "{verb:?}");
    }
    holder.finish().exits(0);
}

/// As under nohup(1), or in the background of a script.
#[test]
fn a_signal_that_the_command_was_to_ignore_does_not_end_it() {
    if ignored().is_none() {
        return testkit::skip("the system does not tell what a process ignores");
    }
    let lab = Lab::new();
    for (name, ..) in ending() {
        let command = format!("kill -{name} $PPID; kill -{name} $$; echo on");
        let script = format!("trap '' {name}; exec \"$0\" run t -- sh -c '{command}'");
        let ended = Program::shell(&script).in_directory(lab.root()).run().exits(0);
        assert_eq!((ended.out(), &*ended.stderr), ("on\n", ""), "{name}");
    }
}

/// The program itself ignores SIGPIPE and catches others: that is not for the command.
#[test]
fn the_command_does_not_inherit_how_the_program_treats_signals() {
    let lab = Lab::new();
    for (name, status) in ending().map(|(name, _, status)| (name, status)).chain([("PIPE", 141)]) {
        let script = format!("kill -{name} $$; echo on");
        let ended = lab.cli(["run", "t", "--", "sh", "-c", &script]).run().exits(status);
        assert_eq!(ended.out(), "", "{name}");
    }
}
