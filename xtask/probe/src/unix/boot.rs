//! M7, F2: what names this boot of the machine.

use std::os::unix::fs::MetadataExt as _;

use crate::Outcome;
use crate::fact::Report;
use crate::peer::{Peer, say};

const NAME: &str = if super::IS_FREEBSD { "F2" } else { "M7" };

pub(crate) fn system(report: &mut Report) {
    let ours = boot();
    let theirs = Peer::start("boot", std::path::Path::new("."), &[])
        .and_then(|mut peer| peer.line())
        .unwrap_or_else(|error| error.to_string());
    report.note(NAME, "name of this boot", &ours);
    report.expect(NAME, "… the same in a second process", &ours, &theirs);
    let length = if ours.len() >= 8 { "8 characters or more" } else { "fewer than 8" };
    report.expect(NAME, "… length", "8 characters or more", length);
    let fact = "… as a holder's record says it";
    match in_a_record() {
        Ok(Some(written)) => report.expect(NAME, fact, &ours, &written),
        Ok(None) => report.not_run(NAME, fact, "no kernel-backed lock for temporary files"),
        Err(error) => report.expect(NAME, fact, &ours, &error.to_string()),
    }
    let device = std::path::Path::new("/dev")
        .symlink_metadata()
        .map_or_else(|error| error.to_string(), |stat| format!("{:#x}", stat.dev()));
    report.note(NAME, "device number of /dev, a second witness on macOS", device);
}

/// The name of this boot as filelock writes it, if the kernel vouches for locks in the directory
/// for temporary files.
fn in_a_record() -> Outcome<Option<String>> {
    let path = std::env::temp_dir().join(format!("probe-boot-{}", std::process::id()));
    let guard = filelock::acquire(&path)?;
    let record = std::fs::read_to_string(guard.lock_path().join("holder"))?;
    guard.release()?;
    Ok(record.lines().find_map(|line| line.strip_prefix("flock ")).map(str::to_owned))
}

/// Prints what a second process finds.
pub(crate) fn peer() {
    say(&boot());
}

#[cfg(not(any(target_vendor = "apple", target_os = "freebsd")))]
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|error| error.to_string(), |text| text.trim().to_owned())
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
fn boot() -> String {
    use sysctl::{CtlValue, Sysctl as _};
    let name = if super::IS_FREEBSD { "kern.boot_id" } else { "kern.bootsessionuuid" };
    match sysctl::Ctl::new(name).and_then(|control| control.value()) {
        Ok(CtlValue::String(text)) => text,
        Ok(CtlValue::Struct(bytes) | CtlValue::Node(bytes)) => {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}
