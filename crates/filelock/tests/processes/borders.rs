//! Places that refuse what a lock needs: to change modes, or room.

use std::fs;
use std::path::Path;
use std::process::Command;

use filelock::{AcquireError, Liveness, LockOptions, try_acquire};
use testkit::{ChildTest, disk_of_few_inodes, fill_but, names, skip, small_disk};

use crate::gate::can_trace;
use crate::support::{Lab, WATCHDOG, age};

#[test]
fn child_holds() {
    let Some(mut parent) = testkit::parent() else { return };
    match try_acquire(parent.path("TARGET")) {
        Ok(guard) => {
            parent.at("result", "held");
            parent.await_word("release");
            guard.acquired().unwrap().release().unwrap();
        }
        Err(error) => parent.at("result", &error.to_string()),
    }
}

#[test]
fn where_modes_cannot_be_changed_the_claim_is_made_in_place() {
    if !can_trace() {
        return;
    }
    for error in ["EPERM", "EOPNOTSUPP"] {
        for umask in ["022", "077"] {
            let lab = Lab::new();
            let umask = format!("umask {umask}; exec \"$@\"");
            let inject = format!("inject=fchmod:error={error}");
            let shell = ["sh", "-c", &umask, "sh"].map(str::to_owned).into_iter();
            let wrapper = shell.chain(testkit::strace(&["-e", &inject]).unwrap());
            let child = ChildTest::new(module_path!(), "child_holds").through(wrapper);
            let mut child = child.var("TARGET", lab.target()).spawn();
            let result = child.await_point("result");
            if umask.contains("077") {
                // Others could not see who holds the lock.
                assert!(result.contains("failed to write the record"), "{result}");
            } else {
                assert_eq!(result, "held", "{error}");
                assert_eq!(lab.names(), ["events.ndjson.lock"], "{error}: a preparation is left");
                assert!(try_acquire(lab.target()).unwrap().acquired().is_none());
                child.say("release");
            }
            child.succeed();
            assert_eq!(lab.names(), [""; 0], "{error}");
        }
    }
}

/// Gone when it is dropped.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[test]
fn a_file_system_that_refuses_to_change_modes_can_be_locked_on() {
    for more in [&["--perms=a+rwX"][..], &[]] {
        let (under, over) = (Lab::new(), Lab::new());
        let mount = Command::new("bindfs")
            .arg("--chmod-deny")
            .args(more)
            .args([under.root(), over.root()])
            .output();
        match mount {
            Ok(output) if output.status.success() => {}
            Ok(output) => return skip(String::from_utf8_lossy(&output.stderr).trim()),
            Err(error) => return skip(&format!("bindfs: {error}")),
        }
        let mounted = Mounted(over.root());
        let guard = LockOptions::new().acquire(over.target()).unwrap();
        assert!(try_acquire(over.target()).unwrap().acquired().is_none());
        guard.renew().unwrap();
        guard.release().unwrap();
        // FUSE closes a file in its own time. One that is removed before stays until then, under a
        // hidden name, and keeps its directory. The next claimant removes that.
        testkit::wait_until(WATCHDOG, || {
            let left = over.names();
            if !left.is_empty() {
                assert_eq!(left, ["events.ndjson.lock"], "a preparation is left");
                // Without a mode that tells whose it is, it counts for the TTL.
                age(&over.lock(), WATCHDOG * 2);
                LockOptions::new().acquire(over.target()).unwrap().release().unwrap();
            }
            left.is_empty()
        });
        drop(mounted);
    }
}

#[test]
fn child_locks_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let filled = parent.var("FILL") == "pages";
    if filled {
        fill_but(&directory, 0);
    }
    let before = names(&directory);
    let error = try_acquire(directory.join("log")).unwrap_err();
    let AcquireError::NoRoom { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert_eq!(names(&directory), before);
    // As it says, room is all that it takes.
    if filled {
        fs::remove_file(directory.join("filler")).unwrap();
        try_acquire(directory.join("log")).unwrap().acquired().unwrap().release().unwrap();
    }
}

#[test]
fn a_full_disk_is_a_limit_with_a_name_and_nothing_is_left() {
    // No room for the directory, and for the directory only.
    let lab = Lab::new();
    let inodes = |free| disk_of_few_inodes(lab.root(), free);
    for (fill, disk) in [("pages", small_disk(lab.root())), ("", inodes(0)), ("", inodes(1))] {
        match disk {
            Ok(disk) => {
                let child =
                    ChildTest::new(module_path!(), "child_locks_without_room").through(disk);
                child.var("DIRECTORY", lab.root()).var("FILL", fill).spawn().succeed();
            }
            Err(why) => return skip(&why),
        }
        assert_eq!(lab.names(), [""; 0], "it was not the small disk that was locked on");
    }
}

/// The OS locks of an overlay are not those of its layers: what is free there is no proof of death.
#[test]
fn a_holder_in_the_upper_directory_of_an_overlay_is_not_taken_for_dead_through_the_overlay() {
    let (lab, over) = (Lab::new(), Lab::new());
    for part in ["lower", "upper", "work"] {
        fs::create_dir(lab.join(part)).unwrap();
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lab.join("lower").display(),
        lab.join("upper").display(),
        lab.join("work").display()
    );
    let mount = Command::new("mount")
        .args(["-t", "overlay", "overlay", "-o", &options])
        .arg(over.root())
        .output()
        .unwrap();
    if !mount.status.success() {
        return skip(String::from_utf8_lossy(&mount.stderr).trim());
    }
    let _mounted = Mounted(over.root());
    let target = lab.join("upper").join("log");
    let guard = filelock::acquire(&target).unwrap();
    let seen = filelock::inspect(over.join("log")).unwrap().unwrap();
    let liveness = seen.holder().liveness();
    assert!(!matches!(liveness, Liveness::Dead), "{liveness:?}");
    assert!(try_acquire(over.join("log")).unwrap().acquired().is_none());
    guard.verify().unwrap();
}
