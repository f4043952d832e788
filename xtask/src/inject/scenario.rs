//! What is swept: each thing that a program of ours does with files, from each state that it can
//! find them in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use filelock::testing::Way;

/// What a program does, and what it finds.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    pub(crate) file: File,
    pub(crate) lock: Lock,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// `agentslock set`: a section, staged and flushed.
    Set,
    /// The same with a command that makes the value while the lock is held: an update.
    Update,
    /// `agentslock append`: a record.
    Append,
    /// `agentslock run`: the lock acquired and released around a command.
    Run,
    /// The lock acquired and released, claimed in a way that the binary takes elsewhere.
    Lock(Way),
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

pub(crate) const SCENARIOS: [Scenario; 20] = {
    use Act::{Append, Run, Set, Update};
    use File::{Missing, NoDirectory, Shared, There, Torn};
    use Lock::{Dead, Free, Held};
    const PUBLISHED: Act = Act::Lock(Way::Published);
    const IN_PLACE: Act = Act::Lock(Way::InPlace);
    const BY_TIME: Act = Act::Lock(Way::ByTime);
    const fn scenario(name: &'static str, act: Act, file: File, lock: Lock) -> Scenario {
        Scenario { name, act, file, lock }
    }
    [
        scenario("set", Set, There, Free),
        scenario("set, dead holder", Set, There, Dead),
        scenario("set, held", Set, There, Held),
        scenario("set, access lists", Set, Shared, Free),
        scenario("set, no document", Set, Missing, Free),
        scenario("set, no directory", Set, NoDirectory, Free),
        scenario("set, through a command", Update, There, Free),
        scenario("append", Append, There, Free),
        scenario("append, torn tail, dead holder", Append, Torn, Dead),
        scenario("append, new log", Append, Missing, Free),
        scenario("run", Run, There, Free),
        scenario("run, dead holder", Run, There, Dead),
        scenario("lock published", PUBLISHED, There, Free),
        scenario("lock published, dead holder", PUBLISHED, There, Dead),
        scenario("lock in place", IN_PLACE, There, Free),
        scenario("lock in place, dead holder", IN_PLACE, There, Dead),
        scenario("lock in place, held", IN_PLACE, There, Held),
        scenario("lock by time", BY_TIME, There, Free),
        scenario("lock by time, expired holder", BY_TIME, There, Dead),
        scenario("lock by time, held", BY_TIME, There, Held),
    ]
};

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
            Act::Lock(way) => {
                let here = std::env::current_exe().expect("because this program is running");
                let words = ["worker", "inject", way.name(), wait].map(OsString::from);
                let program = [here.into_os_string()].into_iter().chain(words);
                return program.chain([target.to_owned()]).collect();
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

    /// What the file says before; `None` if there is none.
    pub(crate) fn before(&self) -> Option<String> {
        match (self.act, self.file) {
            (_, File::Missing | File::NoDirectory) => None,
            (Act::Set | Act::Update, _) => Some(document(&["lock_version", "sibling"])),
            (_, File::There | File::Shared) => Some(OLD_RECORDS.to_owned()),
            (_, File::Torn) => Some(format!("{OLD_RECORDS}{{\"third\":")),
        }
    }

    /// What the file says once the program has done all that it was to do.
    pub(crate) fn after(&self) -> Option<String> {
        if self.lock == Lock::Held {
            return self.before();
        }
        match self.act {
            Act::Set if self.before().is_none() => Some(document(&["lock_version", "units"])),
            Act::Set | Act::Update => Some(document(&["lock_version", "sibling", "units"])),
            Act::Append => Some(appended(self.before().as_deref(), RECORD)),
            Act::Run | Act::Lock(_) => self.before(),
        }
    }

    /// What else the file may say, by its documentation, if the program is disturbed.
    pub(crate) fn also_allowed(&self) -> Option<String> {
        (self.act == Act::Append && self.before().is_none()).then(String::new)
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
            Act::Append => Some(appended(found, NEXT_RECORD)),
            Act::Run | Act::Lock(_) => found.map(str::to_owned),
        }
    }
}

const RECORD: &str = "{\"new\":true}";
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
