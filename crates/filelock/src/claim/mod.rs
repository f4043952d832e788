//! A claim: one directory of ours with our record inside, whether still private or already the
//! lock.

pub(crate) mod claiming;
pub(crate) mod exchange;
mod in_place;
pub(crate) mod parent;
pub(crate) mod prepare;
pub(crate) mod publish;
mod reissue;
pub(crate) mod slot;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::environment::{Environment, new_token};
use crate::names::Names;
use crate::options::LockOptions;
use crate::process::ProcessId;
use crate::record::facts::Facts;
use crate::record::file::RecordFile;
use crate::record::{self, Record};
use crate::sys::{self, Access, Dir, FileId, Stream};

/// What one acquisition owns. The inode of the directory, which the open descriptor keeps from
/// being reused, is together with the token the identity of the acquisition.
///
/// It lives in a box from the start: each acquisition of a handle passes it on several times.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) dir: Dir,
    pub(crate) id: FileId,
    pub(crate) record: Record,
    /// The record's file, if we hold the OS lock on `dir`, so that the kernel and not the clock
    /// speaks for us. Elsewhere it is opened by name each time. On a network file system only
    /// opening asks the server (close-to-open consistency, nfs(5)). A file that is removed while it
    /// is open stays behind under another name, and keeps the directory from being removed.
    pub(crate) file: Option<RecordFile>,
    /// When its directory last changed, as we know of it: for peers that go by that. A record that
    /// is overwritten in place does not change its directory.
    pub(crate) changed: i64,
    /// The record's stream, if the system tells others by it that we live (Windows).
    pub(crate) stream: Option<Stream>,
    /// The name that it was prepared at, if it was published with its record, as its directory's
    /// sticky bit says.
    pub(crate) private: Option<PathBuf>,
    /// The process that made it. A forked child has its memory and its descriptors, and must touch
    /// nothing on the disk.
    pub(crate) owner: ProcessId,
}

/// A stamp older than this is not shown to others as "just acquired".
const FRESH: Duration = Duration::from_secs(1);

impl Claim {
    fn record_for(names: &Names, options: &LockOptions, owner: ProcessId, flocked: bool) -> Record {
        let environment = &options.environment;
        let stamp = environment.now();
        let facts = Facts::of(stamp, owner, &names.parent, options.label.as_deref());
        Record {
            pid: owner.number,
            stamp,
            token: new_token(owner.number),
            flock: flocked.then(|| environment.kernel_id()),
            private: None,
            facts: Facts { boot_device: environment.boot_device(), ..facts },
        }
    }

    /// Whether the record should be stamped again before (or right after) others see it, and its
    /// directory be touched. So much time went by because we waited, or were stopped.
    pub(crate) fn is_stale(&self, environment: &Environment) -> bool {
        environment.age(self.record.stamp.min(self.changed)) > FRESH
    }

    /// Stamps it anew if that is due. Not yet published: nobody else sees it.
    fn stamp_if_stale(&mut self, environment: &Environment) -> io::Result<()> {
        if self.is_stale(environment) {
            let now = environment.now();
            self.stamp(now)?;
            (self.record.stamp, self.changed) = (now, now);
        }
        Ok(())
    }

    /// Overwrites the stamp in place with one positioned write. A reader in the middle of it sees a
    /// mixture of two times that differ by seconds. If we die in the middle, the mixture stays.
    /// Both are harmless, and neither leaves a record of another length.
    ///
    /// The directory is touched, too: for peers that cannot make out the record and go by its last
    /// change.
    pub(crate) fn stamp(&self, now: i64) -> io::Result<()> {
        let _ = self.dir.touch();
        self.write_stamp(now)
    }

    /// Says that the lock may be taken, where only the clock speaks for it: a time long ago, in
    /// place of the stamp. Nothing else is touched. A renewal takes it back.
    pub(crate) fn expire(&self) -> io::Result<()> {
        self.write_stamp(0)
    }

    fn write_stamp(&self, now: i64) -> io::Result<()> {
        let digits = record::stamp_digits(now);
        let offset = self.record.stamp_offset();
        match &self.file {
            Some(own) => own.overwrite(digits.as_bytes(), offset),
            None => match self.dir.open_regular(record::NAME, Access::ReadWrite)? {
                Some(file) => sys::overwrite(&file, digits.as_bytes(), offset),
                None => Err(io::ErrorKind::NotFound.into()),
            },
        }
    }

    /// The record as it stands in the directory now, as far as it goes if it is ours. `None` if it
    /// is gone or invalid.
    pub(crate) fn read_back(&self) -> io::Result<Option<Record>> {
        Ok(self.read(Record::parse)?.flatten())
    }

    /// Whether the record in the directory has our token now. `None` if it is gone or invalid.
    pub(crate) fn has_our_token(&self) -> io::Result<Option<bool>> {
        let found = self.read(|bytes| {
            // Most often it stands there byte by byte as we wrote it, and need not be taken apart.
            if self.file.as_ref().is_some_and(|own| own.wrote(bytes)) {
                return Some(true);
            }
            Record::parse(bytes).map(|found| found.token == self.record.token)
        });
        Ok(found?.flatten())
    }

    /// What `f` makes of the record's bytes; `None` if it is gone.
    fn read<T>(&self, f: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let read = match &self.file {
            Some(own) => own.read_back(&self.dir, f),
            None => self.dir.open_regular(record::NAME, Access::Read).and_then(|file| {
                let read = file.map(|file| sys::read_start(&file, record::LIMIT));
                Ok(read.transpose()?.map(|bytes| f(&bytes)))
            }),
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other,
        }
    }
}
