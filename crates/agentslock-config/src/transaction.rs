//! One change to a document: several passes and stamps, which are written together.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Flushed, Lockfile, ReadError};
use serde::Serialize;

use crate::changes::{Change, Changes, Plan, Refused, between};
use crate::error::WriteError;
use crate::kind::Kind;
use crate::pass::Pass;
use crate::reference::Reference;
use crate::sections::{ARTIFACT_CONTENT, Locked, content, inputs_digest, install, refresh};
use crate::stage::{stage_content, stage_install, stage_refresh, stage_units};
use crate::stamp::{Install, Refresh};
use crate::unit::Unit;

/// The document inside [`ConfigLock::update`](crate::ConfigLock::update): as it is now, with what
/// was changed so far.
#[derive(Debug)]
pub struct Transaction<'a> {
    lockfile: &'a Lockfile,
    /// Whether what cannot be written is gathered, or an error.
    plans: bool,
    before: Before,
    refused: Vec<Refused>,
}

/// What stood in the sections that were changed.
#[derive(Debug, Default)]
struct Before {
    units: Option<BTreeMap<Reference, Unit>>,
    content: Option<BTreeMap<Reference, Digest>>,
    inputs_digest: Option<Was<Digest>>,
    install: Option<Was<Install>>,
    refresh: Option<Was<Refresh>>,
}

/// What was there, if anything was.
#[derive(Debug)]
struct Was<T>(Option<T>);

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Written {
    /// What changed.
    pub changes: Changes,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Written {
    /// What a write could have done, for a test.
    pub fn new(changes: Changes, flushed: Flushed) -> Self {
        Self { changes, flushed }
    }
}

impl<'a> Transaction<'a> {
    /// Lets `change` happen to `lockfile`, which is not flushed. With `plans` what cannot be
    /// written is gathered.
    pub(crate) fn run(
        lockfile: &'a Lockfile,
        plans: bool,
        change: &mut impl FnMut(&mut Self) -> Result<(), WriteError>,
    ) -> Result<Plan, WriteError> {
        let (before, refused) = (Before::default(), Vec::new());
        let mut transaction = Self { lockfile, plans, before, refused };
        change(&mut transaction)?;
        transaction.plan()
    }

    /// As [`Snapshot::units`](crate::Snapshot::units).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn units(&self) -> Result<BTreeMap<Reference, Unit>, ReadError> {
        Ok(Locked::read(self.lockfile)?.units)
    }

    /// As [`Snapshot::inputs_digest`](crate::Snapshot::inputs_digest).
    pub fn inputs_digest(&self) -> Option<Digest> {
        inputs_digest(self.lockfile)
    }

    /// As [`ConfigLock::write`](crate::ConfigLock::write).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn write(&mut self, pass: &Pass) -> Result<(), WriteError> {
        let locked = Locked::read(self.lockfile)?;
        self.before.units.get_or_insert_with(|| locked.units.clone());
        let refused = stage_units(self.lockfile, pass, &locked)?;
        self.refuse(refused)?;
        if pass.owns(&Kind::Artifact) {
            let entries = self.lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
            let before = content(&entries)?;
            let refused = stage_content(self.lockfile, pass, &locked, &before)?;
            self.before.content.get_or_insert(before);
            self.refuse(refused)?;
        }
        if let Some(digest) = &pass.inputs_digest {
            digest.check().map_err(WriteError::InputsDigest)?;
            self.before.inputs_digest.get_or_insert_with(|| Was(inputs_digest(self.lockfile)));
            self.lockfile.set_inputs_digest(digest);
        }
        Ok(())
    }

    /// As [`ConfigLock::stamp_install`](crate::ConfigLock::stamp_install).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn stamp_install(&mut self, stamp: &Install) -> Result<(), WriteError> {
        let before = install(self.lockfile)?;
        stage_install(self.lockfile, before.as_ref(), stamp)?;
        self.before.install.get_or_insert(Was(before));
        Ok(())
    }

    /// As [`ConfigLock::stamp_refresh`](crate::ConfigLock::stamp_refresh).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn stamp_refresh(&mut self, stamp: &Refresh) -> Result<(), WriteError> {
        let before = refresh(self.lockfile)?;
        stage_refresh(self.lockfile, before.as_ref(), stamp)?;
        self.before.refresh.get_or_insert(Was(before));
        Ok(())
    }

    fn refuse(&mut self, refused: Vec<Refused>) -> Result<(), WriteError> {
        if !self.plans && !refused.is_empty() {
            return Err(WriteError::Refused { path: self.lockfile.path().to_owned(), refused });
        }
        self.refused.extend(refused);
        Ok(())
    }

    fn plan(self) -> Result<Plan, WriteError> {
        let (lockfile, before) = (self.lockfile, self.before);
        let mut changes = Changes::default();
        if let Some(before) = before.units {
            changes.units = between(before, Locked::read(lockfile)?.units);
        }
        if let Some(before) = before.content {
            let entries = lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
            changes.artifact_content = between(before, content(&entries)?);
        }
        if let Some(Was(before)) = before.inputs_digest {
            changes.inputs_digest = Change::of(before, inputs_digest(lockfile));
        }
        if let Some(Was(before)) = before.install {
            changes.install = Change::of(before, install(lockfile)?);
        }
        if let Some(Was(before)) = before.refresh {
            changes.refresh = Change::of(before, refresh(lockfile)?);
        }
        Ok(Plan { changes, refused: self.refused })
    }
}
