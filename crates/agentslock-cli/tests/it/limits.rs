//! A user who may have no more processes (`ulimit -u`, `pids.max`): no thread can be started.

use crate::rights::{has, public_program, run};
use crate::support::{DOCUMENT, Lab, set_mode};

/// `few USER COUNT COMMAND`: the command as a user who may have so many processes and threads.
const FEW: &str = "few() { u=$1; n=$2; shift 2
    setpriv --reuid $u --regid $u --clear-groups prlimit --nproc=$n:$n \"$@\"; }\n";

/// Runs `script`, in which `few` can be used, in a directory that all may write; what it prints.
/// `None`: no limits can be set here, which was said. (Root has none. So it is another user, and of
/// each test another one.)
#[track_caller]
fn with_limits(script: &str) -> Option<String> {
    if testkit::users().is_none() {
        testkit::skip("not root");
        return None;
    }
    if !has("prlimit", "util-linux") {
        return None;
    }
    let (_directory, program) = public_program();
    let lab = Lab::new();
    set_mode(lab.root(), 0o777);
    Some(run(&lab, &program, &format!("{FEW}{script}")))
}

#[test]
fn a_lock_is_held_and_renewed_while_the_command_runs_if_no_thread_can_be_started() {
    // The program and its command are two. A renewal comes after 10 s.
    let script = "mkfifo -m 666 end
        few 3201 2 $0 run log -- cat end &
        until [ -e log.lock/holder ]; do sleep 0.1; done
        first=$(sed -n 2p log.lock/holder)
        until [ \"$first\" != \"$(sed -n 2p log.lock/holder)\" ]; do sleep 0.1; done
        $0 run log --nonblock -- echo a second holder || echo $?
        : > end
        wait $!
        $0 run log --nonblock -- echo free";
    let Some(said) = with_limits(script) else { return };
    assert_eq!(said, "75\nfree\n");
}

#[test]
fn a_command_is_ended_and_nothing_is_written_if_no_thread_can_be_started() {
    let script = format!(
        "echo '{{\"a\": 1}}' > {DOCUMENT}; chmod 666 {DOCUMENT}; cp {DOCUMENT} before
        few 3202 2 $0 set a -- cat 2> error || echo $?
        grep -q 'no thread could be started for `cat`, which was ended' error
        few 3202 2 $0 edit -- cat 2>> error || echo $?
        grep -c 'nothing was written.*; next: `ulimit -u`$' error
        if grep panicked error; then exit 3; fi
        cmp before {DOCUMENT}
        $0 set a 2 --wait 0"
    );
    let Some(said) = with_limits(&script) else { return };
    assert_eq!(said, "2\n2\n2\n");
}
