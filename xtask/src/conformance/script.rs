//! Sequences: what an implementation does, what another process does meanwhile, and what stands on
//! the disk after each step.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use super::program::{ALL_WAYS, Program};
use super::scene::{Scene, directory, file, filled, kernel};
use crate::outcome::Outcome;

fn does(verb: &str) -> Value {
    json!({"do": verb})
}

/// What another process does at a path.
fn other(does: &str, path: &str) -> Value {
    json!({"other": does, "path": path})
}

fn other_makes(entry: &Value) -> Value {
    json!({"other": "makes", "entry": entry})
}

pub(super) fn scripts() -> Vec<Value> {
    let anothers = |path: &str| file(path, 0, "4000000000\n{now+0}\nanother\nflock {kernel}\n");
    let lost = |meanwhile: &[Value]| {
        let after = ["verify", "renew", "release"].map(does);
        [&[does("try")], meanwhile, &after].concat()
    };
    let rows = [
        ("held and released", ["try", "verify", "renew", "release"].map(does).to_vec()),
        (
            "renewed when it looked old",
            vec![
                does("try"),
                other("makes old", "T.lock"),
                other("makes old", "T.lock/holder"),
                does("renew"),
                does("release"),
            ],
        ),
        ("removed", lost(&[other("removes", "T.lock")])),
        ("its record removed", lost(&[other("removes", "T.lock/holder")])),
        ("its record is another's", lost(&[other_makes(&anothers("T.lock/holder"))])),
        (
            "its directory is another's",
            lost(&[
                other("moves aside", "T.lock"),
                other_makes(&directory("T.lock", "1711", 0)),
                other_makes(&anothers("T.lock/holder")),
            ]),
        ),
        (
            "a stranger's entry in it",
            vec![
                does("try"),
                other_makes(&file("T.lock/notes.txt", 0, "")),
                does("verify"),
                does("release"),
            ],
        ),
    ];
    let all = ALL_WAYS.into_iter().flat_map(|way| {
        let script = move |(name, steps): &(&str, Vec<Value>)| {
            json!({"name": format!("{name}, {way}"), "way": way, "steps": steps})
        };
        rows.iter().map(script).collect::<Vec<_>>()
    });
    all.collect()
}

/// What is traced: see `calls.rs`.
pub(super) fn traced() -> Vec<Value> {
    let verbs = ["try", "renew", "release"].map(does);
    let free = ALL_WAYS.map(|way| {
        json!({"name": format!("a free lock, {way}"), "way": way, "tree": [], "steps": verbs})
    });
    let dead = json!({
        "name": "a dead lock, cleared",
        "way": "published",
        "tree": [
            directory("T.lock", "1711", 0),
            file("T.lock/holder", 0,
                "4000000000\n{now+0}\ntoken\nflock {kernel}\ndir {dir}\nflocked holder\n"),
        ],
        "only": "T.lock",
        "steps": [does("try")],
    });
    free.into_iter().chain([dead]).collect()
}

/// Plays a script with the program of its way.
pub(super) fn play(script: &mut Value, programs: &mut [(&str, Program)]) -> Outcome {
    let way = script["way"].as_str().unwrap_or_default().to_owned();
    let program = programs.iter_mut().find(|(of, _)| *of == way);
    let (_, program) = program.ok_or_else(|| format!("`{way}` is no way to claim a lock"))?;
    let scene = Scene::new(&json!([]))?;
    let mut answers = Vec::new();
    for step in script["steps"].as_array().ok_or("a script without steps")? {
        if let Some(verb) = step["do"].as_str() {
            let says = program.ask(&json!({"do": verb, "target": scene.target()}))?;
            program.keeps_its_descriptors(scene.root())?;
            answers.push(json!({"says": says, "stands": stands(scene.root())?}));
        } else {
            disturb(step, &scene)?;
            answers.push(Value::Null);
        }
    }
    script["answers"] = Value::from(answers);
    Ok(())
}

/// What another process does.
fn disturb(step: &Value, scene: &Scene) -> Outcome {
    if step["other"] == "makes" {
        // Not over a record that is there: that is another file.
        let path = scene.root().join(step["entry"]["path"].as_str().unwrap_or_default());
        if path.is_file() {
            fs::remove_file(path)?;
        }
        return scene.make(&step["entry"]);
    }
    let path = scene.root().join(step["path"].as_str().ok_or("a step without a path")?);
    match step["other"].as_str() {
        Some("removes") if path.is_dir() => fs::remove_dir_all(&path)?,
        Some("removes") => fs::remove_file(&path)?,
        Some("moves aside") => fs::rename(&path, scene.root().join("aside"))?,
        Some("makes old") if path.is_dir() => {
            let old = SystemTime::now() - Duration::from_secs(3600);
            fs::File::open(&path)?.set_modified(old)?;
        }
        Some("makes old") => {
            let pid = fs::read_to_string(&path)?.find('\n').ok_or("a record of one line")?;
            let stamp = filled("{now-3600}", scene.root())?;
            let record = fs::OpenOptions::new().write(true).open(&path)?;
            record.write_all_at(stamp.as_bytes(), u64::try_from(pid + 1)?)?;
        }
        _ => return Err(format!("{step} is no step").into()),
    }
    Ok(())
}

/// What stands in a directory, a line for each path.
fn stands(root: &Path) -> Outcome<Vec<String>> {
    let mut lines = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let status = fs::symlink_metadata(&path)?;
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            let age = SystemTime::now().duration_since(status.modified()?).unwrap_or_default();
            let mut line = format!("{}: mode {:04o}", private(&name), status.mode() & 0o7777);
            let is_locked = {
                let file = fs::File::open(&path)?;
                flock(&file, FlockOperation::NonBlockingLockShared).is_err()
            };
            if is_locked {
                line.push_str(", flock");
            }
            if status.is_dir() {
                // Of a file, the time of the last write is in the record.
                line.push_str(if age < RECENTLY { ", of now" } else { ", of long ago" });
                open.push(path);
            } else if name == "T.lock/holder" {
                line = format!("{line}: {}", lines_of(&fs::read_to_string(&path)?, is_locked)?);
            }
            lines.push(line);
        }
    }
    lines.sort();
    Ok(lines)
}

/// A slow machine can be as slow as this.
const RECENTLY: Duration = Duration::from_secs(600);

/// The lines of a record that every implementation writes, with what differs in braces.
fn lines_of(record: &str, is_locked: bool) -> Outcome<String> {
    let mut lines = record.split_inclusive('\n');
    let mut shown = Vec::new();
    for what in ["pid", "stamp", "token"] {
        let line = lines.next().ok_or("a record of less than three lines")?;
        let text = line.strip_suffix('\n').ok_or("a line of a record without its end")?;
        shown.push(match what {
            "pid" if text.parse::<u32>().is_ok_and(|pid| pid > 0) => "{pid}".to_owned(),
            "stamp" if text.len() == 19 => {
                let then = Duration::from_nanos(text.parse()?);
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
                let is_recent = now.abs_diff(then) < RECENTLY;
                if is_recent { "{now}" } else { "{long ago}" }.to_owned()
            }
            "token" if !text.is_empty() => "{token}".to_owned(),
            _ => return Err(format!("{text:?} as its {what}").into()),
        });
    }
    let mut lines = lines.peekable();
    if let Some(line) = lines.peek().filter(|line| line.starts_with("flock ")) {
        shown.push(line.trim_end().replace(&kernel()?, "{kernel}"));
    }
    // What the record says of its own `flock` must be true.
    if lines.any(|line| line == "flocked holder\n") != is_locked {
        return Err("`flocked holder` in a record without a `flock`, or the other way round".into());
    }
    Ok(shown.join(" | "))
}

/// A preparation by the name that the page gives it.
pub(super) fn private(name: &str) -> String {
    match name.split_once(".lock.prep-") {
        Some((before, after)) if after.len() >= 16 => {
            format!("{before}.lock.prep-U{}", &after[16..])
        }
        _ => name.to_owned(),
    }
}

impl Program {
    /// Fails if a descriptor of a lock in `root` would be inherited by the program's children.
    fn keeps_its_descriptors(&self, root: &Path) -> Outcome {
        let process = Path::new("/proc").join(self.pid().to_string());
        for entry in fs::read_dir(process.join("fd"))? {
            let number = entry?.file_name();
            let Ok(path) = fs::read_link(process.join("fd").join(&number)) else { continue };
            if !path.starts_with(root) {
                continue;
            }
            let info = fs::read_to_string(process.join("fdinfo").join(&number))?;
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.ok_or("a descriptor without flags")?;
            let close_on_exec = 0o2_000_000;
            if u32::from_str_radix(flags.trim(), 8)? & close_on_exec == 0 {
                return Err(format!("a child would inherit {}", path.display()).into());
            }
        }
        Ok(())
    }
}
