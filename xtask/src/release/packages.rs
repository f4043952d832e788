//! The packages as the registry would get them, and a program outside of this workspace that
//! depends on them.
//!
//! What the README shows is what that program is made of: its `[dependencies]` and its examples.
//! First it depends on the folders, as the README's lines say, then on the unpacked packages.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::outcome::Outcome;
use crate::workspace::{cargo, package, root, run, target};

/// Make the packages, check what is in them, and build a program that depends on them.
#[derive(Args)]
pub(crate) struct Packages {
    /// Do not build anything
    #[arg(long)]
    list: bool,
}

/// The folders of what is published, lowest first.
pub(crate) const CRATES: [&str; 7] = [
    "filelock",
    "fsops",
    "lockedfile",
    "agentslock-core",
    "agentslock-config",
    "agentslock-adapters",
    "agentslock-cli",
];

/// Where the README's reader has this repository, seen from a project of their own.
const BESIDE: &str = "../agentslock/crates/";

/// Fails if there is no `tar` to unpack with.
pub(crate) fn check() -> Outcome {
    match Command::new("tar").arg("--version").output() {
        Ok(_) => Ok(()),
        Err(_) => Err("no tar, which packages are unpacked with".into()),
    }
}

/// Fails if the registry does not answer: publishing asks it, and so does trying to.
pub(crate) fn has_registry() -> Outcome {
    let asked = cargo(&["info", "--quiet", "thiserror"]).output()?;
    if asked.status.success() { Ok(()) } else { Err("the registry does not answer".into()) }
}

impl Packages {
    pub(crate) fn run(self) -> Outcome {
        let made = make()?;
        println!("{:22}{:>7}{:>14}{:>14}", "package", "files", "bytes", "compressed");
        for package in &made {
            package.check()?;
        }
        if !self.list {
            build_dependent(&made)?;
        }
        Ok(())
    }
}

/// A package, unpacked.
struct Package {
    name: &'static str,
    archive: PathBuf,
    directory: PathBuf,
}

/// Makes all packages.
fn make() -> Outcome<Vec<Package>> {
    let directory = target()?.join("package");
    // Those of an earlier version would be taken for ours.
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let mut command = cargo(&["package", "--quiet", "--offline", "--no-verify", "--allow-dirty"]);
    command.args(CRATES.into_iter().flat_map(|folder| ["--package", package(folder)]));
    run(command.arg("--target-dir").arg(target()?))?;
    let version = env!("CARGO_PKG_VERSION");
    CRATES
        .into_iter()
        .map(package)
        .map(|name| {
            let full = format!("{name}-{version}");
            let archive = directory.join(format!("{full}.crate"));
            run(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(&directory))?;
            Ok(Package { name, archive, directory: directory.join(full) })
        })
        .collect()
}

impl Package {
    /// Fails if a file is missing that must be there, or there is one that nobody needs.
    fn check(&self) -> Outcome {
        let files = files_below(&self.directory)?;
        let mut bytes = 0;
        for file in &files {
            bytes += self.directory.join(file).metadata()?.len();
        }
        let compressed = self.archive.metadata()?.len();
        println!("{:22}{:>7}{bytes:>14}{compressed:>14}", self.name, files.len());
        let has = |name: &str, text: &str| {
            fs::read_to_string(self.directory.join(name)).is_ok_and(|found| found.contains(text))
        };
        let needed = [
            ("LICENSE-MIT", "Permission is hereby granted"),
            ("LICENSE-APACHE", "Apache License"),
            ("README.md", self.name),
            ("Cargo.toml", "description = "),
            ("Cargo.toml", "rust-version = "),
            ("Cargo.toml", "documentation = "),
            ("Cargo.toml", "keywords = "),
            ("Cargo.toml", "categories = "),
        ];
        if let Some((name, text)) = needed.into_iter().find(|(name, text)| !has(name, text)) {
            return Err(format!("{}: there is no {name} with `{text}`", self.name).into());
        }
        match files.iter().find(|file| !is_expected(file)) {
            Some(file) => Err(format!("{}: {file} is not to be in a package", self.name).into()),
            None => Ok(()),
        }
    }
}

fn is_expected(file: &str) -> bool {
    let of_cargo = ["Cargo.toml", "Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json"];
    let ours = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];
    // The program has scripts for shells and the document's schema in it.
    let kinds = [".rs", ".bash", ".zsh", ".fish", ".schema.json"];
    let is_source = file.starts_with("src/") && kinds.iter().any(|kind| file.ends_with(kind));
    of_cargo.contains(&file) || ours.contains(&file) || (is_source && !file.ends_with("tests.rs"))
}

/// The files below `directory`, with `/` between the names.
fn files_below(directory: &Path) -> Outcome<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?.iter().map(|file| format!("{name}/{file}")));
        } else {
            files.insert(name);
        }
    }
    Ok(files)
}

/// Builds a program of the README's lines, beside a clone of this repository and with the packages.
fn build_dependent(packages: &[Package]) -> Outcome {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let dependencies = block_with(&readme, "toml", "[dependencies]")?;
    let examples = modules_of(&blocks(&readme, "rust"));
    let place = tempfile::tempdir()?;
    let beside = place.path().join("agentslock");
    link(root(), &beside)?;

    println!("a program beside a clone of this repository, as the README's lines say");
    check_program(place.path(), &dependencies, &examples)?;

    println!("a program with the packages, and all that they take along");
    let mut of_packages = with_versions(&dependencies)?;
    // No example needs the program. Its package is to be built all the same.
    of_packages.push_str("agentslock-cli = \"0.1\"\n\n[patch.crates-io]\n");
    for Package { name, directory, .. } in packages {
        let directory = directory.to_str().ok_or("the target directory has no UTF-8 name")?;
        writeln!(of_packages, "{name} = {{ path = {directory:?} }}")?;
    }
    check_program(place.path(), &of_packages, &examples)
}

/// The lines for a registry: a version instead of each path.
fn with_versions(dependencies: &str) -> Outcome<String> {
    let mut lines = String::new();
    for line in dependencies.lines() {
        match line.split_once("path = \"") {
            Some((before, path)) => {
                let (path, after) = path.split_once('"').ok_or("a path has no end")?;
                if !path.starts_with(BESIDE) {
                    return Err(format!("README.md: `{path}` is not beside the project").into());
                }
                writeln!(lines, "{before}version = \"0.1\"{after}")?;
            }
            None => writeln!(lines, "{line}")?,
        }
    }
    Ok(lines)
}

fn check_program(place: &Path, dependencies: &str, source: &str) -> Outcome {
    let directory = place.join("project");
    fs::create_dir_all(directory.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"project\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{dependencies}"
    );
    fs::write(directory.join("Cargo.toml"), manifest)?;
    // With the versions that all else here is built with: nothing is to be fetched.
    fs::copy(root().join("Cargo.lock"), directory.join("Cargo.lock"))?;
    fs::write(directory.join("src/lib.rs"), source)?;
    let mut command = cargo(&["check", "--quiet", "--offline", "--target-dir"]);
    run(command.arg(target()?.join("dependent")).current_dir(&directory))
}

/// Each example in a module of its own: two of them can use one name.
fn modules_of(examples: &[String]) -> String {
    let mut source = String::from("#![allow(dead_code)]\n");
    for (number, example) in examples.iter().enumerate() {
        // A `# ` hides a line from the reader, not from the compiler.
        let lines = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let body = lines.collect::<Vec<_>>().join("\n");
        let _ = write!(source, "mod example_{number} {{\n{body}\n}}\n");
    }
    source
}

/// The code blocks of `language` in a page.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            let body = lines.by_ref().take_while(|line| *line != "```");
            found.push(body.flat_map(|line| [line, "\n"]).collect());
        }
    }
    found
}

fn block_with(page: &str, language: &str, text: &str) -> Outcome<String> {
    let found = blocks(page, language).into_iter().find(|block| block.contains(text));
    found.ok_or_else(|| format!("README.md has no `{language}` block with `{text}`").into())
}

#[cfg(unix)]
fn link(to: &Path, name: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, name)
}

#[cfg(windows)]
fn link(to: &Path, name: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(to, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_beside_becomes_a_version_and_another_one_is_refused() {
        let line = "a = { package = \"b\", path = \"../agentslock/crates/b\" } # c";
        let versions = with_versions(line).expect("because it lies beside");
        assert_eq!(versions, "a = { package = \"b\", version = \"0.1\" } # c\n");
        assert!(with_versions("a = { path = \"elsewhere\" }").is_err());
    }

    #[test]
    fn tests_and_vectors_are_not_expected_in_a_package() {
        assert!(is_expected("src/a/b.rs") && is_expected("LICENSE-MIT"));
        for file in ["tests/it/main.rs", "src/a/tests.rs", "src/a.json", "benches/a.rs"] {
            assert!(!is_expected(file), "{file}");
        }
    }

    #[test]
    fn blocks_are_those_of_their_language() {
        let page = "text\n```rust\na\n```\n```sh\nb\n```\n```rust\nc\n```\n";
        assert_eq!(blocks(page, "rust"), ["a\n", "c\n"]);
        assert!(block_with(page, "toml", "").is_err());
    }
}
