//! Hundreds of tasks that write one log, with tokio: each waits for the lock without a thread.
//!
//! ```sh
//! cargo run -p agentslock-filelock --example async_writers -- events.ndjson 600
//! ```

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use filelock::{Lock, LockOptions};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

async fn write(lock: Lock, number: u32) -> Outcome<()> {
    let guard = lock.acquire_async(tokio::time::sleep).await?;
    let mut file = OpenOptions::new().create(true).append(true).open(lock.path())?;
    // Two writes on purpose: without the lock, the lines of several tasks would mix.
    write!(file, "{{\"task\":")?;
    tokio::task::yield_now().await;
    writeln!(file, "{number}}}")?;
    // A moment's work. It waits for nobody, so that it needs no thread either.
    guard.release()?;
    Ok(())
}

/// Starts `count` tasks that write a record each, and returns how many of them could.
pub(crate) async fn write_records(log: &Path, count: u32) -> Outcome<u32> {
    // The last one waits for all others. They share a handle, which is faster than a path.
    let lock = LockOptions::new().timeout(Duration::from_secs(60)).lock(log)?;
    let tasks: Vec<_> =
        (0..count).map(|number| tokio::spawn(write(lock.clone(), number))).collect();
    let mut written = 0;
    for task in tasks {
        match task.await? {
            Ok(()) => written += 1,
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(written)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(log), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: async_writers LOG COUNT".into());
    };
    let (count, started) = (count.parse()?, Instant::now());
    let written = write_records(Path::new(&log), count).await?;
    println!("{written} of {count} records in {:.2} s", started.elapsed().as_secs_f64());
    if written == count { Ok(()) } else { Err("some records were not written".into()) }
}
