//! What a program that depends on a crate compiles: how many crates, and for how long.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::page::{Page, Table};
use crate::outcome::Outcome;
use crate::release::packages::CRATES;
use crate::workspace::{cargo, package, root};
use testkit::Place;

/// In turn, and as often: the least is what it takes.
const ROUNDS: u32 = 2;

/// What `/proc` counts in, on each architecture that Linux runs on.
const TICK: Duration = Duration::from_millis(10);

/// The dependencies of a program that is otherwise empty.
struct Variant {
    name: String,
    dependencies: String,
}

pub(super) fn run(page: &mut Page, _: &[Place]) -> Outcome {
    page.section(
        "What a dependent compiles",
        "A release build of an empty program that depends on one crate, with an empty target directory. \
         *Crates* counts all that are compiled, the program left out. *Processor time* is that of cargo \
         and all compilers, the less of two builds. `filelock` and `fsops` took `thiserror` before; the \
         rows with it show what that cost.",
    );
    let variants = variants();
    let mut least = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (number, variant) in variants.iter().enumerate() {
            let (crates, time) = build(variant)?;
            let entry = least.entry(number).or_insert((crates, time));
            entry.1 = entry.1.min(time);
        }
    }
    let first = least[&0].1.as_secs_f64();
    let mut table = Table::new(&["", "crates", "processor time", "ratio"]);
    for (number, (crates, time)) in least {
        let seconds = time.as_secs_f64();
        table.row([
            variants[number].name.clone(),
            crates.to_string(),
            format!("{seconds:.1} s"),
            format!("{:.2}", seconds / first),
        ]);
    }
    page.table(&table);
    Ok(())
}

fn variants() -> Vec<Variant> {
    let ours = |folder: &str| {
        let path = root().join("crates").join(folder);
        format!("{} = {{ path = \"{}\" }}\n", package(folder), path.display())
    };
    let macros = "thiserror = \"2\"\n";
    let mut variants: Vec<_> = CRATES
        .into_iter()
        .map(|folder| Variant { name: folder.to_owned(), dependencies: ours(folder) })
        .collect();
    for folder in ["filelock", "fsops"] {
        let name = format!("{folder} with thiserror");
        variants.push(Variant { name, dependencies: ours(folder) + macros });
    }
    // Optional dependencies of this very package, in these versions.
    for (name, version) in [("fd-lock", "4"), ("tempfile", "3"), ("gix-lock", "26")] {
        let dependencies = format!("{name} = \"{version}\"\n");
        variants.push(Variant { name: name.to_owned(), dependencies });
    }
    variants
}

/// Returns how many crates were compiled, and for how long.
fn build(variant: &Variant) -> Outcome<(usize, Duration)> {
    let place = tempfile::tempdir()?;
    let directory = place.path();
    let manifest = "[package]\nname = \"project\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    let manifest = format!("{manifest}\n[dependencies]\n{}", variant.dependencies);
    std::fs::write(directory.join("Cargo.toml"), manifest)?;
    // The versions that all else here is built with.
    std::fs::copy(root().join("Cargo.lock"), directory.join("Cargo.lock"))?;
    std::fs::create_dir(directory.join("src"))?;
    std::fs::write(directory.join("src/main.rs"), "fn main() {}\n")?;
    let before = children()?;
    let mut command = cargo(&["build", "--release", "--offline", "--color=never"]);
    let output = command
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .output()?;
    let time = children()?.saturating_sub(before);
    let printed = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {printed}", variant.name).into());
    }
    let is_crate = |line: &&str| line.trim_start().starts_with("Compiling ");
    Ok((printed.lines().filter(is_crate).count().saturating_sub(1), time))
}

/// How long the children that ended were on a processor, in user mode and in the kernel: fields 16
/// and 17 of `/proc/self/stat`.
fn children() -> Outcome<Duration> {
    let stat = std::fs::read_to_string(Path::new("/proc/self/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name in it")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let ticks = |number: usize| -> Outcome<u32> {
        Ok(fields.get(number - 3).ok_or("/proc/self/stat is short")?.parse()?)
    };
    Ok(TICK * (ticks(16)? + ticks(17)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_child_that_ended_is_counted() {
        let before = children().expect("because there is a /proc");
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
        let status = std::process::Command::new("sh").args(["-c", busy]).status();
        assert!(status.expect("because there is a shell").success());
        assert!(children().expect("as before") > before);
    }
}
