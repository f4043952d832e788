//! Ten programs on one document: five of ours, typed, and five as the Go side writes them, first in
//! turn and then all at once. No write changes a byte of another program's part.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use agentslock_adapters::{Activation, AdaptersLock, Build};
use agentslock_config::{ConfigLock, Digest, Kind, Pass, Reference, Refresh, Tool, Unit};
use agentslock_core::{Fields, Lockfile, text::canonical_text};
use testkit::{ChildTest, TestChild};

use crate::{at, digest, document, patient};

/// In turn: one of the Go side, one of ours, and so on.
const ROLES: [&str; 10] = [
    "prompts",
    "layers",
    "descriptors",
    "packages",
    "install",
    "refresh",
    "gamma",
    "alpha",
    "delta",
    "beta",
];
const IN_TURN: u64 = 12;
const AT_ONCE: u64 = 24;

fn is_ours(role: &str) -> bool {
    ["layers", "packages", "refresh", "alpha", "beta"].contains(&role)
}

/// Whether an entry of a section is the part of the program `role`.
fn owns(role: &str, section: &str, entry: &str) -> bool {
    let prefix = if is_ours(role) { format!("{role}:") } else { format!("go-{role}:") };
    match section {
        "units" | "artifact-content" => entry.starts_with(&prefix),
        "adapters" => entry == role,
        "inputs_digest" => role == "packages",
        section => section == role,
    }
}

fn write(role: &str, path: &Path, n: u64) {
    let lock = ConfigLock::with_options(path, patient());
    let unit = |kind: Kind| Unit::new(kind, digest(n)).with_cache_key("cachekey/http:etag=\"a&b\"");
    let names = || {
        let name = move |k| format!("{role}:unit/{k}@1").parse::<Reference>().unwrap();
        (0..=n % 5).map(name)
    };
    match role {
        "layers" => {
            let mut pass = Pass::over([Kind::Layer, Kind::Profile]);
            pass.try_extend(names().map(|name| (name, unit(Kind::Layer)))).unwrap();
            lock.write(&pass).unwrap();
        }
        "packages" => {
            let mut pass = Pass::over([Kind::Artifact]).resolved_from(digest(n));
            for name in names() {
                pass.add_artifact(name, unit(Kind::Artifact), digest(n)).unwrap();
            }
            lock.write(&pass).unwrap();
        }
        "refresh" => {
            let stamp = Refresh::new(Tool::version(n.to_string()), at(n));
            lock.stamp_refresh(&stamp).unwrap();
        }
        name => {
            let own = AdaptersLock::with_options(path, patient()).adapter(name).unwrap();
            let (source_digest, schema_digest) = (digest(1), digest(n));
            own.activate(&Activation { source_digest, schema_digest, at: at(n) }).unwrap();
            own.register_view("calls", &Build::new(digest(n), at(n))).unwrap();
        }
    }
}

#[test]
fn child_writes_its_part() {
    let Some(mut parent) = testkit::parent() else { return };
    let (role, path) = (parent.var("ROLE").into_string().unwrap(), document(&parent));
    for n in 1..=IN_TURN + AT_ONCE {
        parent.await_word(&n.to_string());
        write(&role, &path, n);
        parent.at("done", "");
    }
}

enum Writer {
    Ours(TestChild),
    Go(Child, ChildStdin, BufReader<ChildStdout>),
}

impl Writer {
    /// `None`: there is no Python.
    fn start(role: &str, path: &Path) -> Option<Self> {
        if is_ours(role) {
            let child = ChildTest::new("processes::ten", "child_writes_its_part");
            return Some(Self::Ours(child.var("ROLE", role).var("DOCUMENT", path).spawn()));
        }
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = Command::new("python3");
        command.arg(root.join("crates/agentslock-adapters/tests/processes/go_writer.py"));
        command.args([role.as_ref(), path]).arg(root.join("xtask/peers"));
        command.arg(root.join("crates/agentslock-config/tests/it"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut writer = Self::Go(child, stdin, BufReader::new(stdout));
        writer.hear("ready");
        Some(writer)
    }

    fn write(&mut self, n: u64) {
        match self {
            Self::Ours(child) => {
                child.say(&n.to_string());
                child.await_point("done");
            }
            Self::Go(_, stdin, _) => {
                writeln!(stdin, "{n}").unwrap();
                self.hear("done");
            }
        }
    }

    fn hear(&mut self, word: &str) {
        let Self::Go(_, _, stdout) = self else { return };
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), word);
    }

    fn end(self) {
        match self {
            Self::Ours(child) => drop(child.succeed()),
            Self::Go(mut child, stdin, _) => {
                drop(stdin);
                assert!(child.wait().unwrap().success());
            }
        }
    }
}

/// Each entry of each section as it is spelled, by section and entry.
type Parts = BTreeMap<(String, String), String>;

fn parts(path: &Path) -> Parts {
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(canonical_text(text.as_str()).unwrap(), text, "as all writers write it");
    let lockfile = Lockfile::open(path).unwrap();
    let mut parts = Parts::new();
    if let Some(inputs) = lockfile.inputs_digest() {
        parts.insert(("inputs_digest".into(), String::new()), inputs.to_string());
    }
    for section in lockfile.section_names() {
        if !["units", "adapters", "artifact-content"].contains(&section.as_str()) {
            let raw = lockfile.section_raw(&section).unwrap().unwrap();
            parts.insert((section, String::new()), raw);
            continue;
        }
        let entries: Fields = lockfile.section(&section).unwrap().unwrap();
        for (entry, value) in entries.iter() {
            let before = parts.insert((section.clone(), entry.to_owned()), value.get().to_owned());
            assert!(before.is_none(), "{entry} is there twice");
        }
    }
    parts
}

fn of(role: &str, parts: &Parts) -> Parts {
    let own = parts.iter().filter(|((section, entry), _)| owns(role, section, entry));
    own.map(|(place, value)| (place.clone(), value.clone())).collect()
}

/// All that the program wrote in round `n` is there, and nothing of another round.
fn check(role: &str, parts: &Parts, n: u64) {
    let own = of(role, parts);
    let expected = match role {
        "packages" => 2 * (n % 5 + 1) + 1,
        "prompts" | "descriptors" | "layers" => n % 5 + 1,
        _ => 1,
    };
    assert_eq!(own.len() as u64, expected, "{role} of round {n}: {own:?}");
    let version = format!("\"version\": \"{n}\"");
    let says = |digest: Digest, value: &str| value.contains(digest.as_str());
    for value in own.values() {
        assert!(value.contains(&version) || says(digest(n), value), "{role} of round {n}: {value}");
    }
}

#[test]
fn ten_programs_of_both_sides_make_no_noise_and_lose_nothing() {
    let place = testkit::places().pop().unwrap();
    let path = place.join(".agentsrc.lock");
    let bystander = "{\n  \"bystander\": [\n    \"\\u003c\\u0026\\u003e\",\n    1.0\n  ],\n  \"lock_version\": 1\n}\n";
    std::fs::write(&path, bystander).unwrap();
    let writers: Option<Vec<_>> = ROLES.iter().map(|role| Writer::start(role, &path)).collect();
    let Some(mut writers) = writers else {
        testkit::skip("no python3");
        return;
    };
    let mut before = parts(&path);
    for n in 1..=IN_TURN {
        for (role, writer) in ROLES.iter().zip(&mut writers) {
            writer.write(n);
            let after = parts(&path);
            check(role, &after, n);
            let others = |parts: &Parts| -> Parts {
                let mut parts = parts.clone();
                parts.retain(|(section, entry), _| !owns(role, section, entry));
                parts
            };
            assert_eq!(others(&after), others(&before), "{role} changed what is not its own");
            before = after;
        }
    }
    thread::scope(|scope| {
        for writer in &mut writers {
            scope.spawn(move || (IN_TURN + 1..=IN_TURN + AT_ONCE).for_each(|n| writer.write(n)));
        }
    });
    let after = parts(&path);
    for role in ROLES {
        check(role, &after, IN_TURN + AT_ONCE);
    }
    assert_eq!(
        after[&("bystander".into(), String::new())],
        before[&("bystander".into(), String::new())]
    );
    writers.into_iter().for_each(Writer::end);
    println!(
        "ten programs: {IN_TURN} rounds in turn and {AT_ONCE} at once, {} entries",
        after.len()
    );
}
