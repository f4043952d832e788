//! The main job: a resolver and a graph adapter write one `.agentsrc.lock` at once, while four more
//! processes append to one NDJSON log.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agentslock_core::Lockfile;
use clap::Args;
use serde_json::Value;

use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::workspace::{cargo, root, run, target};

/// Run the three examples at once on a copy of `examples/repo`, and count what is there.
#[derive(Args)]
pub(crate) struct Demo {
    /// How often the resolver resolves and the adapter rebuilds its two views
    #[arg(long, default_value_t = 25)]
    rounds: u32,
    /// How many records each log writer appends
    #[arg(long, default_value_t = 250)]
    records: u32,
    /// Print the document, too
    #[arg(long)]
    document: bool,
}

const LOG_WRITERS: u32 = 4;
/// How long between two looks at how far they are.
const LOOK: Duration = Duration::from_millis(50);
/// The sections that nobody has reason to change here. They must come out as they went in.
const SIBLINGS: [&str; 3] = ["artifact-content", "install", "refresh"];
/// The example's units, by kind.
const UNITS: [(&str, usize); 3] = [("artifact", 6), ("layer", 7), ("profile", 4)];

impl Demo {
    pub(crate) fn run(self) -> Outcome {
        println!("building the three examples; the first time this takes a minute or two");
        // On a terminal cargo shows how far it is.
        let mut build = cargo(&["build", "--examples"]);
        build.args((!std::io::stderr().is_terminal()).then_some("--quiet"));
        for package in ["agentslock-filelock", "agentslock-config", "agentslock-adapters"] {
            build.args(["--package", package]);
        }
        run(&mut build)?;
        // Examples are built without optimisation, whatever this program was built with.
        let examples = target()?.join("debug/examples");
        let directory = target()?.join("demo");
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        copy(&root().join("examples/repo"), &directory)?;
        let document = directory.join(".agentsrc.lock");
        let log = directory.join("events.ndjson");
        let before = Lockfile::open(&document)?;

        let started = Instant::now();
        let rounds = self.rounds.to_string();
        let mut processes = vec![
            start(&examples, "resolver", &[directory.as_os_str(), rounds.as_ref()])?,
            start(&examples, "adapter", &[directory.as_os_str(), rounds.as_ref()])?,
        ];
        for writer in 1..=LOG_WRITERS {
            let (name, records) = (format!("writer-{writer}"), self.records.to_string());
            let arguments = [log.as_os_str(), name.as_ref(), records.as_ref()];
            processes.push(start(&examples, "ndjson_writer", &arguments)?);
        }
        self.wait(processes, &log)?;
        let elapsed = started.elapsed();

        let after = Lockfile::open(&document)?;
        if self.document {
            println!("\n{}", after.text());
        }
        println!("counted, after {:.1} s, in {}:", elapsed.as_secs_f64(), directory.display());
        let mut all = true;
        let mut check = |what: String, holds: bool| {
            println!("  {}  {what}", if holds { "ok  " } else { "FAIL" });
            all &= holds;
        };
        self.check_document(&before, &after, &mut check)?;
        self.check_log(&log, &mut check)?;
        let left: Vec<_> = left_over(&directory)?;
        check(format!("{} locks or temporaries left over {left:?}", left.len()), left.is_empty());
        if all { Ok(()) } else { Err("something was lost".into()) }
    }

    /// Waits until all of `processes` have ended. The log shows how far they are.
    fn wait(&self, processes: Vec<(&str, Child)>, log: &Path) -> Outcome {
        let progress = Progress::new("log records", (LOG_WRITERS * self.records).into());
        for (name, mut process) in processes {
            let status = loop {
                match process.try_wait()? {
                    Some(status) => break status,
                    None => std::thread::sleep(LOOK),
                }
                let text = std::fs::read(log).unwrap_or_default();
                let records = text.iter().filter(|byte| **byte == b'\n').count();
                progress.at(u64::try_from(records)?);
            };
            if !status.success() {
                return Err(format!("{name} failed: {status}").into());
            }
        }
        Ok(())
    }

    fn check_document(
        &self,
        before: &Lockfile,
        after: &Lockfile,
        check: &mut impl FnMut(String, bool),
    ) -> Outcome {
        let units: BTreeMap<String, Value> = after.section("units")?.unwrap_or_default();
        for (kind, expected) in UNITS {
            let found = units.values().filter(|unit| unit["kind"] == kind).count();
            check(format!("{found} of {expected} units of kind {kind}"), found == expected);
        }
        let notes_before = entry(before, "units", "local:notes@0")?;
        let notes = entry(after, "units", "local:notes@0")?;
        check(
            "the resolver's last digest of the layer that it changed is there".into(),
            notes["digest"] != notes_before["digest"],
        );
        let kuzu = entry(after, "adapters", "kuzu")?;
        let views = kuzu["materialized_views"].as_object().map_or(0, serde_json::Map::len);
        check(format!("{views} of 2 views of the adapter"), views == 2);
        let history = (self.rounds as usize).min(20);
        for view in ["calls", "imports"] {
            let entries = kuzu["materialized_views"][view]["state_history"].as_array();
            let found = entries.map_or(0, Vec::len);
            check(format!("{found} of {history} transitions of {view}"), found == history);
        }
        for name in SIBLINGS {
            let same = before.section_raw(name)? == after.section_raw(name)?;
            check(format!("section {name} is byte for byte what it was"), same);
        }
        Ok(())
    }

    fn check_log(&self, log: &Path, check: &mut impl FnMut(String, bool)) -> Outcome {
        let text = std::fs::read_to_string(log)?;
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        let (mut whole, mut in_order) = (0, true);
        for line in text.lines() {
            let Ok(record) = serde_json::from_str::<Value>(line) else { continue };
            whole += 1;
            let number = next.entry(record["writer"].to_string()).or_default();
            in_order &= record["number"] == *number;
            *number += 1;
        }
        let (lines, expected) = (text.lines().count(), LOG_WRITERS * self.records);
        let all = whole == expected && lines == whole as usize;
        check(format!("{whole} of {expected} log records, {lines} lines"), all);
        check(format!("{} writers, each in its own order", next.len()), in_order);
        Ok(())
    }
}

fn entry(lockfile: &Lockfile, section: &str, name: &str) -> Outcome<Value> {
    let mut entries: BTreeMap<String, Value> = lockfile.section(section)?.unwrap_or_default();
    Ok(entries.remove(name).unwrap_or_default())
}

fn start(
    examples: &Path,
    name: &'static str,
    arguments: &[&std::ffi::OsStr],
) -> Outcome<(&'static str, Child)> {
    let child = Command::new(examples.join(name)).args(arguments).stdin(Stdio::null()).spawn()?;
    Ok((name, child))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn left_over(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_litter = |name: &str| {
        name.contains(".lock.lock") || name.contains("ndjson.") || name.contains(".tmp-")
    };
    std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| {
            path.as_ref().is_ok_and(|path| {
                path.file_name().is_some_and(|name| is_litter(&name.to_string_lossy()))
            })
        })
        .collect()
}
