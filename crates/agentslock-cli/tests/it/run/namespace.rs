//! As process 1 of a pid namespace, as in a container: orphans are reaped. And everywhere: if the
//! lock is lost, all that the command started must end.

use std::fs;

use testkit::wait_until;

use crate::support::{Lab, PROGRAM, Program, Running, WATCHDOG};

/// Runs `script` under the lock of `t`, as process 1 if that is asked for. `None`: no pid namespace
/// can be made here, which was said.
#[track_caller]
fn run(lab: &Lab, script: &str, is_first: bool) -> Option<Running> {
    let run = [PROGRAM, "run", "t", "--", "sh", "-c", script];
    let unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let command = if is_first { [&unshare[..], &run].concat() } else { run.to_vec() };
    let mut running = Program::new(command[0]).args(&command[1..]).in_directory(lab.root()).start();
    wait_until(WATCHDOG, || running.has_ended() || lab.join("t.lock/holder").exists());
    if is_first && running.has_ended() && !lab.join("started").exists() {
        testkit::skip("unshare(1) may make no pid namespace here");
        return None;
    }
    Some(running)
}

#[test]
fn orphans_are_reaped_while_the_command_runs() {
    // Each orphan loses its parent while it lives. An end that nobody takes note of would leave it
    // in /proc as a zombie.
    let script = r#"
        echo > started
        for i in 1 2 3 4 5; do (sh -c 'until [ -e orphaned ]; do sleep 0.05; done' & echo $! >> orphans); done
        for pid in $(cat orphans); do sed "s/.*) . \([0-9]*\) .*/\1/" /proc/$pid/stat; done > parents
        echo > orphaned
        for pid in $(cat orphans); do while [ -e /proc/$pid ]; do sleep 0.05; done; done
        exit 7"#;
    for is_first in [true, false] {
        let lab = Lab::new();
        let Some(running) = run(&lab, script, is_first) else { continue };
        let wrapper = if is_first { 1 } else { running.pid() };
        running.finish().exits(7);
        let parents = lab.read("parents");
        let parents: Vec<u32> = parents.lines().map(|it| it.trim().parse().unwrap()).collect();
        assert_eq!(parents, [wrapper; 5], "they were orphans");
        lab.expect_free("t");
    }
}

#[test]
fn if_the_lock_is_lost_an_orphan_in_a_session_of_its_own_is_ended_too() {
    let script = r#"
        echo > started
        (setsid sh -c 'trap "echo > asked; exit" TERM; echo $$ > orphan; while :; do sleep 0.1; done' &)
        until [ -s orphan ]; do sleep 0.05; done
        echo running
        while :; do sleep 0.1; done"#;
    std::thread::scope(|scope| {
        for is_first in [true, false] {
            scope.spawn(move || {
                let lab = Lab::new();
                let Some(mut running) = run(&lab, script, is_first) else { return };
                running.await_out("running\n");
                fs::remove_dir_all(lab.join("t.lock")).unwrap();
                // It shows at the next renewal.
                running.await_end();
                let ended = running.finish().exits(75);
                assert!(ended.stderr.contains("lost"), "{}", ended.stderr);
                // Before we ended: as process 1 our end would have killed it.
                assert!(lab.join("asked").exists(), "as process 1: {is_first}");
            });
        }
    });
}
