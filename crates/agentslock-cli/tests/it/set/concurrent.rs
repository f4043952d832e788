//! Many at once, on one document, and one that dies in the middle.

use std::os::unix::process::ExitStatusExt;
use std::thread;

use rustix::process::Signal;

use crate::support::{DOCUMENT, Lab, Program};

const PROCESSES: usize = 8;
const ROUNDS: usize = 20;

#[test]
fn increments_of_many_processes_are_all_counted() {
    let lab = Lab::with("{}\n");
    thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let count = "n=$(cat); [ \"$n\" = null ] && n=0; echo $((n + 1))";
                    let set = ["set", "counter", "--wait", "100", "--", "sh", "-c", count];
                    lab.cli(set).run().exits(0);
                }
            });
        }
    });
    let total = PROCESSES * ROUNDS;
    assert_eq!(lab.document(), format!("{{\n  \"counter\": {total}\n}}\n"));
    assert_eq!(lab.names(), [DOCUMENT]);
}

#[test]
fn sections_of_many_processes_all_stay() {
    let lab = Lab::with("{}\n");
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let lab = &lab;
            scope.spawn(move || {
                for round in 0..5 {
                    let section = format!("s{process}");
                    let value = round.to_string();
                    lab.cli(["set", &section, "--wait", "100"]).input(value).run().exits(0);
                }
            });
        }
    });
    let sections: Vec<_> = (0..PROCESSES).map(|process| format!("  \"s{process}\": 4")).collect();
    assert_eq!(lab.document(), format!("{{\n{}\n}}\n", sections.join(",\n")));
    assert_eq!(lab.names(), [DOCUMENT]);
}

#[test]
fn who_is_killed_while_its_command_runs_leaves_the_old_document_and_is_replaced_at_once() {
    let lab = Lab::with("{\"s\":1}");
    let script = "exec 3<&0; exec \"$0\" set s -- sh -c 'echo running >&2; cat <&3 >&2; echo 7'";
    let mut set = Program::shell(script).in_directory(lab.root()).open_input("").start();
    set.await_err("running\n");
    lab.expect_held(DOCUMENT);
    set.signal(Signal::KILL);
    assert_eq!(set.await_end().signal(), Some(9));
    // The command, which still runs, does not have the lock; nobody would write what it prints.
    lab.cli(["set", "s", "--wait", "0", "--", "sed", "s/1/2/"]).run().exits(0).says_nothing();
    assert_eq!(lab.document(), "{\n  \"s\": 2\n}\n");
    set.finish();
    assert_eq!(lab.document(), "{\n  \"s\": 2\n}\n");
    assert_eq!(lab.names(), [DOCUMENT]);
}
