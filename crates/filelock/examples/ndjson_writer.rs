//! An NDJSON writer that shares its log with others, by the lock alone. (The crate `lockedfile` has
//! all of this as `Log::append`, durably and with typed errors.)
//!
//! ```sh
//! cargo run -p agentslock-filelock --example ndjson_writer -- events.ndjson NAME COUNT
//! ```

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(log), Some(name), Some(count)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: ndjson_writer LOG NAME COUNT".into());
    };
    let count: u32 = count.parse()?;
    for number in 0..count {
        let record = format!("{{\"writer\":\"{name}\",\"number\":{number}}}");
        append(Path::new(&log), &record)?;
    }
    println!("{name}: {count} records");
    Ok(())
}

/// Appends one record. A process that is killed in it leaves the record whole, or a part of it that
/// no call has reported. The next call closes that off as a line of its own.
pub(crate) fn append(log: &Path, record: &str) -> io::Result<()> {
    let guard = filelock::acquire(log)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(log)?;
    let newline = if ends_torn(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{newline}{record}\n").as_bytes())?;
    Ok(guard.release()?)
}

/// Whether a killed writer left a part of a line: the next record would be glued to it.
fn ends_torn(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
