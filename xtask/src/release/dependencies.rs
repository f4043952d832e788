//! Dependencies: what each crate brings along, under which licences, and how large the crates are.
//!
//! Known vulnerabilities are not looked for: that takes a database from the network (`cargo
//! audit`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::packages::CRATES;
use crate::outcome::Outcome;
use crate::workspace::{cargo, package, root};

/// Those that ask for no more than to be named.
const LICENCES: [&str; 9] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn run() -> Outcome {
    println!("{:20}{:>8}{:>8}{:>9}{:>10}", "crate", "lines", "tests", "direct", "packages");
    for name in CRATES {
        let directory = root().join("crates").join(name);
        let (direct, all) = (tree(package(name), Some(1))?, tree(package(name), None)?);
        println!(
            "{name:20}{:>8}{:>8}{:>9}{:>10}",
            lines(&directory.join("src"))?,
            lines(&directory.join("tests"))?,
            direct.len() - 1,
            all.len() - 1,
        );
        for (package, versions) in &several_versions(&all) {
            println!("  {package} in several versions: {versions:?}");
        }
    }
    println!(
        "lines without blanks and comments; packages that are compiled for this system, tests aside"
    );
    let everything = tree_of(&["--workspace", "--target", "all"], None)?;
    let refused: Vec<_> = everything.iter().filter(|(_, licence)| !is_free(licence)).collect();
    println!("{} packages with all tests and tools, for all systems", everything.len());
    for (package, licence) in &refused {
        println!("  {package}: its licence is {licence:?}");
    }
    if refused.is_empty() { Ok(()) } else { Err("a licence has to be looked at".into()) }
}

/// The packages that `name` is compiled with, itself included, and their licences.
fn tree(name: &str, depth: Option<u32>) -> Outcome<BTreeMap<String, String>> {
    tree_of(&["--package", name, "--edges", "normal"], depth)
}

fn tree_of(arguments: &[&str], depth: Option<u32>) -> Outcome<BTreeMap<String, String>> {
    let mut command = cargo(&["tree", "--locked", "--prefix", "none", "--no-dedupe"]);
    command.args(["--format", "{p}|{l}"]).args(arguments);
    if let Some(depth) = depth {
        command.args(["--depth", &depth.to_string()]);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let line = |line: &str| line.split_once('|').map(|(p, l)| (p.to_owned(), l.to_owned()));
    Ok(text.lines().filter_map(line).collect())
}

fn several_versions(packages: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for package in packages.keys() {
        let mut words = package.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

/// Whether each part of an SPDX expression that has to be kept can be kept by one of our licences.
fn is_free(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')']).replace('/', " OR ");
        part.split(" OR ").any(|licence| LICENCES.contains(&licence))
    })
}

/// How many lines of Rust are neither blank nor comments.
fn lines(directory: &Path) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            count += lines(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path)?;
            let lines = text.lines().map(str::trim_start);
            count += lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
        }
    }
    Ok(count)
}
