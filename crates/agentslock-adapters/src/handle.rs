//! One adapter's own part of a document, and how it is changed.

use agentslock_core::{Entries, Flushed, Lockfile, ReadError, Timestamp};

use crate::adapter::Adapter;
use crate::document::{ADAPTERS, AdaptersLock, check_name};
use crate::error::{ChangeError, IllegalTransition, UnusableNameError};
use crate::machine::Event;
use crate::view::{View, ViewName};

/// One adapter's own part of a document: its entry, and its views.
///
/// Each change is read and written under one hold of the lock. It changes the entry of this adapter
/// alone; only a new schema ([`activate`](Self::activate), [`schema_bumped`](Self::schema_bumped))
/// reaches the views of others.
#[derive(Clone, Debug)]
pub struct AdapterHandle {
    lock: AdaptersLock,
    name: String,
}

impl AdaptersLock {
    /// The part of it that is the adapter `name`'s own. All changes are made through that, so that
    /// no adapter changes another's entry.
    ///
    /// # Errors
    ///
    /// [`UnusableNameError`] when no adapter can be called so.
    pub fn adapter(&self, name: impl Into<String>) -> Result<AdapterHandle, UnusableNameError> {
        let name = name.into();
        check_name(&name, "an adapter")?;
        Ok(AdapterHandle::new(self.clone(), name))
    }
}

impl AdapterHandle {
    fn new(lock: AdaptersLock, name: String) -> Self {
        Self { lock, name }
    }

    /// The adapter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its entry; `None` if it is not active. The entries of others are not even decoded.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry and field.
    pub fn entry(&self) -> Result<Option<Adapter>, ReadError> {
        let entries = self.lock.open()?.entries_or_empty(ADAPTERS)?;
        Ok(entries.object(&self.name, Adapter::from_fields)?)
    }

    pub(crate) fn lock(&self) -> &AdaptersLock {
        &self.lock
    }

    pub(crate) fn view_name(&self, view: &str) -> ViewName {
        ViewName { adapter: self.name.clone(), view: view.to_owned() }
    }

    /// Its entry among `entries`, which must be there.
    pub(crate) fn require(&self, entries: &Entries) -> Result<Adapter, ChangeError> {
        let entry = entries.object(&self.name, Adapter::from_fields)?;
        entry.ok_or_else(|| ChangeError::NotActive {
            path: entries.path().to_owned(),
            adapter: self.name.clone(),
        })
    }

    /// Updates the section.
    pub(crate) fn update_section<R>(
        &self,
        mut change: impl FnMut(&Lockfile, &mut Entries) -> Result<R, ChangeError>,
    ) -> Result<(R, Flushed), ChangeError> {
        let updated = self.lock.place().update(|lockfile| {
            let mut entries = lockfile.entries_or_empty(ADAPTERS)?;
            let value = change(lockfile, &mut entries)?;
            lockfile.set_entries(&entries)?;
            Ok::<_, ChangeError>(value)
        })?;
        Ok((updated.value, updated.flushed))
    }

    /// Changes the adapter's entry, which must be there.
    pub(crate) fn change<R>(
        &self,
        mut change: impl FnMut(&Entries, &mut Adapter) -> Result<R, ChangeError>,
    ) -> Result<(R, Flushed), ChangeError> {
        self.update_section(|_, entries| {
            let before = self.require(entries)?;
            let mut after = before.clone();
            let value = change(entries, &mut after)?;
            if after != before {
                entries.set(&self.name, &after)?;
            }
            Ok(value)
        })
    }

    pub(crate) fn check_time(&self, at: &Timestamp) -> Result<(), ChangeError> {
        let of = format!("the adapter {:?}", self.name);
        at.check().map_err(|source| ChangeError::Timestamp { of, source })
    }

    /// Lets `event` happen to the view `name`, and then `change`s what else comes with it.
    pub(crate) fn happen<R>(
        &self,
        name: &str,
        event: &Event,
        at: &Timestamp,
        change: impl Fn(&Entries, &mut View) -> Result<R, ChangeError>,
    ) -> Result<(R, Flushed), ChangeError> {
        check_name(name, "a view")?;
        let of = || format!("the view `{}`", self.view_name(name));
        at.check().map_err(|source| ChangeError::Timestamp { of: of(), source })?;
        self.change(|entries, adapter| {
            let old = adapter.materialized_views.remove(name);
            let from = old.as_ref().map(|view| view.view_status.clone());
            let Some(to) = event.leads_to(from.as_ref()) else {
                let view = self.view_name(name);
                let transition = IllegalTransition { view, state: from, event: event.clone() };
                return Err(ChangeError::Illegal { path: entries.path().to_owned(), transition });
            };
            let mut view = old.unwrap_or_else(View::new);
            view.enter(from.as_ref(), to, event, at);
            let value = change(entries, &mut view)?;
            adapter.materialized_views.insert(name.to_owned(), view);
            Ok(value)
        })
    }
}
