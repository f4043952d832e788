//! What a record says beside the three lines that every peer reads: lines `key value`.
//!
//! All of it is optional to a reader. None of it is secret: the machine is named by a hash. Text of
//! others is shown to people, so control characters in it are replaced when it is read.

use std::fmt::{Display, Write as _};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use super::lines::{NAME, STAMP_DIGITS, decimal, split_line, stamp_digits};
use crate::process::ProcessId;
use crate::sys::{self, FileId};

/// The longest text that is written or shown, in bytes.
const LONGEST: usize = 200;

/// The only stream that there is.
const STREAM: &str = "alive";

/// What is told about an acquisition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// When the lock was acquired, unix nanoseconds. A renewal leaves it as it is.
    pub(crate) since: Option<i64>,
    pub(crate) process: ProcessFacts,
    /// The directory that the lock lies in: another one means that we look from another mount.
    pub(crate) directory: Option<FileId>,
    /// The second witness of the boot that the holder runs on (macOS).
    pub(crate) boot_device: Option<u64>,
    /// Whether the holder has an exclusive OS lock on the record, too. Other users, who may not
    /// open the directory, ask for that one.
    pub(crate) is_locked: bool,
    /// Whether the holder keeps the record's stream open while it lives (Windows).
    pub(crate) has_stream: bool,
    /// What the caller is doing, in its own words.
    pub(crate) label: Option<String>,
}

/// What is told about a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProcessFacts {
    /// The machine's name.
    pub(crate) host: Option<String>,
    /// A hash of what tells the machine from all others, whatever it is called and however often it
    /// boots.
    pub(crate) machine: Option<String>,
    /// The pid namespace that the pid belongs to (Linux).
    pub(crate) pid_namespace: Option<u64>,
    /// When the process started, in clock ticks since the boot: no other process has had both this
    /// and its pid (Linux).
    pub(crate) start: Option<u64>,
}

impl ProcessFacts {
    /// This process. What does not change is read once: a forked child, which has another pid,
    /// reads its own. What could not be read this time (for want of descriptors, say) is read again
    /// the next time. No mutex is waited for: another thread may have had it when this process was
    /// forked.
    pub(crate) fn of_this(this: ProcessId) -> Self {
        static KNOWN: Mutex<Option<(ProcessId, ProcessFacts)>> = Mutex::new(None);
        if let Ok(known) = KNOWN.try_lock()
            && let Some((of, facts)) = &*known
            && *of == this
        {
            return facts.clone();
        }
        let mut is_complete = true;
        let facts = Self::read(this, &mut is_complete);
        if is_complete && let Ok(mut known) = KNOWN.try_lock() {
            *known = Some((this, facts.clone()));
        }
        facts
    }

    fn read(this: ProcessId, is_complete: &mut bool) -> Self {
        let machine = known(sys::machine_id(), is_complete);
        Self {
            host: sys::host_name().map(|name| one_line(&name)),
            machine: machine.map(|id| format!("{:016x}", fnv1a(id.as_bytes()))),
            pid_namespace: this.namespace,
            start: known(sys::start_of_this_process(), is_complete),
        }
    }
}

impl Facts {
    /// Of an acquisition at `now`, by `this` process, of a lock in `parent`.
    pub(crate) fn of(now: i64, this: ProcessId, parent: &Path, label: Option<&str>) -> Self {
        Self {
            since: Some(now),
            process: ProcessFacts::of_this(this),
            directory: sys::directory_id(parent),
            boot_device: None,
            is_locked: false,
            has_stream: false,
            label: label.map(one_line).filter(|label| !label.is_empty()),
        }
    }

    pub(super) fn encode(&self, text: &mut String) {
        let mut line = |key: &str, value: Option<&dyn Display>| {
            if let Some(value) = value {
                writeln!(text, "{key} {value}").expect("because it writes to memory");
            }
        };
        let directory = self.directory.map(|id| format!("{:016x}:{:016x}", id.device, id.inode));
        line("since", shown(self.since.map(stamp_digits).as_ref()));
        line("host", shown(self.process.host.as_ref()));
        line("machine", shown(self.process.machine.as_ref()));
        line("pidns", shown(self.process.pid_namespace.as_ref()));
        line("start", shown(self.process.start.as_ref()));
        line("dir", shown(directory.as_ref()));
        line("dev", shown(self.boot_device.map(|device| format!("{device:016x}")).as_ref()));
        line("flocked", self.is_locked.then_some(&NAME));
        line("stream", self.has_stream.then_some(&STREAM));
        line("label", shown(self.label.as_ref()));
    }

    /// Reads what follows the third line. A line without its end, or that says nothing known, is
    /// skipped.
    pub(super) fn parse(mut rest: &[u8]) -> Self {
        let mut facts = Self::default();
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
            let (key, value) = (&line[..space], &line[space + 1..]);
            let text = || Some(one_line(&String::from_utf8_lossy(value))).filter(|t| !t.is_empty());
            let number = || decimal(value).and_then(|number| u64::try_from(number).ok());
            match key {
                b"since" if value.len() == STAMP_DIGITS => facts.since = decimal(value),
                b"host" => facts.process.host = text(),
                b"machine" => facts.process.machine = text(),
                b"pidns" => facts.process.pid_namespace = number(),
                b"start" => facts.process.start = number(),
                b"dir" => facts.directory = parse_id(value),
                b"dev" => facts.boot_device = parse_hexadecimal(value),
                b"flocked" => facts.is_locked = value == NAME.as_bytes(),
                b"stream" => facts.has_stream = value == STREAM.as_bytes(),
                b"label" => facts.label = text(),
                _ => {}
            }
        }
        facts
    }
}

fn shown<T: Display>(value: Option<&T>) -> Option<&dyn Display> {
    value.map(|value| value as &dyn Display)
}

/// What was found out, if anything. An error means that another try can find more.
fn known<T>(found: io::Result<Option<T>>, is_complete: &mut bool) -> Option<T> {
    *is_complete &= found.is_ok();
    found.ok().flatten()
}

fn parse_id(value: &[u8]) -> Option<FileId> {
    let colon = value.iter().position(|byte| *byte == b':')?;
    let (device, inode) = (&value[..colon], &value[colon + 1..]);
    Some(FileId { device: parse_hexadecimal(device)?, inode: parse_hexadecimal(inode)? })
}

fn parse_hexadecimal(value: &[u8]) -> Option<u64> {
    let is_plain = value.len() == 16 && value.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(value).ok().filter(|_| is_plain)?;
    u64::from_str_radix(text, 16).ok()
}

/// One line that a terminal can show: without control characters, at most [`LONGEST`] bytes, no
/// blank at either end.
fn one_line(text: &str) -> String {
    // Most texts are such already.
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_plain && text.len() <= LONGEST {
        return text.trim_ascii().to_owned();
    }
    let mut line = String::new();
    for shown in text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + shown.len_utf8() > LONGEST {
            break;
        }
        line.push(shown);
    }
    line.truncate(line.trim_end().len());
    line
}

/// The 64-bit FNV-1a hash: the same in every process.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            since: Some(1_700_000_000_123_456_789),
            process: ProcessFacts {
                host: Some("build-7".into()),
                machine: Some("00c0ffee00c0ffee".into()),
                pid_namespace: Some(4_026_531_836),
                start: Some(12345),
            },
            directory: Some(FileId { device: 0x801, inode: 42 }),
            boot_device: Some(0x2fab_c001),
            is_locked: true,
            has_stream: true,
            label: Some("agentslock set units".into()),
        }
    }

    fn encoded(facts: &Facts) -> String {
        let mut text = String::new();
        facts.encode(&mut text);
        text
    }

    #[test]
    fn facts_read_back_as_they_were_written() {
        let text = encoded(&facts());
        assert_eq!(
            text,
            "since 1700000000123456789\nhost build-7\nmachine 00c0ffee00c0ffee\npidns 4026531836\n\
             start 12345\ndir 0000000000000801:000000000000002a\ndev 000000002fabc001\n\
             flocked holder\nstream alive\nlabel agentslock set units\n"
        );
        assert_eq!(Facts::parse(text.as_bytes()), facts());
        assert_eq!(Facts::parse(b""), Facts::default());
        assert_eq!(encoded(&Facts::default()), "");
    }

    #[test]
    fn an_acquisition_and_the_next_one_of_a_process_have_records_of_one_length() {
        let now =
            |now| encoded(&Facts::of(now, ProcessId::current(), Path::new("/"), Some("x"))).len();
        assert_eq!(now(1), now(i64::MAX));
    }

    #[test]
    fn what_is_unknown_torn_or_nonsense_is_skipped() {
        let bytes =
            b"flock boot\ncolour red\n\xff\xff \xff\nsince 12\npidns -1\ndir 1:2\ndev 7\nstream x\nstart 7\nhost a";
        let read = Facts::parse(bytes);
        let process = ProcessFacts { start: Some(7), ..ProcessFacts::default() };
        assert_eq!(read, Facts { process, ..Facts::default() });
    }

    #[test]
    fn text_of_others_cannot_drive_a_terminal_nor_fill_it() {
        let read = Facts::parse(b"label a\x1b[2Jb\tc\x00\n").label.unwrap();
        assert_eq!(read, "a [2Jb c");
        let long = "\u{fc}".repeat(300);
        let label = Facts::parse(format!("label {long}\n").as_bytes()).label.unwrap();
        assert_eq!(label.len(), LONGEST);
        let written = Facts::of(1, ProcessId::current(), Path::new("/"), Some("two\nlines\r\n"))
            .label
            .unwrap();
        assert_eq!(written, "two lines");
        assert_eq!(Facts::of(1, ProcessId::current(), Path::new("/"), Some(" \n ")).label, None);
    }
}
