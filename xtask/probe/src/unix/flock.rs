//! M1: what `flock` does on a directory, and whether a mode can be set.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode};

use crate::Outcome;
use crate::fact::{Report, outcome};
use crate::peer::{Peer, say, until_told};

const REFUSED: &str = "refused";

pub(crate) fn volume(place: &Path, report: &mut Report) {
    report.note("M1", "file system", file_system(place));
    let directory = place.join("flock");
    let measured = std::fs::create_dir(&directory)
        .map_err(Into::into)
        .and_then(|()| locks(&directory, report));
    if let Err(error) = measured {
        report.expect("M1", "flock on a directory", "works", &error.to_string());
    }
}

fn locks(directory: &Path, report: &mut Report) -> Outcome {
    let ours = File::open(directory)?;
    let mut holder = Peer::start("flock", directory, &["exclusive"])?;
    report.expect("M1", "exclusive flock on a directory", "ok", &holder.line()?);
    let refused = try_flock(&ours, FlockOperation::NonBlockingLockShared);
    report.expect("M1", "… a second process asks for a shared one", REFUSED, &refused);

    holder.kill()?;
    let killed = Instant::now();
    let mut dropped = None;
    while killed.elapsed() < Duration::from_secs(2) && dropped.is_none() {
        if try_flock(&ours, FlockOperation::NonBlockingLockShared) == "ok" {
            dropped = Some(killed.elapsed());
        }
    }
    let fact = "… dropped once its SIGKILLed holder has been waited for";
    report.expect_within("M1", fact, Duration::from_millis(10), dropped);

    let mut other = Peer::start("flock", directory, &["shared"])?;
    report.expect("M1", "two processes share a shared one", "ok", &other.line()?);
    let refused = try_flock(&ours, FlockOperation::NonBlockingLockExclusive);
    report.expect("M1", "… and refuse an exclusive one", REFUSED, &refused);

    let mode = rustix::fs::fchmod(&ours, Mode::from_raw_mode(0o1711))
        .map_err(std::io::Error::from)
        .and_then(|()| Ok(rustix::fs::fstat(&ours)?.st_mode & 0o7777));
    match mode {
        Ok(mode) => {
            report.note("M1", "mode 01711 of a directory reads back as", format!("{mode:05o}"));
        }
        Err(error) => report.note("M1", "mode 01711 of a directory", outcome::<()>(Err(error))),
    }
    Ok(())
}

fn try_flock(file: &File, operation: FlockOperation) -> String {
    match rustix::fs::flock(file, operation) {
        Err(rustix::io::Errno::WOULDBLOCK) => REFUSED.to_owned(),
        other => outcome(other.map_err(Into::into)),
    }
}

/// Takes the lock, and keeps it until the parent ends it.
pub(crate) fn peer(path: &Path, more: &[String]) -> Outcome {
    let file = File::open(path)?;
    let exclusive = more.first().is_some_and(|kind| kind == "exclusive");
    let operation = if exclusive {
        FlockOperation::NonBlockingLockExclusive
    } else {
        FlockOperation::NonBlockingLockShared
    };
    say(&try_flock(&file, operation));
    until_told();
    Ok(())
}

/// What `statfs` calls it: a name on macOS and FreeBSD, a number on Linux.
fn file_system(place: &Path) -> String {
    let stat = match rustix::fs::statfs(place) {
        Ok(stat) => stat,
        Err(error) => return error.to_string(),
    };
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    {
        let bytes = stat.f_fstypename.iter().map(|byte| byte.to_ne_bytes()[0]);
        let name: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&name).into_owned()
    }
    #[cfg(not(any(target_vendor = "apple", target_os = "freebsd")))]
    format!("{:#x}", stat.f_type)
}
