//! Two boards that are changed together: a task goes from one to the other. Two processes that move
//! tasks in opposite directions do not wait for each other for ever, since `acquire_all` takes the
//! locks in one order.
//!
//! ```sh
//! cargo run -p lockedfile --example two_boards -- TODO.md DONE.md
//! ```

use std::error::Error;
use std::io::Write;
use std::path::Path;

use lockedfile::{Options, Outcome};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &*arguments else { return Err("usage: two_boards FROM TO".into()) };
    let task = move_first(Path::new(from), Path::new(to))?;
    println!("{}", task.as_deref().unwrap_or("nothing to move"));
    Ok(())
}

/// Moves the first line of one board to the end of the other, and returns it.
///
/// ```text
/// lock both
/// add it to the one      dies here: it is on both boards; it is never on none
/// remove it from the other
/// unlock
/// ```
pub(crate) fn move_first(from: &Path, to: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let options = Options::new();
    let (mut from_rounds, mut to_rounds) = (options.rounds(from)?, options.rounds(to)?);
    let mut guards = filelock::acquire_all([from_rounds.path(), to_rounds.path()])?;
    let last = guards.pop().ok_or("one lock at the least")?;
    let first = guards.pop().ok_or("the two boards are one")?;
    let (from_guard, to_guard) =
        if first.path() == from_rounds.path() { (first, last) } else { (last, first) };
    let (source, target) = (from_rounds.read_opaque()?, to_rounds.read_opaque()?);
    let (from, to) = (from_rounds.adopt(from_guard), to_rounds.adopt(to_guard));
    let text = String::from_utf8(source.bytes.unwrap_or_default())?;
    let Some((task, rest)) = text.split_once('\n') else { return Ok(None) };
    done(to.replace(&target.version, |file| {
        file.write_all(target.bytes.as_deref().unwrap_or_default())?;
        writeln!(file, "{task}")
    })?)?;
    // Only now: a task that is on both boards is not lost.
    done(from.replace(&source.version, |file| file.write_all(rest.as_bytes()))?)?;
    Ok(Some(task.to_owned()))
}

fn done(outcome: Outcome) -> Result<(), Box<dyn Error>> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::NotDurable(error) => Err(error.into()),
        Outcome::Disturbed(by) => Err(format!("{by}; look at both boards").into()),
    }
}
