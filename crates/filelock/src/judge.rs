//! What stands at the lock's name, and whether its holder lives.
//!
//! The name is opened once, as a directory, following no link; all else goes through that
//! descriptor, so that the record, the OS lock and the mode judged belong to one directory,
//! whatever happens to the name meanwhile. The descriptor is closed before anybody sleeps.
//! A look that fails is never a proof of death: the occupant then counts as alive.

use std::fs::File;
use std::io::{self, ErrorKind};

use crate::clock::{by_time, elapsed, left};
use crate::environment::Environment;
use crate::holder::{Holder, Liveness};
use crate::options::LockOptions;
use crate::paths::Names;
use crate::record::{self, Record};
use crate::sys::{self, Access, Dir, Kind, Look, Mark};

/// What was found at the lock's name.
pub(crate) enum Sight {
    /// Nothing, or it went away while we looked. Worth a try at once.
    Nothing,
    Occupied(Box<Occupant>),
    /// Not a lock of any generation. Never opened for reading, followed or removed.
    NotALock(Kind),
}

/// What occupies the name, as judged.
pub(crate) struct Occupant {
    pub(crate) body: Body,
    /// `None` when not even that could be found out.
    pub(crate) look: Option<Look>,
    pub(crate) record: Option<Record>,
    pub(crate) verdict: Verdict,
}

/// What to remove if the verdict allows it: exactly what was judged.
pub(crate) enum Body {
    Directory(Dir),
    /// The lock of the file generation, open if it may be read: so that its inode number, by which
    /// it is recognised later, cannot go to another file.
    File(Option<File>),
    /// Could not be opened, so is not touched.
    Closed,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    Alive(Liveness),
    /// Proved by the kernel.
    Dead,
    /// By the clock, which can be wrong.
    Expired,
    /// No holder inside. `timed`: only the clock says that none is about to appear.
    Remnant {
        timed: bool,
    },
}

impl Verdict {
    /// Whether only the clock speaks for it.
    pub(crate) fn is_timed(&self) -> bool {
        matches!(self, Self::Expired | Self::Remnant { timed: true })
    }
}

impl Occupant {
    fn alive(look: Option<Look>, liveness: Liveness) -> Sight {
        let verdict = Verdict::Alive(liveness);
        Sight::Occupied(Box::new(Self { body: Body::Closed, look, record: None, verdict }))
    }

    /// Whether the holder, which only the clock can judge, has renewed since it was judged expired, or we
    /// could not look. (That its record is gone means that somebody else has begun to clear it.)
    pub(crate) fn has_renewed(&self) -> bool {
        match (&self.verdict, &self.body, &self.record) {
            (Verdict::Expired, Body::Directory(dir), Some(judged)) => match read_record(dir) {
                Ok(now) => now.as_ref() != Some(judged),
                Err(error) => error.kind() != ErrorKind::NotFound,
            },
            _ => false,
        }
    }

    pub(crate) fn holder(&self, environment: &Environment) -> Holder {
        let stamp = self.record.as_ref().map(|record| record.stamp);
        Holder {
            pid: self.record.as_ref().map(|record| record.pid),
            stamp,
            age: stamp.map(|stamp| elapsed(environment, stamp)),
            token: self.record.as_ref().map(|r| r.token.clone()).filter(|token| !token.is_empty()),
            user: self.look.and_then(|look| look.user),
            liveness: match &self.verdict {
                Verdict::Alive(liveness) => liveness.clone(),
                Verdict::Dead => Liveness::Dead,
                Verdict::Expired | Verdict::Remnant { .. } => Liveness::Expired,
            },
        }
    }
}

/// Looks at the lock. `local`: OS locks on this file system mean something.
pub(crate) fn judge(names: &Names, options: &LockOptions, local: bool) -> Sight {
    let error = match sys::open_dir(&names.lock) {
        Ok(dir) => return judge_directory(dir, names, options, local),
        Err(error) => error,
    };
    match (error.kind(), sys::look(&names.lock)) {
        (ErrorKind::NotFound, _) => Sight::Nothing,
        (_, Err(error)) if error.kind() == ErrorKind::NotFound => Sight::Nothing,
        (_, Err(error)) => Occupant::alive(None, unknown(&error)),
        (ErrorKind::PermissionDenied, Ok(look)) if look.kind == Kind::Directory => {
            Occupant::alive(Some(look), Liveness::Unreadable)
        }
        (_, Ok(look)) => match look.kind {
            Kind::Directory => Occupant::alive(Some(look), unknown(&error)),
            Kind::File => judge_file(look, names, options),
            other => Sight::NotALock(other),
        },
    }
}

/// Whether the holder of the directory that `mark` tells, which was judged to be running, still is. That is all that
/// a waiter needs to know while one holder stays, for a third of the system calls.
pub(crate) fn still_runs(names: &Names, mark: Mark) -> bool {
    let Ok(dir) = sys::open_dir(&names.lock) else { return false };
    // Looked at first: a claimant in place that has come since and has yet to ask for its OS lock would be
    // refused because of ours.
    dir.look().is_ok_and(|now| now.mark() == mark) && matches!(dir.try_flock_shared(), Ok(false))
}

fn judge_directory(dir: Dir, names: &Names, options: &LockOptions, local: bool) -> Sight {
    let environment = &options.environment;
    let look = match dir.look() {
        Ok(look) => look,
        Err(error) => return Occupant::alive(None, unknown(&error)),
    };
    let occupied = |body, record, verdict| {
        Sight::Occupied(Box::new(Occupant { body, look: Some(look), record, verdict }))
    };
    let kernel_is_asked = local && !environment.force_time_based;
    let opened = open_record(&dir);
    let record = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let verdict = without_record(&look, options);
            return occupied(Body::Directory(dir), None, verdict);
        }
        // A record that we may not read, unlike a look that failed, stays that way: by time.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(error) => return Occupant::alive(Some(look), unknown(&error)),
        Ok(None) => None,
        Ok(Some(file)) => match read(&file) {
            Ok(record) => record,
            Err(error) => return Occupant::alive(Some(look), unknown(&error)),
        },
    };
    let vouched = record.as_ref().filter(|_| kernel_is_asked);
    let vouched = vouched.and_then(|record| Some((record, record.flock.as_deref()?)));
    let word = vouched.map(|(record, kernel)| (ask_kernel(&dir, names, &look, record), kernel));
    let verdict = match word {
        // However old, and whatever kernel it names.
        Some((Word::Runs, _)) => Verdict::Alive(Liveness::Running),
        Some((Word::Died, kernel)) if environment.is_this_kernel(kernel) => Verdict::Dead,
        Some((Word::Released, _)) => return Sight::Nothing,
        Some((Word::Unknown(error), _)) => return Occupant::alive(Some(look), unknown(&error)),
        Some((Word::Died, _)) | None => {
            match by_time(record.as_ref(), look.modified, options.ttl, options) {
                Verdict::Expired if kernel_is_asked => expired_unless_it_runs(&dir),
                other => other,
            }
        }
    };
    occupied(Body::Directory(dir), record, verdict)
}

/// What the kernel says of a holder.
enum Word {
    Runs,
    Died,
    /// It was released between our opening its directory and our asking for its OS lock.
    Released,
    Unknown(io::Error),
}

fn ask_kernel(dir: &Dir, names: &Names, look: &Look, judged: &Record) -> Word {
    match dir.try_flock_shared() {
        Ok(false) => return Word::Runs,
        Ok(true) => {}
        Err(error) => return Word::Unknown(error),
    }
    match sys::look(&names.lock) {
        Ok(now) if now.id == look.id && still_holds(dir, judged) => Word::Died,
        Ok(_) => Word::Released,
        Err(error) if error.kind() == ErrorKind::NotFound => Word::Released,
        Err(error) => Word::Unknown(error),
    }
}

/// A claimant that made its directory in place has its OS lock before its record says so. It may have
/// been slow, but lives. And one that has not asked for it yet is refused while we act on the
/// verdict, since ours stays with the descriptor.
fn expired_unless_it_runs(dir: &Dir) -> Verdict {
    match dir.try_flock_shared() {
        Ok(true) => Verdict::Expired,
        Ok(false) => Verdict::Alive(Liveness::Running),
        Err(error) => Verdict::Alive(unknown(&error)),
    }
}

/// What a directory is in which there is no record.
fn without_record(look: &Look, options: &LockOptions) -> Verdict {
    if look.is_sticky() {
        // Published with its record, which is gone: its owner is releasing it, or died doing so.
        return Verdict::Remnant { timed: false };
    }
    // Nobody is asked for its OS lock: a claimant that has it and is stopped would block all
    // others. If it is about to create its record, the kernel will not remove the directory.
    match left(&options.environment, look.modified, options.grace) {
        Some(within) => Verdict::Alive(Liveness::Expires { within }),
        None => Verdict::Remnant { timed: true },
    }
}

/// Opens the record. It is looked at first: opening a device can have effects of its own.
fn open_record(dir: &Dir) -> io::Result<Option<File>> {
    match dir.look_at(record::NAME)?.kind {
        Kind::File => dir.open_regular(record::NAME, Access::Read),
        _ => Ok(None),
    }
}

/// Whether the record still is what was read before the OS lock was granted. Its holder may have released
/// in between, and a claimant of the directory generation, which had stalled after its `mkdir`, have
/// written its own record there by path, before the directory could be removed. That one lives.
fn still_holds(dir: &Dir, judged: &Record) -> bool {
    read_record(dir).is_ok_and(|now| now.as_ref() == Some(judged))
}

fn read_record(dir: &Dir) -> io::Result<Option<Record>> {
    open_record(dir)?.map_or(Ok(None), |file| read(&file))
}

/// The file generation: one regular file at the lock's name.
///
/// Its record is complete before it is linked into place. So a file with anything else in it is no lock
/// (`Cargo.lock` is what the lock of `Cargo` would be called), except for one that a power cut has
/// left empty or full of NUL bytes: nobody is still writing that, and the short grace will do.
fn judge_file(look: Look, names: &Names, options: &LockOptions) -> Sight {
    let occupied = |file, record, verdict| {
        let body = Body::File(file);
        Sight::Occupied(Box::new(Occupant { body, look: Some(look), record, verdict }))
    };
    let file = match sys::open_file(&names.lock) {
        Ok(Some(file)) => file,
        Ok(None) => return Occupant::alive(Some(look), Liveness::Unknown("it changed".into())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Sight::Nothing,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let verdict = by_time(None, look.modified, options.ttl, options);
            return occupied(None, None, verdict);
        }
        Err(error) => return Occupant::alive(Some(look), unknown(&error)),
    };
    let read =
        sys::identity(&file).and_then(|id| Ok((id, sys::read_start(&file, record::LIMIT + 1)?)));
    match read {
        Ok((id, _)) if id != look.id => Sight::Nothing,
        Ok((_, bytes)) => match Record::parse(&bytes) {
            Some(record) => {
                let verdict = by_time(Some(&record), look.modified, options.grace, options);
                occupied(Some(file), Some(record), verdict)
            }
            None if bytes.len() <= record::LIMIT && bytes.iter().all(|byte| *byte == 0) => {
                let verdict = by_time(None, look.modified, options.grace, options);
                occupied(Some(file), None, verdict)
            }
            None => Sight::NotALock(Kind::File),
        },
        Err(error) => Occupant::alive(Some(look), unknown(&error)),
    }
}

fn read(file: &File) -> io::Result<Option<Record>> {
    Ok(Record::parse(&sys::read_start(file, record::LIMIT)?))
}

fn unknown(error: &io::Error) -> Liveness {
    Liveness::Unknown(error.to_string())
}
