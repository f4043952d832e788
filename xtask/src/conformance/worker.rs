//! This crate as a program that answers: see `program.rs`.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::outcome::Outcome;
use filelock::testing::{Way, rewrite_record};
use filelock::{InspectError, Liveness, LockGuard, ReleaseError, TryAcquired};

#[derive(Args)]
pub(crate) struct Worker {
    way: Way,
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        let mut held = None;
        for line in std::io::stdin().lock().lines() {
            let question: Value = serde_json::from_str(&line?)?;
            let answer = self.answer(&question, &mut held)?;
            let mut out = std::io::stdout().lock();
            // In one call, which is a boundary in what strace prints.
            out.write_all(format!("{answer}\n").as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    fn answer(&self, question: &Value, held: &mut Option<LockGuard>) -> Outcome<Value> {
        let text = |key: &str| question[key].as_str().ok_or_else(|| format!("no `{key}`"));
        let target = || text("target").map(PathBuf::from);
        Ok(match text("do")? {
            "name" => match filelock::lock_path(text("path")?) {
                Ok(lock) => json!(lock.to_str()),
                Err(_) => Value::Null,
            },
            "record" => {
                let bytes =
                    text("bytes")?.chars().map(u8::try_from).collect::<Result<Vec<_>, _>>()?;
                let read = rewrite_record(&bytes);
                json!(read.map(|read| read.into_iter().map(char::from).collect::<String>()))
            }
            "judge" => json!(self.judge(&target()?)?),
            "try" => match self.way.options(0).try_acquire(target()?) {
                Ok(TryAcquired::Acquired(guard)) => {
                    let took_over = guard.takeover().is_some();
                    *held = Some(guard);
                    json!(if took_over { "took over" } else { "acquired" })
                }
                Ok(TryAcquired::Held(_)) => json!("held"),
                Err(_) => json!("error"),
            },
            "verify" => match held.as_ref().ok_or("nothing is held")?.verify() {
                Ok(()) => json!("held"),
                Err(_) => json!("lost"),
            },
            "renew" => match held.as_ref().ok_or("nothing is held")?.renew() {
                Ok(()) => json!("renewed"),
                Err(error) if error.is_lost() => json!("lost"),
                Err(error) => return Err(error.into()),
            },
            "release" => match held.take().ok_or("nothing is held")?.release() {
                Ok(()) => json!("released"),
                Err(ReleaseError::NotHeld(_)) => json!("lost"),
                Err(error) => return Err(error.into()),
            },
            other => return Err(format!("`{other}` is not known").into()),
        })
    }

    fn judge(&self, target: &Path) -> Outcome<&'static str> {
        let found = match self.way.options(0).inspect(target) {
            Ok(found) => found,
            Err(InspectError::NotALock { .. }) => return Ok("not a lock"),
            Err(error) => return Err(error.into()),
        };
        Ok(match found.as_ref().map(|found| found.holder().liveness()) {
            None => "free",
            Some(Liveness::Dead) => "dead",
            Some(Liveness::Expired) => "gone",
            Some(_) => "alive",
        })
    }
}
