//! A process of an older build of this crate: what `xtask/src/interop/worker.rs` is for ours. Takes
//! the arguments of `xtask/peers/peer.py`, and prints what that prints.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use filelock::{AcquireError, Environment, LockOptions};

const RUST: u64 = 1;
const PEER: u64 = 2;
/// As between two increments of the others.
const PAUSE: Duration = Duration::from_micros(200);

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(2).peekable();
    let mut options = LockOptions::new();
    let mut number = |arguments: &mut dyn Iterator<Item = String>| -> Result<Duration, std::num::ParseFloatError> {
        Ok(Duration::from_secs_f64(arguments.next().unwrap_or_default().parse()?))
    };
    loop {
        options = match arguments.next().as_deref() {
            Some("--ttl") => options.ttl(number(&mut arguments)?),
            Some("--grace") => options.grace(number(&mut arguments)?),
            Some("--timeout") => options.timeout(number(&mut arguments)?),
            Some("work") => {
                let rest: Vec<String> = arguments.collect();
                return work(&options, &rest[0], Path::new(&rest[1]), rest[2].parse()?);
            }
            Some("hold") => {
                let rest: Vec<String> = arguments.collect();
                return hold(options, &rest[2], rest[1].parse()?);
            }
            other => return Err(format!("{other:?} is no argument").into()),
        };
    }
}

fn work(options: &LockOptions, target: &str, directory: &Path, increments: u32) -> Outcome {
    let numbers = OpenOptions::new().read(true).write(true).open(directory.join("numbers"))?;
    let get = |index: u64| -> std::io::Result<u64> {
        let mut bytes = [0; 8];
        numbers.read_exact_at(&mut bytes, 8 * index)?;
        Ok(u64::from_le_bytes(bytes))
    };
    let set = |index: u64, value: u64| numbers.write_all_at(&value.to_le_bytes(), 8 * index);
    let own = PEER << 32 | u64::from(std::process::id());
    let (mut committed, mut lost, mut crossings, mut takeovers) = (0, 0, 0, 0);
    let (mut longest, mut overlaps) = (Duration::ZERO, [0, 0]);
    say("ready")?;
    wait_for_line()?;
    for _ in 0..increments {
        let asked = Instant::now();
        let guard = options.acquire(target)?;
        longest = longest.max(asked.elapsed());
        takeovers += u32::from(guard.takeover().is_some());
        crossings += u32::from(get(0)? >> 32 == RUST);
        set(0, own)?;
        let count = get(1)?;
        let mut kept = guard.verify().is_ok();
        if kept {
            set(1, count + 1)?;
            committed += 1;
        }
        let seen = get(0)?;
        if seen != own {
            overlaps[usize::from(seen >> 32 != RUST)] += 1;
        }
        kept &= guard.release().is_ok();
        lost += u32::from(!kept);
        std::thread::sleep(PAUSE);
    }
    let [with_rust, with_peers] = overlaps;
    let longest = longest.as_micros();
    say(&format!("{committed} {lost} {longest} {crossings} {with_rust} {with_peers} {takeovers} 0"))
}

fn hold(options: LockOptions, target: &str, aged: f64) -> Outcome {
    let told = AtomicBool::new(false);
    let asked = Instant::now();
    let environment =
        Environment { clock_offset: -(aged * 1e9) as i64, ..Environment::default() };
    let options = options.environment(environment).on_wait(move |_, _| {
        if !told.swap(true, Ordering::Relaxed) {
            let _ = say("waiting");
        }
        ControlFlow::Continue(())
    });
    let guard = match options.acquire(target) {
        Ok(guard) => guard,
        Err(AcquireError::Timeout { .. }) => return say("timeout"),
        Err(error) => return Err(error.into()),
    };
    say(&format!("held {} {}", asked.elapsed().as_micros(), std::process::id()))?;
    wait_for_line()?;
    say(if guard.release().is_ok() { "released" } else { "lost" })
}

fn say(line: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn wait_for_line() -> Outcome {
    std::io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}
