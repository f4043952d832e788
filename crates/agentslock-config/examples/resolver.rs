//! A resolver: reads `.agentsrc.json`, hashes what it declares, and locks the result in
//! `.agentsrc.lock`, in two passes as resolvers have them: one for layers and profiles, one for
//! packages.
//!
//! ```sh
//! cargo run -p agentslock-config --example resolver -- examples/repo [ROUNDS]
//! ```
//!
//! With ROUNDS it resolves so many times and changes `layers/notes.md` before each, so that each
//! round has something to write.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;

use agentslock_config::{ConfigLock, Digest, Flushed, Kind, Pass, Reference, Unit};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// What this example reads of `.agentsrc.json`: references, and the files that they stand for.
#[derive(Deserialize)]
struct Declared {
    layers: BTreeMap<String, String>,
    packages: BTreeMap<String, String>,
    profiles: BTreeMap<String, String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let repository = arguments.next().ok_or("usage: resolver REPOSITORY [ROUNDS]")?;
    let rounds: Option<u32> = arguments.next().map(|rounds| rounds.parse()).transpose()?;
    let repository = Path::new(&repository);
    let mut written = 0;
    for round in 0..rounds.unwrap_or(1) {
        if rounds.is_some() {
            let mut notes = std::fs::OpenOptions::new()
                .append(true)
                .open(repository.join("layers/notes.md"))?;
            writeln!(notes, "Round {round}.")?;
        }
        written += resolve(repository)?;
    }
    println!("resolver: {} rounds, {written} writes", rounds.unwrap_or(1));
    Ok(())
}

/// Resolves once. Returns how many of its two passes changed the document.
fn resolve(repository: &Path) -> Result<u32, Box<dyn Error>> {
    let declaration = std::fs::read(repository.join(".agentsrc.json"))?;
    let declared: Declared = serde_json::from_slice(&declaration)?;
    let lock = ConfigLock::new(repository.join(".agentsrc.lock"));
    // A resolver asks its cache for the key; this one keeps those that are locked.
    let locked = lock.units()?;
    let unit = |kind: Kind, name: &str, file: &str| {
        let reference: Reference = name.parse()?;
        let content = digest(&std::fs::read(repository.join(file))?);
        let mut unit = Unit::new(kind, content.clone());
        unit.cache_key = locked.get(&reference).and_then(|locked| locked.cache_key.clone());
        Ok::<_, Box<dyn Error>>((reference, unit, content))
    };

    let mut config = Pass::over([Kind::Layer, Kind::Profile]);
    for (kind, files) in [(Kind::Layer, declared.layers), (Kind::Profile, declared.profiles)] {
        for (name, file) in files {
            let (reference, unit, _) = unit(kind.clone(), &name, &file)?;
            config.add(reference, unit)?;
        }
    }
    // The last pass states the inputs: all is resolved from them by then.
    let mut packages = Pass::over([Kind::Artifact]).resolved_from(digest(&declaration));
    for (name, file) in declared.packages {
        let (reference, unit, content) = unit(Kind::Artifact, &name, &file)?;
        packages.add_artifact(reference, unit, content)?;
    }
    let flushed = [lock.write(&config)?, lock.write(&packages)?];
    Ok(flushed.into_iter().map(|flushed| u32::from(flushed == Flushed::Written)).sum())
}

fn digest(content: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(content).into())
}
