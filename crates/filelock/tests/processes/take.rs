//! Dead locks of other users: whoever may rename in the directory takes them over. Only root can
//! start a process as another user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use filelock::{AcquireError, BreakError, Holder, Liveness, Lock, LockOptions, TryAcquired};
use testkit::{ChildTest, Parent, TestChild};

use crate::gate::{Acquisition, BRIEF, Gate, PATIENT, can_trace, stopped_at};
use crate::support::{Lab, age};

/// One on each file system, whose directory has this mode, and three users. Empty, and reported, if
/// we are not root.
#[track_caller]
fn labs(mode: u32) -> Vec<(Lab, [u32; 3])> {
    let Some(users) = testkit::users() else {
        testkit::skip("only root can start a process as another user");
        return Vec::new();
    };
    let labs = Lab::everywhere().into_iter().map(|lab| (lab, users));
    labs.inspect(|(lab, _)| set_mode(lab.root(), mode)).collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A child that does what `scene` says, as this user, or as root.
fn child(scene: &str, lab: &Lab, user: Option<u32>) -> TestChild {
    let child = ChildTest::new(module_path!(), "child_of_a_user")
        .var("TARGET", lab.target())
        .var("SCENE", scene);
    match user {
        Some(user) => child.user(user).spawn(),
        None => child.spawn(),
    }
}

#[test]
fn child_of_a_user() {
    let Some(parent) = testkit::parent() else { return };
    let scene = parent.var("SCENE").into_string().unwrap();
    match &*scene {
        "hold" => holds(parent),
        "try" => tries(&parent),
        "rows" => takes_in_a_row(&parent),
        "look" => looks(&parent),
        "break" => breaks(&parent),
        other => panic!("{other}"),
    }
}

fn holds(mut parent: Parent) {
    let guard = LockOptions::new().label("to be killed").acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", guard.token());
    parent.await_word("never said");
}

fn tries(parent: &Parent) {
    match LockOptions::new().try_acquire(parent.path("TARGET")) {
        Ok(TryAcquired::Acquired(guard)) => {
            guard.verify().unwrap();
            let taken = guard.takeover().and_then(Holder::token).unwrap_or("nobody").to_owned();
            guard.release().unwrap();
            parent.at("result", &format!("took over {taken}"));
        }
        Ok(TryAcquired::Held(holder)) => {
            parent.at("result", &format!("held: {}", holder.unwrap()));
        }
        Err(error) => {
            let word = match &error {
                AcquireError::DeadOfAnotherUser { .. } => "dead",
                _ => "other",
            };
            parent.at("result", &format!("{word}: {error}"));
        }
    }
}

fn takes_in_a_row(parent: &Parent) {
    let lock = Lock::new(parent.path("TARGET")).unwrap();
    for _ in 0..4 {
        let guard = lock.acquire().unwrap();
        guard.verify().unwrap();
        guard.release().unwrap();
    }
    drop(lock);
    parent.at("result", "");
}

fn looks(parent: &Parent) {
    let found = filelock::inspect(parent.path("TARGET")).unwrap().unwrap();
    let word = match found.holder().liveness() {
        Liveness::Dead => "dead".to_owned(),
        Liveness::Running => "running".to_owned(),
        other => format!("{other:?}"),
    };
    parent.at("result", &format!("{word} {}", found.holder_id()));
}

fn breaks(parent: &Parent) {
    let target = parent.path("TARGET");
    let found = filelock::inspect(&target).unwrap().unwrap();
    let result = match filelock::break_lock(&target, found.holder_id()) {
        Ok(()) => "freed",
        Err(BreakError::Unreadable { .. }) => "not to be opened",
        Err(error) => panic!("{error}"),
    };
    parent.at("result", result);
}

/// What it came to.
#[track_caller]
fn result_of(scene: &str, lab: &Lab, user: Option<u32>) -> String {
    let mut child = child(scene, lab, user);
    let result = child.await_point("result");
    child.succeed();
    result
}

/// A lock whose holder, run as this user, was killed. Its token.
fn dead_lock(lab: &Lab, user: Option<u32>) -> String {
    let mut holder = child("hold", lab, user);
    let token = holder.await_point("holding");
    holder.kill();
    token
}

/// What was taken over cannot be removed by its successor. It stays, under another name, for a
/// sweep of its own user.
#[track_caller]
fn expect_left_for_its_owner(lab: &Lab, user: u32) {
    let [left] = &lab.preparations()[..] else { panic!("on {}: {:?}", lab.name(), lab.names()) };
    assert_eq!(fs::metadata(left).unwrap().uid(), user, "on {}", lab.name());
    assert_eq!(result_of("rows", lab, Some(user)), "");
    assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
}

#[test]
fn a_dead_holder_of_another_user_is_replaced_at_once() {
    for (lab, [one, other, _]) in labs(0o777) {
        let token = dead_lock(&lab, Some(one));
        assert_eq!(result_of("look", &lab, Some(other)), format!("dead {token}"));
        let started = Instant::now();
        assert_eq!(result_of("try", &lab, Some(other)), format!("took over {token}"));
        // With the start of a process. It used to be for ever.
        assert!(started.elapsed() < Duration::from_secs(5), "on {}", lab.name());
        assert!(!lab.lock().exists(), "on {}", lab.name());
        expect_left_for_its_owner(&lab, one);
    }
}

/// At once, and though nobody contends. Others have no right to.
#[test]
fn what_was_taken_over_goes_with_the_next_acquisition_of_its_own_user_or_of_root() {
    for as_root in [true, false] {
        for (lab, [one, other, third]) in labs(0o777) {
            let token = dead_lock(&lab, Some(one));
            assert_eq!(result_of("try", &lab, Some(other)), format!("took over {token}"));
            assert_eq!(result_of("try", &lab, Some(third)), "took over nobody");
            assert_eq!(lab.preparations().len(), 1, "on {}", lab.name());
            let user = (!as_root).then_some(one);
            assert_eq!(result_of("try", &lab, user), "took over nobody");
            assert_eq!(lab.names(), [""; 0], "on {}: {user:?}", lab.name());
        }
    }
}

/// Whatever lets somebody else rename there: a group, an access list, owning the directory that
/// root has locked in.
#[test]
fn whoever_may_rename_in_the_directory_takes_over() {
    for (lab, [one, other, _]) in labs(0o2775) {
        // A group that both are in, by the number of one of them: children have no other groups.
        chown(lab.root(), Some(one), Some(other)).unwrap();
        let token = dead_lock(&lab, Some(one));
        assert_eq!(result_of("try", &lab, Some(other)), format!("took over {token}"));
        expect_left_for_its_owner(&lab, one);
    }
    for (lab, [one, other, _]) in labs(0o755) {
        chown(lab.root(), Some(one), Some(one)).unwrap();
        let list = format!("u:{other}:rwx");
        let set = Command::new("setfacl").args(["-m", &list]).arg(lab.root()).output();
        if !set.as_ref().is_ok_and(|set| set.status.success()) {
            testkit::skip(&format!("{}: no access lists here: {set:?}", lab.name()));
            continue;
        }
        let token = dead_lock(&lab, Some(one));
        assert_eq!(result_of("try", &lab, Some(other)), format!("took over {token}"));
        expect_left_for_its_owner(&lab, one);
    }
    for (lab, [one, ..]) in labs(0o755) {
        chown(lab.root(), Some(one), Some(one)).unwrap();
        let token = dead_lock(&lab, None);
        assert_eq!(result_of("try", &lab, Some(one)), format!("took over {token}"));
        let [left] = &lab.preparations()[..] else { panic!("{:?}", lab.names()) };
        assert_eq!(fs::metadata(left).unwrap().uid(), 0);
    }
}

#[test]
fn a_living_holder_of_another_user_is_never_replaced() {
    for (lab, [one, other, _]) in labs(0o777) {
        let mut holder = child("hold", &lab, Some(one));
        let token = holder.await_point("holding");
        holder.stop();
        let before = lab.snapshot();
        assert_eq!(result_of("look", &lab, Some(other)), format!("running {token}"));
        let result = result_of("try", &lab, Some(other));
        assert!(result.starts_with("held: ") && result.contains("still running"), "{result}");
        assert!(result.contains("(to be killed)"), "{result}");
        assert_eq!(result_of("break", &lab, Some(other)), "not to be opened");
        assert_eq!(lab.snapshot(), before, "on {}", lab.name());
        holder.kill();
        assert_eq!(result_of("break", &lab, Some(other)), "freed");
        assert!(!lab.lock().exists(), "on {}", lab.name());
        expect_left_for_its_owner(&lab, one);
    }
}

/// The name to which it would move the lock is taken by the dead one.
#[test]
fn a_handle_takes_over_and_goes_on_in_a_row() {
    for (lab, [one, other, _]) in labs(0o777) {
        dead_lock(&lab, Some(one));
        assert_eq!(result_of("rows", &lab, Some(other)), "");
        expect_left_for_its_owner(&lab, one);
    }
}

/// As `/tmp`: only the owner, or root, may rename or remove.
#[test]
fn in_a_sticky_directory_the_error_says_who_can_remove_it_and_how() {
    for (lab, [one, other, _]) in labs(0o1777) {
        let token = dead_lock(&lab, Some(one));
        let before = lab.snapshot();
        let result = result_of("try", &lab, Some(other));
        assert!(result.starts_with("dead: "), "on {}: {result}", lab.name());
        assert!(result.contains(&format!("only user {one}, or root")), "{result}");
        assert!(result.contains(&format!("`rm -r -- '{}'`", lab.lock().display())), "{result}");
        assert_eq!(lab.snapshot(), before, "on {}", lab.name());
        // As it says.
        assert_eq!(result_of("try", &lab, Some(one)), format!("took over {token}"));
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

/// Who died between two steps of a release, or of clearing.
#[test]
fn anothers_emptied_directory_is_removed_after_the_grace() {
    for (lab, [one, other, _]) in labs(0o777) {
        fs::create_dir(lab.lock()).unwrap();
        chown(lab.lock(), Some(one), Some(one)).unwrap();
        set_mode(&lab.lock(), 0o1711);
        let result = result_of("try", &lab, Some(other));
        assert!(result.starts_with("held: "), "on {}: {result}", lab.name());
        age(&lab.lock(), Duration::from_secs(3));
        assert_eq!(result_of("try", &lab, Some(other)), "took over nobody");
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

/// Right before the exchange it has the OS lock of the dead holder's record, and counts as the
/// holder. All wait for it, and nobody removes what it is about to exchange.
#[test]
fn a_process_that_is_stopped_before_the_exchange_is_waited_for_and_replaced_if_it_dies() {
    if !can_trace() {
        return;
    }
    for dies in [false, true] {
        for (lab, [one, other, third]) in labs(0o777) {
            let token = dead_lock(&lab, Some(one));
            // The first one is refused: the name is taken.
            let gate = Gate::before("renameat2").nth(2);
            let options = Acquisition { user: Some(other), ..PATIENT };
            let stopped = stopped_at(gate, &lab, options);
            for user in [Some(one), Some(third), None] {
                let result = result_of("try", &lab, user);
                assert!(result.starts_with("held: "), "{user:?} on {}: {result}", lab.name());
            }
            assert!(fs::read_to_string(lab.holder()).unwrap().contains(&token));
            if dies {
                stopped.kill();
                assert_eq!(result_of("try", &lab, Some(one)), format!("took over {token}"));
            } else {
                let mut child = stopped.open();
                while child.await_point("result") != "held" {}
                assert_eq!(child.await_point("takeover"), "yes");
                assert!(!fs::read_to_string(lab.holder()).unwrap().contains(&token));
                child.say("release");
                child.await_point("released");
            }
            assert!(!lab.lock().exists(), "on {}", lab.name());
        }
    }
}

/// Stopped after it judged, and before it asks for the exclusive OS lock: another one is quicker.
#[test]
fn a_process_that_judged_before_another_took_over_takes_nothing_from_that_one() {
    if !can_trace() {
        return;
    }
    for (lab, [one, other, third]) in labs(0o777) {
        dead_lock(&lab, Some(one));
        // Its own two, the shared one of its judgement, then the exclusive one.
        let gate = Gate::before("flock").nth(4);
        let options = Acquisition { user: Some(other), ..BRIEF };
        let stopped = stopped_at(gate, &lab, options);
        // It still has the shared one. The dead holder's own user can take the lock all the same.
        let mut holder = child("hold", &lab, Some(one));
        let token = holder.await_point("holding");
        let changed = ctime(&lab);
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(ctime(&lab), changed, "the living lock was moved on {}", lab.name());
        assert!(fs::read_to_string(lab.holder()).unwrap().contains(&token));
        let result = result_of("try", &lab, Some(third));
        assert!(result.starts_with("held: "), "on {}: {result}", lab.name());
        holder.kill();
        assert_eq!(result_of("try", &lab, Some(third)), format!("took over {token}"));
    }
}

/// When the lock's directory was last renamed, or changed otherwise.
fn ctime(lab: &Lab) -> (i64, i64) {
    let found = fs::symlink_metadata(lab.lock()).unwrap();
    (found.ctime(), found.ctime_nsec())
}

/// By a person, say, who asks for no record: right before the exchange. What comes out is another
/// one's, and is put back.
#[test]
fn a_living_lock_that_comes_out_of_an_exchange_is_put_back() {
    if !can_trace() {
        return;
    }
    for (lab, [one, other, third]) in labs(0o777) {
        dead_lock(&lab, Some(one));
        let gate = Gate::before("renameat2").nth(2);
        let stopped = stopped_at(gate, &lab, Acquisition { user: Some(other), ..BRIEF });
        fs::remove_dir_all(lab.lock()).unwrap();
        let mut holder = child("hold", &lab, Some(third));
        let token = holder.await_point("holding");
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert!(fs::read_to_string(lab.holder()).unwrap().contains(&token));
        let result = result_of("try", &lab, Some(one));
        assert!(result.starts_with("held: "), "on {}: {result}", lab.name());
        holder.kill();
    }
}

/// By a person, say, and then a foreign claimant made the lock's directory and has not written its
/// record yet. Nothing of the dead lock is in what comes out, as if its owner had swept it.
#[test]
fn a_foreign_claim_in_the_making_that_comes_out_of_an_exchange_is_put_back() {
    if !can_trace() {
        return;
    }
    for (lab, [one, other, _]) in labs(0o777) {
        dead_lock(&lab, Some(one));
        let gate = Gate::before("renameat2").nth(2);
        let stopped = stopped_at(gate, &lab, Acquisition { user: Some(other), ..BRIEF });
        fs::remove_dir_all(lab.lock()).unwrap();
        fs::create_dir(lab.lock()).unwrap();
        let made = fs::metadata(lab.lock()).unwrap().ino();
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(fs::metadata(lab.lock()).unwrap().ino(), made, "on {}", lab.name());
        assert!(lab.preparations().is_empty(), "on {}: {:?}", lab.name(), lab.names());
    }
}
