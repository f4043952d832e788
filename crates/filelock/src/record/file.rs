//! The record's file: written once, read by name and through a descriptor.

use std::fs::File;
use std::io;

use crate::record::{self, Record};
use crate::sys::{self, Access, Dir, FileId, Flock, Kind};

/// The record's file, open, and what about it does not change while it is.
#[derive(Debug)]
pub(crate) struct RecordFile {
    file: File,
    id: FileId,
    /// What was written. A renewal writes over its stamp, and leaves this as it was.
    written: Vec<u8>,
}

impl RecordFile {
    pub(crate) fn write(file: File, bytes: Vec<u8>) -> io::Result<Self> {
        let id = sys::write_record(&file, &bytes)?;
        Ok(Self { file, id, written: bytes })
    }

    /// Lets child processes inherit a share of its OS lock, or not.
    pub(crate) fn set_inherited(&self, inherited: bool) -> io::Result<()> {
        sys::set_inherited(&self.file, inherited)
    }

    /// Overwrites bytes of it in place, from `offset`.
    pub(crate) fn overwrite(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        sys::overwrite(&self.file, bytes, offset)
    }

    /// Overwrites all of it with `record`, the one that was written, as that of a new acquisition.
    /// `false`, and nothing was written, if that would change its length.
    pub(crate) fn reissue(
        &mut self,
        record: &mut Record,
        stamp: i64,
        token: String,
    ) -> io::Result<bool> {
        if !record.reissue(&mut self.written, stamp, token) {
            return Ok(false);
        }
        self.overwrite(&self.written, 0).map(|()| true)
    }

    /// Whether these bytes are what was written last.
    pub(crate) fn wrote(&self, bytes: &[u8]) -> bool {
        self.written == bytes
    }

    /// Whether it still is the record in `dir`.
    pub(crate) fn is_in(&self, dir: &Dir) -> io::Result<bool> {
        match dir.lstat_at(record::NAME) {
            Ok(stat) => Ok(stat.id == self.id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What `f` makes of what stands in it; `None` if another file has its name in `dir`.
    ///
    /// No more than was written, so that one read is all: ours has no more, and another's that was
    /// written over it differs before that.
    pub(crate) fn read_back<T>(
        &self,
        dir: &Dir,
        f: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<Option<T>> {
        /// Longer than most records. What fits needs no memory of its own.
        const SHORT: usize = 512;
        if dir.lstat_at(record::NAME)?.id != self.id {
            return Ok(None);
        }
        let length = self.written.len();
        let (mut short, mut long) = ([0; SHORT], Vec::new());
        let bytes = if length <= SHORT {
            &mut short[..length]
        } else {
            long.resize(length, 0);
            &mut long[..]
        };
        let length = sys::read_start_into(&self.file, bytes)?;
        Ok(Some(f(&bytes[..length])))
    }
}

/// Takes the OS lock of a new record, in which nothing stands yet, and notes in `record` that its
/// holder has it. If it is refused, or not to be had, the record does not say so.
pub(crate) fn lock_new(file: &File, record: &mut Record) {
    record.facts.is_locked = matches!(sys::try_flock_file(file, Flock::Exclusive), Ok(true));
}

/// Opens the record. It is looked at first: opening a device can have effects of its own.
pub(crate) fn open_record(dir: &Dir) -> io::Result<Option<File>> {
    match dir.lstat_at(record::NAME)?.kind {
        Kind::File => dir.open_regular(record::NAME, Access::Read),
        _ => Ok(None),
    }
}

pub(crate) fn read_record(dir: &Dir) -> io::Result<Option<Record>> {
    open_record(dir)?.map_or(Ok(None), |file| read(&file))
}

pub(crate) fn read(file: &File) -> io::Result<Option<Record>> {
    Ok(Record::parse(&sys::read_start(file, record::LIMIT)?))
}
