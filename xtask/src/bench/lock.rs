//! Acquiring and releasing, nobody else around.

use crate::outcome::Outcome;
use std::path::Path;
use std::time::Duration;

use rustix::fs::Mode;
use testkit::bare;

use super::foreign::{self, ABSENT, Foreign, Role};
use super::page::{Page, Table, micros, ratio};
use super::plot;
use super::rounds::{Effort, Timing, Variant, measure, own_directory};
use super::summary::Free;
use testkit::Place;

const BARE: &str = "our system calls, bare";
const OURS: &str = "filelock";
const REUSED: &str = "filelock, one handle reused";
const GIX: &str = "gix-lock";

const EFFORT: Effort = Effort { rounds: 15, time: Duration::from_secs(2), repeat: 200 };

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Acquire and release, uncontended",
        "One process; nobody else is around. The ratio is to the same system calls that \
         `filelock` makes, made bare. The others are no substitutes. They show what the \
         guarantees cost. `gix-lock` leaves a file that somebody must remove if its holder is \
         killed. `fd-lock` is an OS lock alone, as std's `File::lock` is: no record of the \
         holder, no peers of another kind. A bare `mkdir` says nothing about its holder and is \
         left behind.",
    );
    page.prose(&format!(
        "The locks of other languages run in a process of their runtime that is up before, and \
         are timed in there, in the same turns. {}Python's `FileLock` is an OS lock, one object \
         reused. `SoftFileLock` is a file and `proper-lockfile` a directory, which a killed holder \
         leaves behind.",
        foreign::described()
    ));
    let mut groups = Vec::new();
    for place in places {
        let mut variants = variants(place.path())?;
        let absent = foreign::add(Role::Passes, place.path(), &mut variants)?;
        let timings = measure(EFFORT, 0, variants)?;
        page.table(&table(place, "per operation", &timings, &absent));
        if place.name() == places[0].name() {
            facts(page, &timings);
        }
        let bars = timings.into_iter().map(|t| (t.name, t.seconds * 1e6)).collect();
        groups.push((place.name(), bars));
    }
    page.section(
        "A try that fails",
        "The lock is held by another handle; each try looks, and gives up at once.",
    );
    for place in places {
        let directory = own_directory(place.path(), "lock-held")?;
        let mut variants = tries(&directory)?;
        let absent = foreign::add(Role::Tries, place.path(), &mut variants)?;
        let timings = measure(EFFORT, 0, variants)?;
        page.table(&table(place, "per try", &timings, &absent));
    }
    page.plot("lock", "Acquire and release, uncontended, µs", &plot::bars(&groups));
    Ok(())
}

fn table(place: &Place, per: &str, timings: &[Timing], absent: &[Foreign]) -> Table {
    let mut table = Table::new(&[place.name(), per, "ratio"]);
    for timing in timings {
        table.row([timing.name.into(), micros(timing.seconds), ratio(timing.ratio)]);
    }
    for foreign in absent {
        table.row([foreign.name().into(), ABSENT.into(), String::new()]);
    }
    table
}

/// What the page says at its head.
fn facts(page: &mut Page, timings: &[Timing]) {
    let find = |name| timings.iter().find(|timing| timing.name == name);
    page.facts.lock = (|| {
        let [ours, reused, gix] = [find(OURS)?, find(REUSED)?, find(GIX)?];
        Some(Free { ours: ours.seconds, reused: reused.seconds, gix: gix.seconds })
    })();
}

fn variants(place: &Path) -> Outcome<Vec<Variant<'static>>> {
    let bare = own_directory(place, "lock-bare")?;
    let mkdir = own_directory(place, "lock-mkdir")?.join("counter.lock");
    let ours = own_directory(place, "lock-ours")?.join("counter");
    let lock = filelock::Lock::new(own_directory(place, "lock-reused")?.join("counter"))?;
    let mut variants = vec![
        Variant::new(BARE, move || {
            let held = bare::lock::acquire(&bare)?;
            Ok(bare::lock::release(&bare, held)?)
        }),
        Variant::new(OURS, move || Ok(filelock::acquire(&ours)?.release()?)),
        Variant::new(REUSED, move || Ok(lock.acquire()?.release()?)),
        Variant::new("mkdir and rmdir alone", move || {
            rustix::fs::mkdir(&mkdir, Mode::from_raw_mode(0o700))?;
            Ok(rustix::fs::rmdir(&mkdir)?)
        }),
    ];
    add_peers(place, &mut variants)?;
    Ok(variants)
}

/// Tries for locks that are held.
fn tries(directory: &Path) -> Outcome<Vec<Variant<'static>>> {
    let path = directory.join("counter");
    let held = filelock::acquire(&path)?.unbind();
    let lock = filelock::Lock::new(&path)?;
    let mut variants = vec![
        Variant::new(OURS, move || {
            let _ = &held;
            refused(filelock::try_acquire(&path)?.acquired().is_none())
        }),
        Variant::new(REUSED, move || refused(lock.try_acquire()?.acquired().is_none())),
    ];
    add_peers_tries(directory, &mut variants)?;
    Ok(variants)
}

fn refused(is_refused: bool) -> Outcome {
    if is_refused { Ok(()) } else { Err("a lock that is held was granted".into()) }
}

#[cfg(feature = "peers")]
#[allow(clippy::incompatible_msrv, reason = "measuring beside std takes a recent std")]
fn add_peers(place: &Path, variants: &mut Vec<Variant<'static>>) -> Outcome {
    let gix = own_directory(place, "lock-gix")?.join("counter");
    let fd = own_directory(place, "lock-fd")?.join("counter");
    variants.push(Variant::new(GIX, move || {
        let fail = gix_lock::acquire::Fail::Immediately;
        drop(gix_lock::Marker::acquire_to_hold_resource(&gix, fail, None, 0)?);
        Ok(())
    }));
    let of_std = own_directory(place, "lock-std")?.join("counter");
    let open = std::fs::File::create(own_directory(place, "lock-std-open")?.join("counter"))?;
    variants.push(Variant::new("std's File::lock, with opening its file", move || {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&of_std)?;
        file.lock()?;
        Ok(file.unlock()?)
    }));
    variants.push(Variant::new("std's File::lock, file kept open", move || {
        open.lock()?;
        Ok(open.unlock()?)
    }));
    variants.push(Variant::new("fd-lock, with opening its file", move || {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&fd)?;
        let mut lock = fd_lock::RwLock::new(file);
        drop(lock.write()?);
        Ok(())
    }));
    Ok(())
}

#[cfg(feature = "peers")]
#[allow(clippy::incompatible_msrv, reason = "measuring beside std takes a recent std")]
fn add_peers_tries(directory: &Path, variants: &mut Vec<Variant<'static>>) -> Outcome {
    let gix = directory.join("gix");
    let immediately = gix_lock::acquire::Fail::Immediately;
    let held = gix_lock::Marker::acquire_to_hold_resource(&gix, immediately, None, 0)?;
    variants.push(Variant::new(GIX, move || {
        let _ = &held;
        let immediately = gix_lock::acquire::Fail::Immediately;
        let got = gix_lock::Marker::acquire_to_hold_resource(&gix, immediately, None, 0);
        refused(got.is_err())
    }));
    let std_path = directory.join("std");
    let held = std::fs::File::create(&std_path)?;
    held.lock()?;
    variants.push(Variant::new("std's File::try_lock, with opening its file", move || {
        let _ = &held;
        refused(std::fs::File::open(&std_path)?.try_lock().is_err())
    }));
    Ok(())
}

#[cfg(not(feature = "peers"))]
#[allow(clippy::unnecessary_wraps, reason = "as the other one")]
fn add_peers(_: &Path, _: &mut Vec<Variant<'static>>) -> Outcome {
    Ok(())
}

#[cfg(not(feature = "peers"))]
#[allow(clippy::unnecessary_wraps, reason = "as the other one")]
fn add_peers_tries(_: &Path, _: &mut Vec<Variant<'static>>) -> Outcome {
    Ok(())
}
