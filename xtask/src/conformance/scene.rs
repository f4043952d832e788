//! Trees of files: made as a vector says, judged and acquired by an implementation, and looked at.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, Mode, flock};
use serde_json::{Value, json};

use super::program::Program;
use crate::outcome::Outcome;

pub(super) fn directory(path: &str, mode: &str, age: i64) -> Value {
    json!({"path": path, "is": "directory", "mode": mode, "age": age})
}

pub(super) fn file(path: &str, age: i64, content: &str) -> Value {
    json!({"path": path, "is": "file", "age": age, "content": content})
}

/// To the directory `elsewhere`, which need not be there.
pub(super) fn link(path: &str) -> Value {
    json!({"path": path, "is": "link"})
}

pub(super) fn fifo(path: &str) -> Value {
    json!({"path": path, "is": "fifo"})
}

/// A directory in which a tree was made. What it keeps open has the `flock`s.
pub(super) struct Scene {
    directory: tempfile::TempDir,
    locked: Vec<File>,
}

impl Scene {
    /// `tree`: an entry that lies in another one can stand before it. Then the outer one gets its
    /// age last, as it must.
    pub(super) fn new(tree: &Value) -> Outcome<Self> {
        let mut scene = Self { directory: tempfile::tempdir()?, locked: Vec::new() };
        let entries = tree.as_array().ok_or("a vector without a tree")?;
        for entry in entries {
            scene.make(entry)?;
        }
        // Making what lies in a directory changes the directory's time.
        for entry in entries.iter().filter(|entry| entry["age"].is_i64()) {
            scene.finish(entry)?;
        }
        Ok(scene)
    }

    pub(super) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The file that the lock is for.
    pub(super) fn target(&self) -> String {
        self.root().join("T").to_string_lossy().into_owned()
    }

    fn path(&self, entry: &Value) -> Outcome<PathBuf> {
        Ok(self.root().join(entry["path"].as_str().ok_or("an entry without a path")?))
    }

    pub(super) fn make(&self, entry: &Value) -> Outcome {
        let path = self.path(entry)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match entry["is"].as_str() {
            Some("directory") => fs::create_dir_all(&path)?,
            Some("file") => {
                let content = entry["content"].as_str().unwrap_or_default();
                fs::write(&path, filled(content, self.root())?)?;
            }
            Some("link") => std::os::unix::fs::symlink("elsewhere", &path)?,
            Some("fifo") => {
                let mode = Mode::from_raw_mode(0o644);
                let path = CString::new(path.into_os_string().into_encoded_bytes())?;
                rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)?;
            }
            _ => return Err(format!("{entry} is nothing that can be made").into()),
        }
        Ok(())
    }

    /// The mode, the `flock` and the age.
    fn finish(&mut self, entry: &Value) -> Outcome {
        let path = self.path(entry)?;
        if let Some(mode) = entry["mode"].as_str() {
            fs::set_permissions(&path, PermissionsExt::from_mode(u32::from_str_radix(mode, 8)?))?;
        }
        let file = File::open(&path)?;
        let age = entry["age"].as_i64().unwrap_or_default();
        file.set_times(FileTimes::new().set_modified(ago(age)))?;
        if entry["flock"].is_string() {
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            self.locked.push(file);
        }
        Ok(())
    }

    /// Everything that is there, by its path, and what tells whether it was touched.
    pub(super) fn snapshot(&self) -> Outcome<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.root().to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory)? {
                let path = entry?.path();
                let status = fs::symlink_metadata(&path)?;
                let content = status.is_file().then(|| fs::read(&path)).transpose()?;
                if status.is_dir() {
                    open.push(path.clone());
                }
                let name = path.strip_prefix(self.root())?.to_string_lossy().into_owned();
                let (mode, time) = (status.mode(), (status.mtime(), status.mtime_nsec()));
                found.insert(name, format!("{mode:o} {} {time:?} {content:?}", status.ino()));
            }
        }
        Ok(found)
    }
}

fn ago(seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    if seconds < 0 { now + by } else { now - by }
}

/// `content` with its placeholders filled in.
pub(super) fn filled(content: &str, directory: &Path) -> Outcome<String> {
    let mut text = String::new();
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a `{` without its end")?;
        text.push_str(before);
        text.push_str(&value(name, directory)?);
        rest = after;
    }
    Ok(text + rest)
}

fn value(name: &str, directory: &Path) -> Outcome<String> {
    if let Some(later) = name.strip_prefix("now") {
        let time = ago(-later.parse::<i64>()?).duration_since(UNIX_EPOCH)?;
        return Ok(format!("{:019}", time.as_nanos()));
    }
    let status = fs::metadata(directory)?;
    let id = |device, inode| format!("{device:016x}:{inode:016x}");
    Ok(match name {
        "kernel" => kernel()?,
        "machine" => machine().ok_or("this machine has no name")?,
        "dir" => id(status.dev(), status.ino()),
        "other inode" => id(status.dev(), status.ino() + 1),
        "other device" => id(status.dev() + 1, status.ino()),
        _ => return Err(format!("nothing is known as {{{name}}}").into()),
    })
}

pub(super) fn kernel() -> Outcome<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Whether a vector needs what this machine does not have.
pub(super) fn cannot_be_made(vector: &Value) -> bool {
    vector.to_string().contains("{machine}") && machine().is_none()
}

/// By the page: the FNV-1a hash of the machine's id.
fn machine() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let hash = id.trim().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (!id.trim().is_empty()).then(|| format!("{hash:016x}"))
}

/// Judged in two ways; then acquired without waiting, and released.
pub(super) fn judge(vector: &mut Value, programs: &mut [(&str, Program)]) -> Outcome {
    for (way, program) in programs {
        let answer = match *way {
            "published" => "verdict",
            "by-time" => "by_time",
            _ => continue,
        };
        let scene = Scene::new(&vector["tree"])?;
        let before = scene.snapshot()?;
        vector[answer] = program.ask(&json!({"do": "judge", "target": scene.target()}))?;
        if scene.snapshot()? != before {
            return Err("judging changes what is there".into());
        }
        if *way != "published" {
            continue;
        }
        vector["try"] = program.ask(&json!({"do": "try", "target": scene.target()}))?;
        if vector["try"] == "acquired" || vector["try"] == "took over" {
            let verified = program.ask(&json!({"do": "verify"}))?;
            let released = program.ask(&json!({"do": "release"}))?;
            if verified != "held" || released != "released" {
                return Err(format!("acquired, then {verified} and {released}").into());
            }
        }
        let after = scene.snapshot()?;
        vector["remains"] = if after == before {
            json!("all, untouched")
        } else {
            let gone = before.keys().filter(|name| !after.contains_key(*name));
            let touched =
                before.iter().filter(|(name, was)| after.get(*name).is_some_and(|is| is != *was));
            let new = after.keys().filter(|name| !before.contains_key(*name));
            json!({
                "gone": gone.collect::<Vec<_>>(),
                "touched": touched.map(|(name, _)| name).collect::<Vec<_>>(),
                "new": new.collect::<Vec<_>>(),
            })
        };
    }
    Ok(())
}
