//! Hundreds of tasks that write one log, with tokio: each waits for the lock without a thread.
//!
//! ```sh
//! cargo run -p agentslock-filelock --example async_writers -- events.ndjson 600
//! ```

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use filelock::LockOptions;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

async fn write(log: PathBuf, number: u32) -> Outcome {
    let guard = LockOptions::new().acquire_async(&log, tokio::time::sleep).await?;
    let mut file = OpenOptions::new().create(true).append(true).open(&log)?;
    // Two writes on purpose: without the lock, the lines of several tasks would mix.
    write!(file, "{{\"task\":")?;
    tokio::task::yield_now().await;
    writeln!(file, "{number}}}")?;
    // A moment's work. It waits for nobody, so that it needs no thread either.
    guard.release()?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(log), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: async_writers LOG COUNT".into());
    };
    let count: u32 = count.parse()?;
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..count).map(|number| tokio::spawn(write(PathBuf::from(&log), number))).collect();
    let mut written = 0;
    for task in tasks {
        match task.await? {
            Ok(()) => written += 1,
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("{written} of {count} records in {:.2} s", started.elapsed().as_secs_f64());
    if written == count { Ok(()) } else { Err("some records were not written".into()) }
}
