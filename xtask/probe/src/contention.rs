//! M12, W3: processes that increment one number under the lock. The counts must hold.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::fact::Report;
use crate::peer::Peer;

/// How many increments all processes make together.
const INCREMENTS: u32 = 640;

const NAME: &str = if cfg!(windows) { "W3" } else { "M12" };

/// The last one can take longer than the probe may: many waiters keep a name taken under Wine.
pub(crate) fn volume(place: &Path, report: &mut Report) {
    killed_holder(place, report);
    for processes in [2, 8, 32] {
        let fact = format!("{processes} processes increment a number under the lock");
        match contend(place, processes) {
            Ok((counted, longest, errors)) => {
                report.expect(NAME, &fact, &INCREMENTS.to_string(), &counted.to_string());
                report.expect(NAME, "… errors that reached a caller", "none", &errors);
                report.note(NAME, "… longest wait", format!("{longest:.1?}"));
            }
            Err(error) => report.expect(NAME, &fact, &INCREMENTS.to_string(), &error.to_string()),
        }
    }
}

fn contend(place: &Path, processes: u32) -> Outcome<(u32, Duration, String)> {
    let number = place.join(format!("number-{processes}"));
    std::fs::write(&number, "0")?;
    let each = (INCREMENTS / processes).to_string();
    let mut peers = Vec::new();
    for _ in 0..processes {
        peers.push(Peer::start("increment", &number, &[&each])?);
    }
    let mut longest = 0;
    let mut errors = Vec::new();
    for peer in &mut peers {
        let said = peer.rest()?;
        match said.parse::<u64>() {
            Ok(microseconds) => longest = longest.max(microseconds),
            Err(_) => errors.push(said),
        }
    }
    let errors = match errors.first() {
        None => "none".to_owned(),
        Some(first) => format!("{} of {processes} processes; the first: {first}", errors.len()),
    };
    Ok((std::fs::read_to_string(&number)?.parse()?, Duration::from_micros(longest), errors))
}

/// The order of a second process. It prints its longest wait in microseconds.
pub(crate) fn increment(path: &Path, more: &[String]) -> Outcome {
    let times: u32 = more.first().ok_or("how often?")?.parse()?;
    let options = filelock::LockOptions::new().timeout(Duration::from_secs(120));
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        let started = Instant::now();
        let guard = match options.acquire(path) {
            Ok(guard) => guard,
            Err(error) => {
                println!("{error}");
                return Ok(());
            }
        };
        longest = longest.max(started.elapsed());
        let number: u32 = std::fs::read_to_string(path)?.parse()?;
        std::fs::write(path, (number + 1).to_string())?;
        guard.release()?;
    }
    println!("{}", longest.as_micros());
    Ok(())
}

/// How long after its holder was killed a lock is free.
fn killed_holder(place: &Path, report: &mut Report) {
    let name = if cfg!(windows) { "W7" } else { "M1" };
    let fact = "a killed holder is replaced by the next one";
    let measured = || -> Outcome<(Duration, bool)> {
        let path = place.join("killed");
        let mut holder = Peer::start("hold", &path, &[])?;
        let backed = holder.line()? == "held, kernel";
        holder.kill()?;
        let killed = Instant::now();
        let patient = filelock::LockOptions::new().timeout(Duration::from_secs(45));
        patient.acquire(&path)?.release()?;
        Ok((killed.elapsed(), backed))
    };
    match measured() {
        Ok((took, true)) => {
            report.expect_within(name, fact, Duration::from_secs(1), Some(took));
        }
        Ok((took, false)) => {
            report.note(
                name,
                "a killed holder, judged by the clock, is replaced after",
                format!("{took:.1?}"),
            );
        }
        Err(error) => report.expect(name, fact, "replaced", &error.to_string()),
    }
}
