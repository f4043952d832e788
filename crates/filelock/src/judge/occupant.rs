//! What stands at the lock's name, as it was found.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::environment::Environment;
use crate::holder::{Holder, Liveness};
use crate::judge::verdict::Verdict;
use crate::options::LockOptions;
use crate::record::Record;
use crate::record::file::read_record;
use crate::sys::{Dir, Stat};

/// What was found at the lock's name.
pub(crate) enum Found {
    /// Nothing, or it went away while we looked. Worth a try at once.
    Nothing,
    Occupied(Box<Occupant>),
    /// Not a lock of any generation. Never followed or removed.
    NotALock(Stranger),
}

/// What stands at the lock's name and is no lock.
pub(crate) struct Stranger {
    pub(crate) kind: &'static str,
    /// How long ago it last changed.
    pub(crate) age: Duration,
}

impl Stranger {
    pub(super) fn of(stat: &Stat, is_empty: bool, options: &LockOptions) -> Self {
        let kind = if is_empty { "an empty file" } else { stat.kind.describe() };
        Self { kind, age: options.environment.age(stat.modified) }
    }
}

/// What occupies the name, as judged.
pub(crate) struct Occupant {
    pub(crate) removable: Removable,
    /// `None` when not even that could be found out.
    pub(crate) stat: Option<Stat>,
    pub(crate) record: Option<Record>,
    pub(crate) verdict: Verdict,
}

/// What to remove if the verdict allows it: exactly what was judged.
pub(crate) enum Removable {
    Directory(Dir),
    /// The lock of the file generation, open: so that its inode number, by which it is recognised
    /// later, cannot go to another file.
    File(File),
    /// Another user's directory, which we may neither open nor change. With its record, whose OS
    /// lock was granted, if it has one: then its holder is dead.
    Others(Option<File>),
    /// Could not be opened, so is not touched.
    Closed,
}

impl Occupant {
    pub(super) fn alive(stat: Option<Stat>, liveness: Liveness) -> Found {
        let verdict = Verdict::Alive(liveness);
        Found::Occupied(Box::new(Self {
            removable: Removable::Closed,
            stat,
            record: None,
            verdict,
        }))
    }

    /// Whether the holder, which only the clock can judge, has renewed since it was judged expired,
    /// or we could not look. (That its record is gone means that somebody else has begun to clear
    /// it.)
    pub(crate) fn has_renewed(&self) -> bool {
        match (&self.verdict, &self.removable, &self.record) {
            (Verdict::Expired, Removable::Directory(dir), Some(judged)) => match read_record(dir) {
                Ok(now) => now.as_ref() != Some(judged),
                Err(error) => error.kind() != ErrorKind::NotFound,
            },
            _ => false,
        }
    }

    pub(crate) fn holder(&self, environment: &Environment) -> Holder {
        let stamp = self.record.as_ref().map(|record| record.stamp);
        let facts = self.record.as_ref().map(|record| record.facts.clone()).unwrap_or_default();
        Holder {
            pid: self.record.as_ref().map(|record| record.pid),
            stamp,
            age: facts.since.or(stamp).map(|since| environment.age(since)),
            token: self.record.as_ref().map(|r| r.token.clone()).filter(|token| !token.is_empty()),
            facts,
            user: self.stat.and_then(|stat| stat.user),
            liveness: match &self.verdict {
                Verdict::Alive(liveness) => liveness.clone(),
                Verdict::Dead => Liveness::Dead,
                Verdict::Expired | Verdict::Leaving | Verdict::Remnant { .. } | Verdict::Broken => {
                    Liveness::Expired
                }
            },
            is_inherited: false,
            is_of_this_thread: false,
        }
    }
}

pub(super) fn unknown(error: &io::Error) -> Liveness {
    Liveness::Unknown(error.to_string())
}
