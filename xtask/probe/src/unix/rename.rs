//! M2: the exclusive rename, with eight processes at one name; and the exchange.

use std::io::ErrorKind;
use std::path::Path;

use crate::Outcome;
use crate::fact::{Report, error_name};
use crate::peer::Peer;

const PROCESSES: u32 = 8;
const ROUNDS: u32 = 2000;

/// Systems on which rustix has an exclusive rename.
const HAS_EXCLUSIVE: bool = cfg!(any(target_os = "linux", target_vendor = "apple"));

pub(crate) fn volume(place: &Path, report: &mut Report) {
    let fact = "exclusive rename of own directories onto one name, 8 processes";
    if !HAS_EXCLUSIVE {
        report.not_run("M2", fact, "no exclusive rename on this system");
        return;
    }
    match race(place) {
        Ok(found) if found == "unsupported" => report.note("M2", fact, "this volume has none"),
        Ok(found) => {
            report.expect("M2", fact, "one winner at a time, else EEXIST", &found);
        }
        Err(error) => report.expect("M2", fact, "one winner at a time", &error.to_string()),
    }
    let found = exchange(place).unwrap_or_else(|error| error_name(&error));
    report.note("M2", "exchange of two directories", found);
}

fn race(place: &Path) -> Outcome<String> {
    let name = place.join("rename");
    let mut peers = Vec::new();
    for number in 0..PROCESSES {
        peers.push(Peer::start("rename", &name, &[&number.to_string()])?);
    }
    let mut wins = 0;
    for peer in &mut peers {
        let said = peer.rest()?;
        match said.parse::<u32>() {
            Ok(won) => wins += won,
            Err(_) => return Ok(said),
        }
    }
    if wins == 0 {
        Ok("no winner".to_owned())
    } else {
        Ok("one winner at a time, else EEXIST".to_owned())
    }
}

/// Renames its own directory onto the name, and back if it has won. A winner makes a file that only
/// one process can make at a time. Prints how often it won, or what went wrong.
pub(crate) fn peer(name: &Path, more: &[String]) -> Outcome {
    let number = more.first().ok_or("no number")?;
    let own = name.with_file_name(format!("rename-{number}"));
    let mark = name.with_file_name("winner");
    std::fs::create_dir(&own)?;
    let mut won = 0_u32;
    for _ in 0..ROUNDS {
        match rename(&own, name) {
            Ok(()) => {
                if let Err(error) = std::fs::File::create_new(&mark) {
                    println!("two winners at once ({})", error_name(&error));
                    return Ok(());
                }
                std::fs::remove_file(&mark)?;
                rename(name, &own)?;
                won += 1;
            }
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists) => {}
            Err(error)
                if error.kind() == ErrorKind::Unsupported || error.raw_os_error() == Some(22) =>
            {
                println!("unsupported");
                return Ok(());
            }
            Err(error) => {
                println!("{}", error_name(&error));
                return Ok(());
            }
        }
    }
    println!("{won}");
    Ok(())
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags};
    Ok(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(place: &Path) -> std::io::Result<String> {
    use rustix::fs::{CWD, RenameFlags};
    let (first, second) = (place.join("swap-1"), place.join("swap-2"));
    std::fs::create_dir(&first)?;
    std::fs::create_dir(&second)?;
    std::fs::write(first.join("one"), "")?;
    rustix::fs::renameat_with(CWD, &first, CWD, &second, RenameFlags::EXCHANGE)?;
    Ok(if second.join("one").exists() { "works" } else { "answers success, does nothing" }
        .to_owned())
}

/// Never called: [`volume`] returns before it on such a system.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_: &Path) -> std::io::Result<String> {
    Err(ErrorKind::Unsupported.into())
}
