//! The public API: what each library crate offers, an item a line, as the lists in `docs/api` have
//! it.
//!
//! rustdoc describes a crate in a form that changes with releases of Rust, and `public-api` reads
//! that of some of them. So the lists are made with one release, and elsewhere this cannot run.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::outcome::Outcome;
use crate::workspace::{cargo, package, rerun_with_public_api, root, run};

/// List what each library crate offers; fail if that is not what `docs/api` says.
#[derive(Args)]
pub(crate) struct Api {
    /// Rewrite the lists
    #[arg(long)]
    write: bool,
    /// Count, and print differences only
    #[arg(long, short)]
    quiet: bool,
}

/// What `public-api`, in the version that is named in `Cargo.toml`, can read. Raise both together.
const RUST: &str = "1.95";

const CRATES: [&str; 6] = [
    "filelock",
    "fsops",
    "lockedfile",
    "agentslock-core",
    "agentslock-config",
    "agentslock-adapters",
];

/// Apart from the rest: dependencies that ask whether unstable features are on would be built anew
/// each time.
const TARGET: &str = "target/api";

/// Fails unless the compiler is the one that the lists were made with.
pub(crate) fn check() -> Outcome {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    let version = String::from_utf8_lossy(&output.stdout);
    if version.starts_with(&format!("rustc {RUST}.")) {
        return Ok(());
    }
    Err(format!(
        "the lists are made with Rust {RUST} (rustup toolchain install {RUST}; cargo +{RUST} xtask api), \
         and this is {}",
        version.trim()
    )
    .into())
}

impl Api {
    pub(crate) fn run(self) -> Outcome {
        check()?;
        if rerun_with_public_api()? {
            return Ok(());
        }
        describe()?;
        let mut changed = Vec::new();
        for name in CRATES {
            let path = root().join("docs/api").join(name).with_extension("txt");
            let described = Path::new(TARGET).join("doc").join(name.replace('-', "_"));
            let list = shorten(&list(&root().join(described.with_extension("json")))?, name);
            let committed = match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                read => read?,
            };
            if self.quiet {
                println!("{name}: {} lines", list.lines().count());
            } else {
                print!("{list}");
            }
            if list == committed {
                continue;
            }
            if self.write {
                std::fs::write(&path, list)?;
            } else {
                print_difference(name, &committed, &list);
                changed.push(name);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the public API of {} is not what docs/api says; if that is meant, run `cargo xtask api \
             --write`, and look at the difference as one who depends on it",
            changed.join(", ")
        )
        .into())
    }
}

/// Has rustdoc describe the crates, for programs to read.
fn describe() -> Outcome {
    let mut command = cargo(&["doc", "--quiet", "--no-deps", "--lib", "--target-dir", TARGET]);
    for name in CRATES {
        command.args(["--package", package(name)]);
    }
    command.env("RUSTC_BOOTSTRAP", "1");
    run(command.env("RUSTDOCFLAGS", "-Zunstable-options --output-format=json"))
}

#[cfg(feature = "public-api")]
fn list(described: &Path) -> Result<String, Box<dyn Error>> {
    // Send and Sync are promised by tests, of the types for which they matter.
    let api = public_api::Builder::from_rustdoc_json(described)
        .sorted(true)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()?;
    Ok(api.to_string())
}

#[cfg(not(feature = "public-api"))]
fn list(_: &Path) -> Result<String, Box<dyn Error>> {
    Err("because this was started again with the feature, it is on".into())
}

/// Without what says nothing: the methods of a trait that is said to be implemented, and the marker
/// that each derived `PartialEq` brings. Our own types by the names that others use.
fn shorten(list: &str, name: &str) -> String {
    let function = format!("pub fn {}::", name.replace('-', "_"));
    let is_free = |line: &str| {
        let rest = line.strip_prefix(&function);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let mut short = String::new();
    let mut of_a_trait = false;
    for line in list.lines() {
        let method = line.starts_with("pub fn ") && !is_free(line);
        if !method && !line.starts_with("pub type ") {
            of_a_trait = line.starts_with("impl") && line.contains(" for ");
        }
        if (of_a_trait && method) || line.contains("StructuralPartialEq") {
            continue;
        }
        short.push_str(&by_public_names(line));
        short.push('\n');
    }
    short
}

/// `CRATE::module::Type` as `CRATE::Type`: everything public is at a crate's root, and rustdoc
/// tells of other crates' items only where they are defined.
fn by_public_names(line: &str) -> String {
    let mut line = line.to_owned();
    for name in CRATES {
        let root = format!("{}::", name.replace('-', "_"));
        let mut from = 0;
        while let Some(found) = line[from..].find(&root) {
            from += found + root.len();
            while let Some((module, rest)) = line[from..].split_once("::")
                && module.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                && rest.starts_with(|c: char| c.is_ascii_alphabetic())
            {
                line.replace_range(from..from + module.len() + 2, "");
            }
        }
    }
    line
}

fn print_difference(name: &str, committed: &str, list: &str) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) =
        (committed.lines().collect(), list.lines().collect());
    println!("\n== {name}: - as docs/api has it, + as it is");
    for line in old.symmetric_difference(&new) {
        println!("{} {line}", if old.contains(line) { '-' } else { '+' });
    }
}
