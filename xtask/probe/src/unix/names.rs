//! M10: whether names that a reader takes for the same are one name.

use std::path::Path;

use crate::Outcome;
use crate::fact::Report;

pub(crate) fn volume(place: &Path, report: &mut Report) {
    if let Err(error) = look(place, report) {
        report.note("M10", "names with accents", error);
    }
}

fn look(place: &Path, report: &mut Report) -> Outcome {
    let directory = place.join("names");
    std::fs::create_dir(&directory)?;
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    std::fs::write(directory.join(composed), "")?;
    let one = directory.join(decomposed).exists();
    report.note("M10", "both spellings of é are one name", one);
    report.note("M10", "upper and lower case are one name", directory.join("CAF\u{c9}").exists());
    let listed = std::fs::read_dir(&directory)?.next().ok_or("nothing listed")??.file_name();
    let as_made = listed.to_str() == Some(composed);
    report.note("M10", "a name is listed as it was made", as_made);
    // A lock lies beside its file, so that other spellings of the file meet the same lock.
    let guard = filelock::acquire(directory.join(composed))?;
    let met = filelock::try_acquire(directory.join(decomposed))?.acquired().is_none();
    report.expect(
        "M10",
        "two spellings share a lock exactly if they share a file",
        &one.to_string(),
        &met.to_string(),
    );
    guard.release()?;
    Ok(())
}
