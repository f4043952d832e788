//! One document, as a resolver sees it.

use std::path::Path;

use agentslock_core::{DocumentPlace, LockfileOptions, OpenError, ReadError};

use crate::changes::Plan;
use crate::error::WriteError;
use crate::pass::Pass;
use crate::snapshot::Snapshot;
use crate::stamp::{Install, Refresh};
use crate::transaction::{Transaction, Written};

/// A document, as a resolver sees it. It holds a path, and neither state nor a lock. Each call
/// reads the document as it is by then. A call that writes takes the lock for that time.
#[derive(Clone, Debug)]
pub struct ConfigLock(DocumentPlace);

impl ConfigLock {
    /// The document at `path`, with the default options. It need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::with_options(path, LockfileOptions::new())
    }

    /// The document at `path`.
    pub fn with_options(path: impl AsRef<Path>, options: LockfileOptions) -> Self {
        Self(DocumentPlace::file(path, options))
    }

    /// A document without a file, for tests of code that reads or writes one. All calls work on
    /// `text`. The clones of a handle share it.
    ///
    /// ```
    /// let lock = agentslock_config::ConfigLock::from_text(r#"{"units": {}}"#)?;
    /// assert!(lock.read()?.units()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`OpenError::Malformed`] if it is not a lock document.
    pub fn from_text(text: impl Into<String>) -> Result<Self, OpenError> {
        Ok(Self(DocumentPlace::memory(text)?))
    }

    /// The path of the document, as it was given.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Reads the document, without the lock. What the snapshot says is of one document; a missing
    /// one reads as empty.
    ///
    /// # Errors
    ///
    /// [`ReadError::Open`].
    pub fn read(&self) -> Result<Snapshot, ReadError> {
        Ok(Snapshot::new(self.0.open()?))
    }

    /// Replaces all units of the kinds that `pass` owns by those that it found. The same write
    /// holds the digests of the artifacts' content, if the pass owns artifacts, and the digest of
    /// the inputs, if it states one.
    ///
    /// A unit that is as it was (kind, digest, cache key, transitive) keeps its entry as it is
    /// spelled. One that changed keeps the fields that this crate does not know.
    ///
    /// If nothing would change, no lock is taken, and no right to write is needed.
    ///
    /// A document without `units` is an older one. The first write takes along what its sections
    /// `config` and `packages` say about other kinds, and leaves them as they are.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Kind, Pass, Reference, Revision, Unit};
    ///
    /// let old = r#"{"config": {"acme:org/a.json@v1": {"resolved_sha": "sha-1"}},
    ///     "packages": {"acme:tool@2.0.0": {"digest": "sha-2"}}}"#;
    /// let lock = ConfigLock::from_text(old)?;
    /// assert_eq!(lock.read()?.units()?.len(), 2); // reading needs no migration
    ///
    /// let layer: Reference = "acme:org/a.json@v1".parse()?;
    /// let mut layers = Pass::over([Kind::Layer]); // this program knows nothing of packages
    /// layers.add(layer, Unit::new(Kind::Layer, Revision::opaque("sha-3")))?;
    /// lock.write(&layers)?;
    ///
    /// let now = lock.read()?;
    /// assert!(now.text().contains(r#""packages""#));
    /// let package = &now.units()?[&"acme:tool@2.0.0".parse::<Reference>()?];
    /// assert_eq!((&package.kind, package.digest.as_str()), (&Kind::Artifact, "sha-2"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError`]; unless it says otherwise, the file is as it was.
    pub fn write(&self, pass: &Pass) -> Result<Written, WriteError> {
        self.update(|document| document.write(pass))
    }

    /// States what the project was installed by. Fields that this crate does not know stay.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Install, Timestamp, Tool};
    ///
    /// let lock = ConfigLock::from_text("{}")?;
    /// let tool = Tool { version: Some("2.3.0".into()), ..Tool::default() };
    /// let at: Timestamp = "2026-01-02T03:04:05Z".parse()?;
    /// lock.stamp_install(&Install::new("acme/billing", tool, at.clone()))?;
    /// let install = lock.read()?.install_stamp()?.expect("because it was just written");
    /// assert_eq!(install.stamped_at, at);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError`]; unless it says otherwise, the file is as it was.
    pub fn stamp_install(&self, install: &Install) -> Result<Written, WriteError> {
        self.update(|document| document.stamp_install(install))
    }

    /// States what the project was refreshed by. Fields that this crate does not know stay.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Refresh, Timestamp, Tool};
    ///
    /// let lock = ConfigLock::from_text(r#"{"refresh": {"channel": "beta"}}"#)?;
    /// let at: Timestamp = "2026-01-02T03:04:05Z".parse()?;
    /// lock.stamp_refresh(&Refresh::new(Tool::version("2.3.0"), at.clone()))?;
    /// let refresh = lock.read()?.refresh_stamp()?.expect("because it was just written");
    /// assert_eq!(refresh.refreshed_at, Some(at));
    /// assert_eq!(refresh.tool.version.as_deref(), Some("2.3.0"));
    /// assert!(lock.read()?.text().contains("\"channel\": \"beta\"")); // not ours to know
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError`]; unless it says otherwise, the file is as it was.
    pub fn stamp_refresh(&self, refresh: &Refresh) -> Result<Written, WriteError> {
        self.update(|document| document.stamp_refresh(refresh))
    }

    /// Several passes and stamps in one write: readers see none of them or all.
    ///
    /// `change` first runs without the lock: if it changes nothing then, no lock is taken. Else it
    /// runs while the lock is held, on the document as it is by then. If it returns an error,
    /// nothing is written. It can run again, on a later document, if a program that does not
    /// take the lock writes meanwhile. Resolve before, and keep it short.
    ///
    /// ```
    /// # use agentslock_config::{ConfigLock, Digest, Kind, Pass, Refresh, Timestamp, Tool};
    /// # let lock = ConfigLock::from_text("{}")?;
    /// # let inputs = Digest::from_sha256([1; 32]);
    /// let layers = Pass::over([Kind::Layer, Kind::Profile]);
    /// let packages = Pass::over([Kind::Artifact]).resolved_from(inputs);
    /// let stamp = Refresh::new(Tool::version("1.4.0"), Timestamp::now());
    /// let written = lock.update(|document| {
    ///     document.write(&layers)?;
    ///     document.write(&packages)?;
    ///     document.stamp_refresh(&stamp)
    /// })?;
    /// print!("{}", written.changes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `change` returns, and [`WriteError`]; unless it says otherwise, the file is as it was.
    pub fn update(
        &self,
        mut change: impl FnMut(&mut Transaction<'_>) -> Result<(), WriteError>,
    ) -> Result<Written, WriteError> {
        let updated = self.0.update(|lockfile| {
            Transaction::run(lockfile, false, &mut change).map(|plan| plan.changes)
        })?;
        Ok(Written::new(updated.value, updated.flushed))
    }

    /// What [`write`](Self::write) would change now, and what it would refuse. Takes no lock and
    /// writes nothing.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Kind, Pass, Revision, Unit};
    ///
    /// // A file of before there were `units`: the first write takes its entries along.
    /// let old = r#"{"config": {"acme:a@1": {"resolved_sha": "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"}}}"#;
    /// let lock = ConfigLock::from_text(old)?;
    /// let mut pass = Pass::over([Kind::Layer]);
    /// let commit: Revision = "1f1e2d3c4b5a69788796a5b4c3d2e1f001122334".parse()?;
    /// pass.add("acme:a@2".parse()?, Unit::new(Kind::Layer, commit))?;
    /// let plan = lock.plan(&pass)?;
    /// print!("{}", plan.changes);
    /// assert_eq!(lock.write(&pass)?.changes.to_string(), plan.changes.to_string());
    /// assert!(lock.plan(&pass)?.changes.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError`], if the document cannot be read, or is of a later format.
    pub fn plan(&self, pass: &Pass) -> Result<Plan, WriteError> {
        self.plan_update(|document| document.write(pass))
    }

    /// What [`update`](Self::update) would change now, and what it would refuse. Takes no lock and
    /// writes nothing.
    ///
    /// # Errors
    ///
    /// What `change` returns, and [`WriteError`], if the document cannot be read, or is of a later
    /// format.
    pub fn plan_update(
        &self,
        mut change: impl FnMut(&mut Transaction<'_>) -> Result<(), WriteError>,
    ) -> Result<Plan, WriteError> {
        self.0.plan(|lockfile| Transaction::run(lockfile, true, &mut change))
    }
}
