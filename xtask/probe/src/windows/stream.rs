//! W6: a named stream of the record, which a holder keeps open sharing deletion only. While the
//! holder lives, opening the stream is refused; once it has ended, it succeeds.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::fact::{Report, outcome};
use crate::peer::{Peer, say, until_told};

const FILE_SHARE_DELETE: u32 = 4;
const ERROR_SHARING_VIOLATION: i32 = 32;

fn stream(record: &Path) -> std::path::PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(":alive");
    name.into()
}

pub(crate) fn volume(place: &Path, report: &mut Report) {
    if let Err(error) = look(place, report) {
        report.note("W6", "a named stream that its holder keeps open", format!("none: {error}"));
    }
}

fn look(place: &Path, report: &mut Report) -> Outcome {
    let record = place.join("holder");
    std::fs::write(&record, "record")?;
    let mut holder = Peer::start("stream", &record, &[])?;
    let opened = holder.line()?;
    report.note("W6", "a holder opens `holder:alive`, sharing deletion only", &opened);
    if opened != "ok" {
        return Ok(());
    }
    report.note("W6", "… another process asks for it", probe(&record));
    report.note("W6", "… and reads the record meanwhile", outcome(std::fs::read(&record)));
    holder.kill()?;
    let killed = Instant::now();
    let mut free = None;
    while killed.elapsed() < Duration::from_secs(5) && free.is_none() {
        if probe(&record) == "dead" {
            free = Some(killed.elapsed());
        }
    }
    let found = free.map_or_else(|| "never".to_owned(), |after| format!("{after:.1?}"));
    report.note("W6", "… time from its end until the answer is `dead`", found);
    let mut again = Peer::start("stream", &record, &[])?;
    again.line()?;
    report.note(
        "W6",
        "… the record is removed while the stream is open",
        outcome(std::fs::remove_file(&record)),
    );
    report.note("W6", "… and its name can be used again", outcome(File::create_new(&record)));
    Ok(())
}

/// The answer that a judge would get.
fn probe(record: &Path) -> String {
    match File::open(stream(record)) {
        Ok(_) => "dead".to_owned(),
        Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => "alive".to_owned(),
        other => outcome(other),
    }
}

/// Opens the stream as a holder would, and keeps it until the parent ends it.
pub(crate) fn peer(record: &Path) {
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .share_mode(FILE_SHARE_DELETE)
        .open(stream(record));
    let said = match &open {
        Ok(_) => "ok".to_owned(),
        Err(error) => crate::fact::error_name(error),
    };
    say(&said);
    until_told();
    drop(open);
}
