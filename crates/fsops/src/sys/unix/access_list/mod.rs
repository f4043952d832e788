//! POSIX access control lists, as Linux keeps them: in an extended attribute of the file.
//!
//! The format is that of `linux/posix_acl_xattr.h`: a version, then entries of a tag, permissions
//! and an id, all little-endian. How a list is evaluated is described in acl(5).
//!
//! A list is only changed so that nobody gains a right. What each change does to others follows
//! from the order of evaluation: the owner's entry decides for the owner, a user's for that user.
//! For all others, any entry of one of their groups can grant. The last entry decides only for
//! those who are in none of these groups.

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "none.rs")]
mod attribute;

const VERSION: u32 = 2;
const HEADER: usize = 4;
const ENTRY: usize = 8;

const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP: u16 = 0x04;
const NAMED_GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;

/// The id of an entry that names nobody. It is also what the kernel shows for somebody who has no
/// id in our user namespace.
const NOBODY: u32 = u32::MAX;

/// An access control list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessList {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    tag: u16,
    rights: u16,
    id: u32,
}

/// Whom a file had as its user and group, if its replacement has another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Former {
    pub(super) user: Option<Who>,
    pub(super) group: Option<Who>,
}

/// A user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Known(u32),
    /// Has no id in our user namespace, and so cannot be named.
    Unmapped,
}

impl AccessList {
    /// The list of what is at `path`, itself no link; `None` if it has none.
    pub(super) fn of_path(path: &Path) -> io::Result<Option<Self>> {
        attribute::of_path(path, Self::from_bytes)
    }

    /// The list of `file`; `None` if it has none.
    pub(super) fn of_file(file: &File) -> io::Result<Option<Self>> {
        attribute::of_file(file, Self::from_bytes)
    }

    /// What a mode without a list stands for.
    pub(super) fn of_mode(mode: u32) -> Self {
        let entry = |tag, shift: u32| {
            let rights = u16::try_from(mode >> shift & 7).expect("because it is three bits");
            Entry { tag, rights, id: NOBODY }
        };
        Self { entries: vec![entry(OWNER, 6), entry(GROUP, 3), entry(OTHERS, 0)] }
    }

    /// Gives `file` this list, and with it the permission bits of [`mode`](Self::mode).
    pub(super) fn set(&self, file: &File) -> io::Result<()> {
        attribute::set(file, &self.to_bytes())
    }

    /// Takes the list of `file` away. Its permission bits stay.
    pub(super) fn remove(file: &File) -> io::Result<()> {
        attribute::remove(file)
    }

    /// The permission bits that a file with this list shows: the group's are those of the mask.
    pub(super) fn mode(&self) -> u32 {
        let group = if self.mask().is_some() { MASK } else { GROUP };
        let bits = |tag| u32::from(self.rights(tag));
        bits(OWNER) << 6 | bits(group) << 3 | bits(OTHERS)
    }

    /// The list for a file that has another user or group than the one that it replaces.
    ///
    /// Whom the list can name gets an entry of their own, with what they had; a mask can leave less
    /// of it. Whom it cannot name lose it. Nobody gains anything, except the new owner.
    pub(super) fn handed_over(mut self, former: Former) -> Self {
        let can_name = self.mask().is_some();
        // The kernel would not let us name them again.
        let names = self.names();
        self.forget(|entry| entry.id == NOBODY);
        let lost_names = self.names() < names;
        if let Some(Who::Known(user)) = former.user
            && can_name
        {
            self.name(USER, user, self.rights(OWNER));
        }
        if let Some(group) = former.group {
            let had = self.rights(GROUP) & self.granted();
            match group {
                Who::Known(group) if can_name => self.name(NAMED_GROUP, group, self.rights(GROUP)),
                // Its members are others now.
                _ => self.limit(OTHERS, had),
            }
            // The members of the new group were others, or of a group that had a right of its own.
            let of_groups = self.all(NAMED_GROUP) & had;
            let others = self.rights(OTHERS);
            self.limit(GROUP, 0);
            self.raise(GROUP, others & of_groups);
        }
        // A mask without names would only make the mode hard to read.
        if lost_names && self.names() == 0 { self.without_names() } else { self }
    }

    /// The same for a file that can have no list: a list of the three entries that a mode has.
    pub(super) fn without_names(mut self) -> Self {
        self.forget(|_| true);
        let granted = self.granted();
        self.limit(GROUP, granted);
        self.entries.retain(|entry| entry.tag != MASK);
        self
    }

    /// Removes entries with names. The users that they name count by their groups from now on, or
    /// as others. What such an entry kept from them must not be granted there.
    fn forget(&mut self, is_meant: impl Fn(&Entry) -> bool) {
        let has_name = |entry: &Entry| matches!(entry.tag, USER | NAMED_GROUP);
        let is_meant = |entry: &Entry| has_name(entry) && is_meant(entry);
        while let Some(at) = self.entries.iter().position(is_meant) {
            let entry = self.entries.remove(at);
            let had = entry.rights & self.granted();
            self.limit(OTHERS, had);
            if entry.tag == USER {
                self.limit(GROUP, had);
                self.limit(NAMED_GROUP, had);
            }
        }
    }

    fn names(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.tag, USER | NAMED_GROUP)).count()
    }

    /// Adds an entry for somebody who has none.
    fn name(&mut self, tag: u16, id: u32, rights: u16) {
        if self.entries.iter().any(|entry| (entry.tag, entry.id) == (tag, id)) {
            return;
        }
        let after = self.entries.partition_point(|entry| (entry.tag, entry.id) < (tag, id));
        self.entries.insert(after, Entry { tag, rights, id });
    }

    fn limit(&mut self, tag: u16, rights: u16) {
        for entry in self.entries.iter_mut().filter(|entry| entry.tag == tag) {
            entry.rights &= rights;
        }
    }

    fn raise(&mut self, tag: u16, rights: u16) {
        for entry in self.entries.iter_mut().filter(|entry| entry.tag == tag) {
            entry.rights |= rights;
        }
    }

    fn mask(&self) -> Option<u16> {
        self.entries.iter().find(|entry| entry.tag == MASK).map(|entry| entry.rights)
    }

    /// What the mask lets pass.
    fn granted(&self) -> u16 {
        self.mask().unwrap_or(7)
    }

    fn rights(&self, tag: u16) -> u16 {
        self.entries.iter().find(|entry| entry.tag == tag).map_or(0, |entry| entry.rights)
    }

    /// What all entries of this kind grant, and the mask with them.
    fn all(&self, tag: u16) -> u16 {
        let of_kind = self.entries.iter().filter(|entry| entry.tag == tag);
        of_kind.fold(7, |all, entry| all & entry.rights & self.granted())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, entries) = bytes.split_first_chunk::<HEADER>()?;
        if u32::from_le_bytes(*version) != VERSION || entries.len() % ENTRY != 0 {
            return None;
        }
        let parse = |entry: &[u8]| {
            let (&tag, rest) = entry.split_first_chunk::<2>()?;
            let (&rights, id) = rest.split_first_chunk::<2>()?;
            let (tag, rights) = (u16::from_le_bytes(tag), u16::from_le_bytes(rights));
            let id = u32::from_le_bytes(id.try_into().ok()?);
            let is_known = [OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHERS].contains(&tag);
            (is_known && rights <= 7).then_some(Entry { tag, rights, id })
        };
        Some(Self { entries: entries.chunks_exact(ENTRY).map(parse).collect::<Option<_>>()? })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for entry in &self.entries {
            bytes.extend(entry.tag.to_le_bytes());
            bytes.extend(entry.rights.to_le_bytes());
            bytes.extend(entry.id.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
