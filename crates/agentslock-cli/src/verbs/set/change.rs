//! One change of the document, for `set` and `unset`. It is checked first, then staged on the
//! document as it is under the lock.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use agentslock_core::text::compact;
use agentslock_core::{Digest, Flushed, Lockfile, LockfileOptions, StageError, is_reserved};

use crate::document::describe::Detail;
use crate::document::missing;
use crate::document::path::ValuePath;
use crate::document::update::{By, stage_inputs_digest, update};
use crate::document::value::{self, digest};
use crate::filter::{UnderLock, filter};
use crate::flags::Common;
use crate::hold::Outer;
use crate::io::failure::{Failure, NO};
use crate::io::paint::Paint;
use crate::io::stderr;
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::lock_wait;
use crate::sys;
use crate::verbs::diff;

/// What is put in the place of a value.
pub(crate) enum NewValue<'a> {
    /// The JSON text that was read, and where from.
    Json { source: String, json: Vec<u8> },
    /// What a command makes of the value that is there.
    Filtered(&'a [OsString]),
    /// Nothing.
    Removed,
}

/// What the value must be for the change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// There is none.
    Nothing,
    /// One with this digest, as `show --digest` prints it.
    Value(Digest),
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::Nothing);
        }
        let digest = text
            .parse()
            .map_err(|error| format!("{error}; expected what `show --digest` prints, or `none`"))?;
        Ok(Self::Value(digest))
    }
}

/// One change of the document.
pub(crate) struct Change<'a> {
    pub(crate) at: Option<ValuePath>,
    pub(crate) value: NewValue<'a>,
    pub(crate) expected: Option<Expected>,
    /// The digest of the inputs; an empty one removes it.
    pub(crate) inputs_digest: Option<&'a str>,
    /// Whether a value that is to be removed must be there.
    pub(crate) must_exist: bool,
}

impl Change<'_> {
    /// Makes the change, or only says what it would do, and says what was done.
    pub(crate) fn perform(
        &self,
        path: &Path,
        dry_run: bool,
        common: &Common,
    ) -> Result<ExitCode, Failure> {
        if dry_run {
            return self.dry_run(path, common);
        }
        let outcome = match self.write(path, common)? {
            Flushed::Written => "written",
            Flushed::Unchanged => "unchanged",
        };
        if common.verbose {
            stderr::say(&format!("`{}`: {outcome}", path.display()));
        }
        if !common.json {
            return Ok(ExitCode::SUCCESS);
        }
        let mut fields = envelope(path, true);
        push(&mut fields, "outcome", outcome);
        print_envelope(&fields)
    }

    /// Stages all on a handle that is never flushed, and shows what that changed.
    fn dry_run(&self, path: &Path, common: &Common) -> Result<ExitCode, Failure> {
        let (before, after) = (Lockfile::open(path)?, Lockfile::open(path)?);
        self.stage(&after, UnderLock::none())?;
        let is_same = after.changed_text()?.is_none();
        let differences = agentslock_core::merge::diff(&before, &after);
        if !common.json {
            let detail = if common.verbose { Detail::Whole } else { Detail::Short };
            return print(&diff::as_text(&differences, detail, Paint::NONE));
        }
        let mut fields = envelope(path, true);
        push(&mut fields, "outcome", if is_same { "unchanged" } else { "would-write" });
        push(&mut fields, "differences", &diff::as_json(&differences));
        print_envelope(&fields)
    }

    fn write(&self, path: &Path, common: &Common) -> Result<Flushed, Failure> {
        // What does not depend on what is there is checked, and staged, before the lock is taken.
        if self.replaces_section() && Outer::of(path)?.is_none() {
            let options = LockfileOptions::new().lock(lock_wait::options(common, path));
            let lockfile = options.open(path)?;
            self.stage(&lockfile, UnderLock::none())?;
            if matches!(self.value, NewValue::Removed)
                && self.inputs_digest.is_none()
                && lockfile.was_missing()
            {
                // A document is not created for something to be removed from it.
                return Ok(Flushed::Unchanged);
            }
            sys::wait_begins();
            return Ok(lockfile.flush()?);
        }
        if let NewValue::Json { source, json } = &self.value {
            checked(source, json)?;
        }
        let by = match self.value {
            NewValue::Filtered(_) => By::Command,
            NewValue::Json { .. } | NewValue::Removed => By::Itself,
        };
        update(path, common, by, |lockfile, lock| self.stage(lockfile, lock))
    }

    /// Whether it does the same whatever stands there.
    fn replaces_section(&self) -> bool {
        let at_section = self.at.as_ref().is_none_or(ValuePath::is_section);
        at_section
            && self.expected.is_none()
            && !self.must_exist
            && !matches!(self.value, NewValue::Filtered(_))
    }

    fn stage(&self, lockfile: &Lockfile, lock: UnderLock<'_>) -> Result<(), Failure> {
        if let Some(digest) = self.inputs_digest {
            stage_inputs_digest(lockfile, digest);
        }
        let Some(at) = &self.at else { return Ok(()) };
        let section = lockfile.section_raw(at.section())?;
        let current = section.as_deref().map(|section| value::find(section, at.steps()));
        let current = current.and_then(Result::ok);
        self.expect(lockfile, at, current)?;
        let (source, new) = match &self.value {
            NewValue::Removed => return self.remove(lockfile, at, section.as_deref()),
            NewValue::Json { source, json } => (source.clone(), json.clone()),
            NewValue::Filtered(command) => {
                let output = filter(lock, current.unwrap_or("null").into(), command)?;
                (format!("the output of `{}`", command[0].to_string_lossy()), output)
            }
        };
        if at.is_section() {
            return stage(lockfile, at.section(), &source, &new);
        }
        let new = checked(&source, &new)?;
        let section = section.as_deref().unwrap_or("null");
        let section = value::with(section, at.steps(), &new)
            .map_err(|why| missing::cannot_be_set(lockfile.path(), at, &why))?;
        stage(lockfile, at.section(), &source, section.as_bytes())
    }

    fn remove(
        &self,
        lockfile: &Lockfile,
        at: &ValuePath,
        section: Option<&str>,
    ) -> Result<(), Failure> {
        let absent = || {
            if !self.must_exist {
                return Ok(());
            }
            let Failure { message, .. } = missing::absent(lockfile, at);
            Err(Failure::new(NO, "absent", format!("{message}; nothing was written")))
        };
        match section {
            None => absent(),
            Some(_) if at.is_section() => Ok(lockfile.remove_section(at.section())?),
            Some(section) => match value::without(section, at.steps()) {
                Ok(section) => Ok(lockfile.set_section_raw(at.section(), section)?),
                Err(_) => absent(),
            },
        }
    }

    fn expect(
        &self,
        lockfile: &Lockfile,
        at: &ValuePath,
        current: Option<&str>,
    ) -> Result<(), Failure> {
        let is = match (&self.expected, current) {
            (None, _) | (Some(Expected::Nothing), None) => return Ok(()),
            (Some(Expected::Value(_)), None) => "is not there".to_owned(),
            (Some(expected), Some(value)) => {
                let digest = digest(value);
                if *expected == Expected::Value(digest.clone()) {
                    return Ok(());
                }
                format!("has the digest {digest}")
            }
        };
        let path = lockfile.path().display();
        let message = format!(
            "`{path}`: `{at}` {is}, which is not what --expect says; nothing was written; look at it: \
             `agentslock show {at}`"
        );
        Err(Failure::new(NO, "not-expected", message))
    }
}

/// What is no section is refused, with the way to set it.
pub(crate) fn refuse_reserved(at: &ValuePath) -> Result<(), Failure> {
    match at.section() {
        name if !is_reserved(name) => Ok(()),
        "inputs_digest" => Err(Failure::input(
            "inputs_digest is not a section; use `set --inputs-digest DIGEST`; nothing was written",
        )),
        _ => Err(Failure::input(
            "lock_version is not a section, and is not set: it is the format's version; nothing was \
             written",
        )),
    }
}

/// A new value on one line, or what is wrong with it.
fn checked(source: &str, json: &[u8]) -> Result<String, Failure> {
    refuse_empty(source, json)?;
    compact(json).map_err(|error| Failure::input(format!("{source}, {error}; nothing was written")))
}

fn refuse_empty(source: &str, json: &[u8]) -> Result<(), Failure> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::input(format!(
            "{source}, line 1, column 1: it is empty; nothing was written"
        )));
    }
    Ok(())
}

fn stage(lockfile: &Lockfile, section: &str, source: &str, json: &[u8]) -> Result<(), Failure> {
    refuse_empty(source, json)?;
    lockfile.set_section_raw(section, json).map_err(|error| match error {
        StageError::NotJson { error, .. } => {
            Failure::input(format!("{source}, {error}; nothing was written"))
        }
        error => Failure::from(error),
    })
}
