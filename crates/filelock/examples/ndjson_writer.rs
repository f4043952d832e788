//! An NDJSON writer that shares its log with others: the lock alone, without any document.
//!
//! ```sh
//! cargo run -p filelock --example ndjson_writer -- events.ndjson NAME COUNT
//! ```

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(log), Some(name), Some(count)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: ndjson_writer LOG NAME COUNT".into());
    };
    let count: u32 = count.parse()?;
    for number in 0..count {
        let guard = filelock::acquire(&log)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&log)?;
        // Two writes on purpose: without the lock, the lines of several writers would mix.
        write!(file, "{{\"writer\":\"{name}\",")?;
        writeln!(file, "\"number\":{number}}}")?;
        guard.release()?;
    }
    println!("{name}: {count} records");
    Ok(())
}
