//! What is swept: each thing that a program of ours does with files, from each state that it can
//! find them in.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use filelock::testing::Way;

/// What a program does, and what it finds.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    pub(crate) file: File,
    pub(crate) lock: Lock,
    pub(crate) system: System,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// `agentslock set`: a section, staged and flushed.
    Set,
    /// The same with a command that makes the value while the lock is held: an update.
    Update,
    /// `agentslock append`: a record.
    Append,
    /// A log through the crate `lockedfile`.
    Locked(LockedAct),
    /// `agentslock run`: the lock acquired and released around a command.
    Run,
    /// The lock acquired and released, claimed in a way that the binary takes elsewhere.
    Lock(Way),
    /// The lock acquired and released three times through one handle, which keeps it from the
    /// second time on.
    LockAgain,
}

/// What a program does with a log through the crate `lockedfile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LockedAct {
    /// Read, changed and replaced: a record more.
    Transform,
    /// A record that depends on the last one; a torn tail is removed.
    AppendWith,
    /// Two records at once; a torn tail is removed.
    AppendAll,
    /// All records but the first are kept.
    Rewrite,
    /// The log is renamed to an archive, and an empty one takes its place.
    Rotate,
}

impl LockedAct {
    fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.expect("because none of them is hidden").get_name().to_owned()
    }
}

/// The file that is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    There,
    /// With an access list, in a directory that gives another one to new files.
    Shared,
    /// A log that ends in the middle of a record.
    Torn,
    Missing,
    /// Not even its directory is there.
    NoDirectory,
}

/// The lock of that file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Free,
    /// Its holder was killed, others with it: there are old leftovers, too.
    Dead,
    Held,
}

/// What the file system is like. The system calls that it has no support for fail in all runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Usual,
    /// No mode can be changed: network shares, FAT.
    NoChmod,
    /// No directory can be synced: `vboxsf`, some CIFS servers.
    NoDirectorySync,
    /// Another program has leased the file, and gives it up when it is asked to: Samba, knfsd.
    Leased,
}

const OLD_RECORDS: &str = "{\"first\":1}\n{\"second\":2}\n";

impl Scenario {
    pub(crate) fn target(&self, directory: &Path) -> PathBuf {
        directory.join(match (self.act, self.file) {
            (Act::Set, File::NoDirectory) => "below/.agentsrc.lock",
            (Act::Set | Act::Update, _) => ".agentsrc.lock",
            _ => "events.ndjson",
        })
    }

    /// The program and its arguments.
    pub(crate) fn program(&self, binary: &Path, target: &Path, value: &Path) -> Vec<OsString> {
        let wait = if self.lock == Lock::Held { "0" } else { "5" };
        let target = target.as_os_str();
        let words: Vec<OsString> = match self.act {
            Act::Set | Act::Update => ["set", "--wait", wait, "units"].map(OsString::from).into(),
            Act::Append => ["append", "--wait", wait].map(OsString::from).into(),
            Act::Run => ["run", "--wait", wait].map(OsString::from).into(),
            Act::Locked(act) => return worker(&["inject-locked", &act.name(), wait], target),
            Act::Lock(way) => return worker(&["inject", way.name(), wait], target),
            Act::LockAgain => {
                return worker(&["inject", "--again", Way::Published.name(), wait], target);
            }
        };
        let mut program = vec![binary.as_os_str().to_owned()];
        program.extend(words);
        match self.act {
            Act::Set => {
                program.extend([from_file(value), "--file".into(), target.to_owned()]);
            }
            Act::Update => {
                program.extend(["--file".into(), target.to_owned()]);
                program.extend(["--", "echo", VALUE].map(OsString::from));
            }
            Act::Append => program.extend([target.to_owned(), RECORD.into()]),
            _ => program.extend([target.to_owned(), "--".into(), "true".into()]),
        }
        program
    }

    /// Whether the program waits for another one. Then it depends on the time how often it looks.
    pub(crate) fn waits(&self) -> bool {
        self.lock == Lock::Held || self.system == System::Leased
    }

    /// The calls that fail in all runs, and how, as strace calls them.
    pub(crate) fn refused(&self) -> Option<(&'static str, &'static str)> {
        match (self.system, self.act) {
            (System::Usual | System::Leased, _) => None,
            (System::NoChmod, _) => Some(("fchmod", "error=EPERM")),
            // The log itself is synced by another call.
            (System::NoDirectorySync, Act::Append) => Some(("fsync", "error=EINVAL")),
            // The first one is of the file.
            (System::NoDirectorySync, _) => Some(("fsync", "error=EINVAL:when=2+")),
        }
    }

    /// What lies in the file before; `None` if there is none.
    pub(crate) fn initial(&self) -> Option<String> {
        match (self.act, self.file) {
            (_, File::Missing | File::NoDirectory) => None,
            (Act::Set | Act::Update, _) => Some(document(&["lock_version", "sibling"])),
            (_, File::Torn) => Some(format!("{OLD_RECORDS}{{\"third\":")),
            _ => Some(OLD_RECORDS.to_owned()),
        }
    }

    /// What is found before: the file, or, if it is rotated, the archive and the log.
    pub(crate) fn before(&self) -> Option<String> {
        match self.act {
            Act::Locked(LockedAct::Rotate) => Some(rotated(None, self.initial().as_deref())),
            _ => self.initial(),
        }
    }

    /// What is found once the program has done all that it was to do.
    pub(crate) fn after(&self) -> Option<String> {
        if self.lock == Lock::Held {
            return self.before();
        }
        match self.act {
            Act::Set if self.before().is_none() => Some(document(&["lock_version", "units"])),
            Act::Set | Act::Update => Some(document(&["lock_version", "sibling", "units"])),
            Act::Append => Some(appended(self.before().as_deref(), RECORD)),
            Act::Locked(LockedAct::Transform | LockedAct::AppendWith) => {
                let whole = self.initial().map(|_| OLD_RECORDS);
                Some(appended(whole, RECORD))
            }
            Act::Locked(LockedAct::AppendAll) => {
                let whole = self.initial().map(|_| OLD_RECORDS);
                let first = appended(whole, RECORD);
                Some(appended(Some(&first), SECOND_RECORD))
            }
            Act::Locked(LockedAct::Rewrite) => Some("{\"second\":2}\n".to_owned()),
            Act::Locked(LockedAct::Rotate) => Some(rotated(self.initial().as_deref(), Some(""))),
            Act::Run | Act::Lock(_) | Act::LockAgain => self.before(),
        }
    }

    /// What else may be found, by its documentation, if the program is disturbed.
    pub(crate) fn may_be(&self, found: Option<&str>) -> bool {
        match self.act {
            // Created, empty.
            Act::Append | Act::Locked(LockedAct::AppendWith | LockedAct::AppendAll) => {
                let cut = self.file == File::Torn && found == Some(OLD_RECORDS);
                (self.before().is_none() && found == Some("")) || (cut && self.act != Act::Append)
            }
            // Between the two renames.
            Act::Locked(LockedAct::Rotate) => {
                found == Some(&*rotated(self.initial().as_deref(), None))
            }
            _ => false,
        }
    }

    /// What the file says once the next writer has been there, too.
    pub(crate) fn after_next(&self, found: Option<&str>) -> Option<String> {
        match self.act {
            Act::Set | Act::Update => {
                let present = |key: &&str| {
                    found.is_some_and(|text| text.contains(&format!("  \"{key}\": ")))
                        || ["next", "lock_version"].contains(key)
                };
                let keys = ["lock_version", "next", "sibling", "units"];
                Some(document(&keys.into_iter().filter(present).collect::<Vec<_>>()))
            }
            Act::Locked(LockedAct::Rotate) => {
                let (archive, log) = found?.split_once(APART)?;
                let log = (log != NONE).then_some(log);
                Some(format!("{archive}{APART}{}", appended(log, NEXT_RECORD)))
            }
            Act::Append | Act::Locked(_) => Some(appended(found, NEXT_RECORD)),
            Act::Run | Act::Lock(_) | Act::LockAgain => found.map(str::to_owned),
        }
    }
}

/// This program, as one of its own workers, on `target`.
fn worker(words: &[&str], target: &OsStr) -> Vec<OsString> {
    let here = std::env::current_exe().expect("because this program is running");
    let words = ["worker"].iter().chain(words).map(OsString::from);
    [here.into_os_string()].into_iter().chain(words).chain([target.to_owned()]).collect()
}

/// Between the archive and the log, where both are looked at.
const APART: char = '|';
const NONE: &str = "none";

/// What is found of a log that is rotated.
pub(super) fn rotated(archive: Option<&str>, log: Option<&str>) -> String {
    format!("{}{APART}{}", archive.unwrap_or(NONE), log.unwrap_or(NONE))
}

pub(super) const RECORD: &str = "{\"new\":true}";
/// What follows it, where two are appended at once.
pub(super) const SECOND_RECORD: &str = "{\"newer\":true}";
pub(crate) const NEXT_RECORD: &str = "{\"next\":true}";
/// What the section `units` is set to.
pub(crate) const VALUE: &str = "{\"a\":1}";

/// A document as a flush writes it, spelled out here so that the flush is checked against it.
fn document(keys: &[&str]) -> String {
    let entry = |key: &&str| {
        let value = match *key {
            "lock_version" => "1",
            "next" => "true",
            // Not as we would write it.
            "sibling" => "{ \"kept\" :1.0 }",
            _ => "{\n    \"a\": 1\n  }",
        };
        format!("  \"{key}\": {value}")
    };
    format!("{{\n{}\n}}\n", keys.iter().map(entry).collect::<Vec<_>>().join(",\n"))
}

fn appended(log: Option<&str>, record: &str) -> String {
    let log = log.unwrap_or_default();
    let closed = if log.is_empty() || log.ends_with('\n') { "" } else { "\n" };
    format!("{log}{closed}{record}\n")
}

/// The argument by which `agentslock set` reads a file.
pub(super) fn from_file(path: &Path) -> OsString {
    let mut argument = OsString::from("@");
    argument.push(path);
    argument
}
