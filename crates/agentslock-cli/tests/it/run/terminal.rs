//! On a terminal: keys reach the command once, and the line that says who is waited for is
//! rewritten.

use rustix::process::{Pid, Signal, kill_process};
use testkit::wait_until;

use crate::support::{Lab, WATCHDOG};

/// Notes each SIGINT, and ends for a SIGTERM, which only the wrapper passes on.
const COMMAND: &str = "trap \"echo INT >> log\" INT; trap \"exit 7\" TERM; echo $PPID > pid; \
                       while :; do sleep 1 & wait; done";

#[test]
fn a_key_that_the_terminal_sends_to_all_is_not_passed_on_a_second_time() {
    let lab = Lab::new();
    for redirection in ["", "< /dev/null"] {
        lab.write("log", "");
        let script = format!("exec \"$0\" run t -- sh -c '{COMMAND}' {redirection}");
        let Some(program) = lab.in_terminal(&script) else { return };
        let mut running = program.start();
        wait_until(WATCHDOG, || {
            std::fs::read(lab.join("pid")).is_ok_and(|pid| pid.ends_with(b"\n"))
        });
        let wrapper = lab.read("pid").trim().parse().ok().and_then(Pid::from_raw).unwrap();
        std::fs::remove_file(lab.join("pid")).unwrap();
        running.type_in("\x03");
        wait_until(WATCHDOG, || lab.read("log").contains("INT"));
        // What the wrapper passes on comes in order, so that by the end all has come.
        kill_process(wrapper, Signal::TERM).unwrap();
        running.finish().exits(7);
        assert_eq!(lab.read("log"), "INT\n", "{redirection:?}");
    }
}

#[test]
fn a_signal_that_somebody_sends_is_passed_on_though_there_is_a_terminal() {
    let lab = Lab::new();
    for signal in ["INT", "QUIT", "HUP"] {
        let command = format!(
            "trap \"echo {signal} > caught; exit 7\" {signal}; kill -{signal} $PPID; \
             while :; do sleep 1 & wait; done"
        );
        let Some(program) = lab.in_terminal(&format!("exec \"$0\" run t -- sh -c '{command}'"))
        else {
            return;
        };
        program.run().exits(7);
        assert_eq!(lab.read("caught"), format!("{signal}\n"));
        lab.expect_free("t");
    }
}

/// A hangup reaches only the leader of the session. Started as here, or by ssh(1), that is the
/// wrapper.
#[test]
fn the_end_of_the_terminal_is_passed_on() {
    let lab = Lab::new();
    // In any case it comes to an end.
    let command = "trap \"echo HUP > caught; exit\" HUP; echo > running; \
                   for i in $(seq 60); do sleep 1 & wait; done";
    let script = format!("exec \"$0\" run t -- sh -c '{command}'");
    let Some(program) = lab.in_terminal(&script) else { return };
    let mut terminal = program.start();
    wait_until(WATCHDOG, || lab.join("running").exists());
    terminal.signal(Signal::KILL);
    terminal.await_end();
    wait_until(WATCHDOG, || lab.join("caught").exists());
    wait_until(WATCHDOG, || !lab.join("t.lock").exists());
}

#[test]
fn the_line_about_the_wait_is_rewritten_in_place_and_erased() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let script = "stty columns 60; \"$0\" run t --wait 5 -- true; echo $?; \
                  \"$0\" run t --wait 1.2 -q -- true; echo $?";
    let Some(program) = lab.in_terminal(script) else { return };
    let shown = program.run().exits(0).out().to_owned();
    holder.finish().exits(0);
    let (first, second) = shown.split_once("75\r\n").unwrap();
    let rewritten: Vec<_> = first.split("\r\u{1b}[K").collect();
    let [before, waiting @ .., gave_up] = &rewritten[..] else { panic!("{first:?}") };
    assert_eq!(*before, "");
    // Once a second, less those that a busy machine leaves out.
    assert!((2..=4).contains(&waiting.len()), "{waiting:?}");
    for line in waiting {
        assert!(line.starts_with("agentslock: waiting for process "), "{line}");
        assert!(line.chars().count() < 60 && !line.contains('\n'), "it would wrap: {line}");
    }
    assert!(gave_up.starts_with("agentslock: failed to lock"), "{gave_up:?}");
    assert!(second.starts_with("agentslock: failed to lock"), "quiet: {second:?}");
}
