//! An audit log in which each record has the hash of the one before, also across files. A log that
//! grew too large is rotated, and the next file goes on where the last one ended.
//!
//! ```sh
//! cargo run -p lockedfile --example audit_log -- audit.ndjson add 'user 7 logged in'
//! cargo run -p lockedfile --example audit_log -- audit.ndjson verify
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use lockedfile::{Log, TornTail};
use serde_json::json;
use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How large a file may become before it is rotated, in bytes.
const LIMIT: u64 = 64 * 1024;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [log, "add", event] => add(Path::new(log), event, LIMIT),
        [log, "verify"] => {
            println!("{} records, none of them changed", verify(Path::new(log))?);
            Ok(())
        }
        _ => Err("usage: audit_log FILE add EVENT | verify".into()),
    }
}

/// Adds a record, and rotates the log first if it has more than `limit` bytes.
pub(crate) fn add(path: &Path, event: &str, limit: u64) -> Outcome<()> {
    // All records come from this program. A part of one at the end was never reported as written,
    // and must not become a record beside the chain.
    let log = Log::new(path).torn_tail(TornTail::Remove);
    log.rotate(|size, _| -> Outcome<_> { Ok((size > limit).then(|| next_archive(path))) })?;
    log.append_with(|last| -> Outcome<_> {
        let last = match last.record() {
            Some(record) => Some(record.to_vec()),
            // Under the log's lock, so that no other process rotates now.
            None => match archives(path).last() {
                Some(archive) => Log::new(archive).last()?,
                None => None,
            },
        };
        Ok(json!({"after": hash(last.as_deref()), "event": event}).to_string().into_bytes())
    })?;
    Ok(())
}

/// Follows the chain from the first record to the last, and counts them.
pub(crate) fn verify(path: &Path) -> Outcome<usize> {
    let (mut last, mut count) = (None, 0);
    for file in archives(path).chain([path.to_owned()]) {
        for line in fs::read_to_string(&file)?.lines() {
            let record: serde_json::Value = serde_json::from_str(line)?;
            if record["after"] != hash(last.as_deref()) {
                return Err(format!("{}: the chain breaks at {line}", file.display()).into());
            }
            (last, count) = (Some(line.as_bytes().to_vec()), count + 1);
        }
    }
    Ok(count)
}

fn hash(record: Option<&[u8]>) -> String {
    format!("{:x}", Sha256::digest(record.unwrap_or_default()))
}

/// `audit.ndjson.1`, `.2`, and so on: those that are there.
fn archives(path: &Path) -> impl Iterator<Item = PathBuf> {
    numbered(path).take_while(|archive| archive.exists())
}

fn next_archive(path: &Path) -> PathBuf {
    numbered(path).find(|archive| !archive.exists()).expect("because there are endlessly many")
}

fn numbered(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.as_os_str().to_owned();
    (1..).map(move |number| {
        let mut archive = path.clone();
        archive.push(format!(".{number}"));
        archive.into()
    })
}
