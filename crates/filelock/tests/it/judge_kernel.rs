//! Judging, by the kernel's word: records with a `flock` line.

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use filelock::testing::{Environment, Way};
use filelock::{Liveness, LockOptions};
use rustix::fs::{FlockOperation, flock};
use testkit::wait_until;

use crate::support::{
    KERNEL, Lab, NOBODY, SECOND, WATCHDOG, ahead, brief, expect_alive, expect_gone,
    expect_replaced, now, record,
};

/// Options of a process on the kernel that the records here name.
fn here() -> LockOptions {
    brief()
        .environment(Environment { kernel_id: Some(KERNEL.to_owned()), ..Environment::default() })
}

/// A lock whose holder is dead: the record says that an OS lock is held, and none is.
fn dead(stamp: i64, kernel: &str) -> Vec<u8> {
    record(stamp, &format!("token\nflock {kernel}\n"))
}

#[test]
fn a_dead_holder_is_replaced_at_once() {
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead(now(), KERNEL)));
        let guard = expect_replaced(&here(), lab.target());
        let previous = guard.takeover().expect("because it was replaced");
        assert_eq!(previous.pid(), Some(NOBODY));
        assert_eq!(previous.token(), Some("token"));
        assert_eq!(*previous.liveness(), Liveness::Dead, "on {}", lab.name());
    }
}

/// The time in the record means nothing if the kernel has spoken.
#[test]
fn a_dead_holder_is_dead_whatever_its_clock_said() {
    for stamp in [0, 1, now() + 3600 * SECOND, i64::MAX] {
        let lab = Lab::new();
        lab.occupy(Some(&dead(stamp, KERNEL)));
        expect_gone(&here(), lab.target());
    }
}

#[test]
fn lines_after_the_fourth_change_nothing() {
    let lab = Lab::new();
    let mut bytes = dead(now(), KERNEL);
    bytes.extend_from_slice(b"a fifth line\n\xff\x00\n");
    lab.occupy(Some(&bytes));
    expect_gone(&here(), lab.target());
}

#[test]
fn a_live_holder_is_never_replaced_however_old() {
    for lab in Lab::everywhere() {
        let guard = filelock::acquire(lab.target()).unwrap();
        for seconds in [31, 3600, 10 * 365 * 24 * 3600] {
            let holder = expect_alive(&brief().environment(ahead(seconds)), lab.target());
            assert_eq!(*holder.liveness(), Liveness::Running);
            assert_eq!(holder.pid(), Some(std::process::id()));
            assert!(holder.age().unwrap() >= Duration::from_secs(30), "{:?}", holder.age());
        }
        guard.verify().unwrap();
        guard.release().unwrap();
    }
}

#[test]
fn a_live_holder_is_never_replaced_because_its_directory_is_old() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    crate::support::age(&lab.lock(), Duration::from_secs(3600));
    crate::support::age(&lab.holder(), Duration::from_secs(3600));
    let options = brief().ttl(Duration::from_millis(1)).grace(Duration::ZERO);
    assert_eq!(*expect_alive(&options, lab.target()).liveness(), Liveness::Running);
    guard.verify().unwrap();
}

/// A container can be told a made-up boot id: the OS lock outranks it.
#[test]
fn a_live_holder_that_names_another_kernel_is_alive_however_old() {
    let lab = Lab::new();
    let guard = here().acquire(lab.target()).unwrap();
    for seconds in [0, 3600] {
        let holder = expect_alive(&brief().environment(ahead(seconds)), lab.target());
        assert_eq!(*holder.liveness(), Liveness::Running);
    }
    guard.verify().unwrap();
}

/// Another kernel's holder may live although we are granted the OS lock: on a disk that two
/// machines share, say. Only time can tell.
#[test]
fn a_holder_on_another_kernel_goes_by_time() {
    for (seconds, replaced) in [(0, false), (20, false), (31, true), (3600, true)] {
        let lab = Lab::new();
        lab.occupy(Some(&dead(now() - seconds * SECOND, "another-kernel")));
        if replaced {
            let guard = expect_replaced(&here(), lab.target());
            assert_eq!(*guard.takeover().unwrap().liveness(), Liveness::Expired);
        } else {
            let holder = expect_alive(&here(), lab.target());
            assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{holder:?}");
        }
    }
}

#[test]
fn a_kernel_without_a_name_is_nobodys() {
    let nameless = brief()
        .environment(Environment { kernel_id: Some(String::new()), ..Environment::default() });
    for written in ["-", ""] {
        let lab = Lab::new();
        lab.occupy(Some(&dead(now(), written)));
        let holder = expect_alive(&nameless, lab.target());
        assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{written:?}: {holder:?}");
    }
    // And such a process says so in its own record, and is protected while it lives.
    let lab = Lab::new();
    let _guard = nameless.acquire(lab.target()).unwrap();
    assert!(std::fs::read_to_string(lab.holder()).unwrap().contains("\nflock -\n"));
    let later = Environment { kernel_id: Some(String::new()), ..ahead(3600) };
    let holder = expect_alive(&brief().environment(later), lab.target());
    assert_eq!(*holder.liveness(), Liveness::Running);
}

/// Cut short, the name could be another kernel's, and the line is not there yet.
#[test]
fn a_fourth_line_without_its_end_is_not_believed() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), &format!("token\nflock {KERNEL}"))));
    assert!(matches!(expect_alive(&here(), lab.target()).liveness(), Liveness::Expires { .. }));
}

/// A fourth line of some later version means something that we do not know.
#[test]
fn another_fourth_line_goes_by_time() {
    for line in
        [format!("lease {KERNEL}\n"), format!("FLOCK {KERNEL}\n"), format!("flock{KERNEL}\n")]
    {
        let lab = Lab::new();
        lab.occupy(Some(&record(now(), &format!("token\n{line}"))));
        assert!(matches!(expect_alive(&here(), lab.target()).liveness(), Liveness::Expires { .. }));
    }
}

#[test]
fn where_os_locks_mean_nothing_the_fourth_line_does_not_either() {
    let time_based = |offset| Environment {
        way: Some(Way::ByTime),
        kernel_id: Some(KERNEL.to_owned()),
        clock_offset: offset * SECOND,
        ..Environment::default()
    };
    let lab = Lab::new();
    lab.occupy(Some(&dead(now(), KERNEL)));
    expect_alive(&brief().environment(time_based(0)), lab.target());
    expect_gone(&brief().environment(time_based(31)), lab.target());
}

/// Otherwise whoever looks would look like a holder to the next one who looks. An exclusive lock is
/// refused by any other, a shared one too.
#[test]
fn whoever_waits_keeps_no_os_lock_on_what_it_judged() {
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead(now(), "another-kernel")));
        let (lock, probed) = (lab.lock(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&probed);
        let options = here().on_wait(move |_, _| {
            // Called between the look and the sleep, by the thread that looked: what it keeps, it
            // keeps all through this call. What a child has that another test was forking just then
            // ends with its exec.
            let directory = File::open(&lock).unwrap();
            wait_until(Duration::from_secs(2), || {
                flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok()
            });
            count.fetch_add(1, Ordering::SeqCst);
            ControlFlow::Continue(())
        });
        // On a busy machine the time of a call can be over before it waits.
        wait_until(WATCHDOG, || {
            expect_alive(&options, lab.target());
            probed.load(Ordering::SeqCst) > 0
        });
    }
}

/// A look can last: whoever is stopped in the middle of one, or forks then, keeps the OS lock by
/// which it asked.
#[test]
fn a_dead_holder_at_which_somebody_else_is_looking_is_replaced_all_the_same() {
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead(now(), KERNEL)));
        let directory = File::open(lab.lock()).unwrap();
        flock(&directory, FlockOperation::NonBlockingLockShared).unwrap();
        expect_gone(&here(), lab.target());
    }
}

/// The record that a holder of ours leaves when it dies on the kernel `boot`, with its directory.
fn leave_dead(lab: &Lab, boot: &str) -> String {
    let guard = on(boot).acquire(lab.target()).unwrap();
    let record = std::fs::read_to_string(lab.holder()).unwrap();
    guard.release().unwrap();
    put_dead(lab, &record);
    record
}

fn put_dead(lab: &Lab, record: &str) {
    lab.occupy(Some(record.as_bytes()));
    lab.mark_published();
}

fn on(boot: &str) -> LockOptions {
    brief().environment(Environment { kernel_id: Some(boot.into()), ..Environment::default() })
}

/// Its record says on which machine it was: nobody survives a reboot.
#[test]
fn a_holder_of_an_earlier_boot_of_this_machine_is_replaced_at_once() {
    for lab in Lab::everywhere() {
        let record = leave_dead(&lab, "boot-1");
        if !record.contains("\nmachine ") {
            return testkit::skip("no file names this machine: systemd-machine-id-setup");
        }
        // However far the clock has gone back.
        let earlier = Environment { kernel_id: Some("boot-2".into()), ..ahead(-3600) };
        let guard = expect_replaced(&brief().environment(earlier), lab.target());
        assert_eq!(*guard.takeover().unwrap().liveness(), Liveness::Dead, "on {}", lab.name());
    }
}

#[cfg(target_os = "linux")] // Elsewhere one kernel mounts such a volume, whatever machine it is.
#[test]
fn a_holder_of_another_machine_goes_by_time() {
    let lab = Lab::new();
    let record = leave_dead(&lab, "boot-1");
    std::fs::remove_dir_all(lab.lock()).unwrap();
    let lines = record.lines().map(|line| match line.split_once(' ') {
        Some(("machine", _)) => "machine 0000000000000000",
        _ => line,
    });
    put_dead(&lab, &(lines.collect::<Vec<_>>().join("\n") + "\n"));
    let holder = expect_alive(&on("boot-2"), lab.target());
    assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{holder:?}");
}

/// A sandbox on macOS hides the name of the boot, and not the number of `/dev`: from the holder,
/// from the judge, or from both.
#[test]
fn a_holder_of_this_boot_is_told_by_a_second_witness() {
    let witness = |name: &str, device| {
        brief().environment(Environment {
            kernel_id: Some(name.into()),
            boot_device: Some(device),
            ..Environment::default()
        })
    };
    for (holder, judge) in [("", "boot-1"), ("boot-1", ""), ("", "")] {
        let lab = Lab::new();
        let guard = witness(holder, 7).acquire(lab.target()).unwrap();
        let record = std::fs::read_to_string(lab.holder()).unwrap();
        guard.release().unwrap();
        assert!(record.contains("\ndev 0000000000000007\n"), "{record}");
        // Without what would tell that it was on this machine.
        let kept = |line: &&str| !line.starts_with("machine ") && !line.starts_with("dir ");
        let record = record.lines().filter(kept).collect::<Vec<_>>().join("\n") + "\n";
        put_dead(&lab, &record);
        let other = expect_alive(&witness(judge, 8), lab.target());
        assert!(matches!(other.liveness(), Liveness::Expires { .. }), "{other:?}");
        expect_gone(&witness(judge, 7), lab.target());
    }
}

/// A holder lives whatever the record says, if its OS lock is held.
#[test]
fn a_holder_that_runs_is_alive_whatever_boot_its_record_names() {
    let lab = Lab::new();
    let _guard = on("boot-1").acquire(lab.target()).unwrap();
    assert_eq!(*expect_alive(&on("boot-2"), lab.target()).liveness(), Liveness::Running);
}

/// A copy of a directory with a held lock in it, or the same directory through another mount. The
/// OS lock that is free there was never the holder's.
#[test]
fn a_record_of_another_directory_goes_by_time() {
    let lab = Lab::new();
    let record = leave_dead(&lab, "boot-1");
    let dir = record.lines().find_map(|line| line.strip_prefix("dir ")).unwrap();
    let (device, inode) = dir.split_once(':').unwrap();
    let another = "00000000deadbeef";
    for (wrong, boot) in [
        (format!("{device}:{another}"), "boot-1"),
        (format!("{device}:{another}"), "boot-2"),
        (format!("{another}:{inode}"), "boot-1"),
    ] {
        std::fs::remove_dir_all(lab.lock()).unwrap();
        put_dead(&lab, &record.replace(dir, &wrong));
        let holder = expect_alive(&on(boot), lab.target());
        assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{wrong}: {holder:?}");
    }
    // Devices are numbered anew at a reboot: that is no other directory.
    if record.contains("\nmachine ") {
        std::fs::remove_dir_all(lab.lock()).unwrap();
        put_dead(&lab, &record.replace(dir, &format!("{another}:{inode}")));
        expect_gone(&on("boot-2"), lab.target());
    }
}
