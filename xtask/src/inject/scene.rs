//! One run's directory: set up as the scenario says, and looked at afterwards.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agentslock_core::Lockfile;
use filelock::LockGuard;
use tempfile::TempDir;

use super::dead::{age, leave_a_temporary, leave_the_dead, named};
use super::lease::Leaseholder;
use super::locked::ARCHIVE;
use super::scenario::{Act, File, Lock, LockedAct, NEXT_RECORD, Scenario, System, rotated};
use super::tools::Tools;
use crate::outcome::Outcome;
use crate::workload::mounts::run;
use crate::workspace::worker;
use filelock::testing::Way;

/// How long a lock without a record can be a claim in the making, and a bit.
const GRACE: Duration = Duration::from_millis(2100);
/// What a process has emptied is left to it for 50 ms. Far less than the grace.
const MOMENT: Duration = Duration::from_millis(500);
/// After which a record that only the clock can judge is void, and a bit.
const TTL: Duration = Duration::from_secs(31);

pub(crate) struct Scene<'a> {
    pub(crate) directory: TempDir,
    scenario: &'a Scenario,
    pub(crate) target: PathBuf,
    holder: Option<LockGuard>,
    /// Killed when it is dropped.
    _leaseholder: Option<Leaseholder>,
    /// The inodes of what lay beside the file.
    left_before: Vec<u64>,
    /// The file's access list, if that is to be kept.
    list: Option<String>,
}

/// What was found wrong, in a sentence.
pub(crate) type Wrong = String;

/// What was found afterwards.
#[derive(Default)]
pub(crate) struct Aftermath {
    /// The new content is in place (and differs from the old).
    pub(crate) is_new: bool,
    /// What lay beside the file that was not there before.
    pub(crate) own_litter: Vec<String>,
    /// How much later the next writer had to come, where time decides.
    pub(crate) waited_for: Duration,
    /// How long the next writer took.
    pub(crate) next_took: Duration,
    /// The file's access list is another than before.
    pub(crate) list: Option<String>,
    pub(crate) wrong: Vec<Wrong>,
}

/// What is left of the list that [`share`] gives where lists cannot be set.
pub(crate) const NARROWED: &str = "user::rw-,group::---,other::r--";

/// Gives `target` an access list by which one user more can write, and its group nothing.
/// Its directory gets one for new files, by which another user could write. Returns the first.
fn share(target: &Path) -> Outcome<String> {
    let beside = target.parent().expect("because it lies in a directory");
    run(Command::new("setfacl").args(["-m", "u:2001:rw,g::---"]).arg(target))?;
    run(Command::new("setfacl").args(["-d", "-m", "u:2002:rwx"]).arg(beside))?;
    access_list(target)
}

/// In one line, without what the mask does to it.
fn access_list(path: &Path) -> Outcome<String> {
    let output = Command::new("getfacl").arg("-cpnE").arg(path).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().replace('\n', ","))
}

impl<'a> Scene<'a> {
    pub(crate) fn set_up(scenario: &'a Scenario, place: &Path) -> Outcome<Self> {
        let directory = tempfile::tempdir_in(place)?;
        let target = scenario.target(directory.path());
        if let Some(old) = scenario.initial() {
            fs::write(&target, old)?;
        }
        let way = match scenario.act {
            Act::Lock(way) => way,
            _ => Way::Published,
        };
        let mut holder = None;
        match scenario.lock {
            Lock::Free => {}
            Lock::Dead => {
                leave_the_dead(&target, way)?;
                if matches!(scenario.act, Act::Set | Act::Update | Act::Locked(_)) {
                    leave_a_temporary(&target)?;
                }
            }
            Lock::Held => holder = Some(way.options(0).acquire(&target)?),
        }
        let list = match scenario.file {
            File::Shared => Some(share(&target)?),
            _ => None,
        };
        let leaseholder = match scenario.system {
            // A young file is looked at twice, and it is long until Python has the lease: sometimes
            // longer than a file is young. The other scenarios have young files.
            System::Leased => {
                age(&target)?;
                Some(Leaseholder::of(&target)?)
            }
            _ => None,
        };
        let mut scene = Self {
            directory,
            scenario,
            target,
            holder,
            _leaseholder: leaseholder,
            left_before: Vec::new(),
            list,
        };
        for name in scene.litter()? {
            scene.left_before.push(fs::symlink_metadata(scene.target.with_file_name(name))?.ino());
        }
        Ok(scene)
    }

    /// Whether anybody has other rights than before, in the file or in what lies beside it.
    fn look_at_rights(&self, after: &mut Aftermath) -> Outcome {
        let Some(expected) = &self.list else { return Ok(()) };
        let found = access_list(&self.target)?;
        if found != *expected {
            after.list = Some(found);
        }
        for name in self.litter()? {
            let path = self.target.with_file_name(&name);
            let for_others = fs::symlink_metadata(&path)?.mode() & 0o077;
            if name.contains(".tmp-") && for_others != 0 && access_list(&path)? != *expected {
                after.wrong.push(format!("`{name}` grants what the file did not"));
            }
        }
        Ok(())
    }

    fn content(&self) -> Outcome<Option<String>> {
        let log = read(&self.target)?;
        if self.scenario.act != Act::Locked(LockedAct::Rotate) {
            return Ok(log);
        }
        let archive = read(&self.target.with_file_name(ARCHIVE))?;
        Ok(Some(rotated(archive.as_deref(), log.as_deref())))
    }

    /// What lies beside the file.
    fn litter(&self) -> std::io::Result<Vec<String>> {
        let beside = self.target.parent().expect("because it lies in a directory");
        let mut names = Vec::new();
        match fs::read_dir(beside) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry?.file_name().to_string_lossy().into_owned();
                    if !self.target.ends_with(&name) && name != ARCHIVE {
                        names.push(name);
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(names)
    }

    /// Whether `name` is a dead lock, a preparation or a temporary: what a killed process leaves.
    fn may_be_left_by_the_dead(&self, name: &str) -> bool {
        let file = self.target.file_name().expect("because it is a file").to_string_lossy();
        let Some(rest) = name.strip_prefix(&*file) else { return false };
        let is_unique = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        rest == ".lock"
            || rest.strip_prefix(".lock.prep-").is_some_and(|unique| is_unique(unique, 16))
            || rest.strip_prefix(".tmp-").is_some_and(|unique| is_unique(unique, 12))
    }

    /// Whether `name` was there before the program ran, and is still the same.
    fn was_left_before(&self, name: &str) -> bool {
        let look = fs::symlink_metadata(self.target.with_file_name(name));
        look.is_ok_and(|look| self.left_before.contains(&look.ino()))
    }

    /// Looks at what was left; lets the next writer come, and then, once it is old, one who clears.
    ///
    /// `late`: the program may have been kept from releasing its lock.
    pub(crate) fn aftermath(&mut self, tools: &Tools, late: bool) -> Outcome<Aftermath> {
        let mut after = Aftermath::default();
        let found = self.content()?;
        let (old, new) = (self.scenario.before(), self.scenario.after());
        after.is_new = found == new && new != old;
        let is_allowed = found == old || found == new || self.scenario.may_be(found.as_deref());
        if !is_allowed {
            after.wrong.push(format!("the file is neither the old nor the new one: {found:?}"));
        }
        self.look_at_rights(&mut after)?;
        if let Some(holder) = self.holder.take() {
            if let Err(error) = holder.verify() {
                after.wrong.push(format!("a living holder lost its lock: {error}"));
            }
            drop(holder);
        }
        for name in self.litter()? {
            if !self.may_be_left_by_the_dead(&name) {
                after.wrong.push(format!("`{name}` was left, which nobody would clear"));
            }
            if !self.was_left_before(&name) {
                after.own_litter.push(name);
            }
        }
        let started = Instant::now();
        match self.next(tools, late) {
            Ok(waited_for) => after.waited_for = waited_for,
            Err(error) => after.wrong.push(format!("the next one failed: {error}")),
        }
        after.next_took = started.elapsed();
        let expected = self.scenario.after_next(found.as_deref());
        let found = self.content()?;
        if found != expected {
            after.wrong.push(format!("after the next one, {found:?} instead of {expected:?}"));
        }
        self.clear(&mut after)?;
        Ok(after)
    }

    /// The next writer must succeed in a moment. If time decides, and the program may not have
    /// released its lock, the writer must succeed when that is due. Returns when that was.
    fn next(&self, tools: &Tools, late: bool) -> Outcome<Duration> {
        let mut command = match self.scenario.act {
            Act::Set | Act::Update => tools.set_next(&self.target),
            Act::Append | Act::Locked(_) => {
                let mut command = Command::new(&tools.binary);
                command.arg("append").arg(&self.target).arg(NEXT_RECORD);
                command
            }
            Act::Run | Act::Lock(Way::Published) | Act::LockAgain => {
                return self.acquire(Way::Published, &[Duration::ZERO]);
            }
            // A claim without a record can be one in the making for the grace. A record counts for
            // the TTL if its owner did not get to write it, or if only the clock can judge it.
            Act::Lock(way) if late => return self.acquire(way, &[Duration::ZERO, GRACE, TTL]),
            Act::Lock(way) => return self.acquire(way, &[Duration::ZERO]),
        };
        let output = command.args(["--wait", &GRACE.as_secs_f64().to_string()]).output()?;
        if output.status.success() {
            return Ok(Duration::ZERO);
        }
        // A claim in the making is known by its mode. If there are no modes, it counts for the TTL.
        let lock = named(&self.target, ".lock");
        if self.scenario.system == System::NoChmod && lock.is_dir() {
            age(&lock)?;
            if command.output()?.status.success() {
                return Ok(TTL);
            }
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().into())
    }

    fn acquire(&self, way: Way, at: &[Duration]) -> Outcome<Duration> {
        let mut last = None;
        for &later in at {
            match way.options(nanoseconds(later)).timeout(MOMENT).acquire(&self.target) {
                Ok(guard) => return guard.release().map(|()| later).map_err(Into::into),
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("because it is tried at least once").into())
    }

    /// Lets what is left grow old, and then somebody come who waits, and one who writes.
    fn clear(&self, after: &mut Aftermath) -> Outcome {
        let left = self.litter()?;
        if named(&self.target, ".lock").exists() {
            after.wrong.push("the lock was not free after the next one".into());
        }
        if left.is_empty() {
            return Ok(());
        }
        for name in &left {
            age(&self.target.with_file_name(name))?;
        }
        let guard = filelock::acquire(&self.target)?;
        // Another process: this one may have swept here already, and does it once per TTL.
        let waited = !worker("inject")?
            .args(["published", "0"])
            .arg(&self.target)
            .output()?
            .status
            .success();
        guard.release()?;
        if let Act::Locked(_) = self.scenario.act {
            // A writer that replaces the log clears what earlier ones left.
            let again = |old: Option<&[u8]>| {
                Ok::<_, lockedfile::Error>(Some([old.unwrap_or_default(), b"{}\n"].concat()))
            };
            lockedfile::transform(&self.target, again)?;
        }
        if matches!(self.scenario.act, Act::Set | Act::Update) {
            let lockfile = Lockfile::open(&self.target)?;
            lockfile.set_section("later", &true)?;
            lockfile.flush()?;
        }
        let left = self.litter()?;
        if !(waited && left.is_empty()) {
            after.wrong.push(format!("{left:?} was not cleared once it was old"));
        }
        Ok(())
    }
}

fn read(path: &Path) -> Outcome<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8(bytes)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).expect("because it is less than a year")
}
