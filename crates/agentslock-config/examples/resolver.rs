//! A resolver: reads `.agentsrc.json`, hashes the files that it declares, and locks the result.
//!
//! ```sh
//! cargo run -p agentslock-config --example resolver -- [--dry-run | --frozen] REPOSITORY [ROUNDS]
//! ```
//!
//! `--dry-run` prints what would change. `--frozen` prints why the lock is stale, and fails if so.
//! With ROUNDS it first resolves so many times, each time after a change to `layers/notes.md`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::ops::ControlFlow::Continue;
use std::path::Path;
use std::process::ExitCode;

use agentslock_config::{
    ConfigLock, Declared, Digest, Inputs, Kind, LockOptions, LockfileOptions, Pass, Reference,
    Unit, WriteError, inputs_digest,
};
use sha2::{Digest as _, Sha256};

/// What this example reads of `.agentsrc.json`: references, and the files that they stand for.
#[derive(serde::Deserialize)]
struct Manifest {
    layers: BTreeMap<Reference, String>,
    packages: BTreeMap<Reference, String>,
    profiles: BTreeMap<Reference, String>,
}

fn main() -> ExitCode {
    let (flags, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    run(flags.first().map_or("", String::as_str), &words)
        .map_or_else(|error| explain(&*error), ExitCode::from)
}

fn run(flag: &str, words: &[String]) -> Result<u8, Box<dyn Error>> {
    let repository = Path::new(words.first().ok_or("usage: resolver [FLAG] REPOSITORY [ROUNDS]")?);
    for round in 0..words.get(1).map_or(Ok(0), |rounds| rounds.parse())? {
        let notes = repository.join("layers/notes.md");
        let mut notes = std::fs::OpenOptions::new().append(true).open(notes)?;
        writeln!(notes, "Round {round}.")?;
        resolve(repository, flag, &waiting())?;
    }
    let (text, code) = resolve(repository, flag, &waiting())?;
    print!("{text}");
    Ok(code)
}

/// Resolves once. `flag` is `--dry-run`, `--frozen` or empty. Returns what to print, and the
/// status.
pub(crate) fn resolve(
    repository: &Path,
    flag: &str,
    options: &LockfileOptions,
) -> Result<(String, u8), Box<dyn Error>> {
    let inputs = inputs_digest(&Inputs::read(repository)?)?;
    let manifest = std::fs::read(repository.join(".agentsrc.json"))?;
    let Manifest { layers, packages, profiles } = serde_json::from_slice(&manifest)?;
    let names = layers.keys().chain(packages.keys()).cloned();
    let declared = Declared::over([Kind::Layer, Kind::Artifact], names);
    let lock = ConfigLock::with_options(repository.join(".agentsrc.lock"), options.clone());
    let locked = lock.read()?;
    let units = locked.units()?;

    let mut pass = Pass::over([Kind::Layer, Kind::Profile, Kind::Artifact]);
    for (kind, files) in
        [(Kind::Layer, layers), (Kind::Profile, profiles), (Kind::Artifact, packages)]
    {
        for (reference, file) in files {
            let content = std::fs::read(repository.join(file))?;
            let digest = Digest::from_sha256(Sha256::digest(content).into());
            let mut unit = Unit::new(kind.clone(), &digest);
            // A resolver asks its cache for the key. This one keeps those that are locked.
            unit.cache_key = units.get(&reference).and_then(|locked| locked.cache_key.clone());
            match kind {
                Kind::Artifact => pass.add_artifact(reference, unit, digest)?,
                _ => pass.add(reference, unit)?,
            }
        }
    }
    if flag == "--frozen" {
        let now: BTreeMap<_, _> = pass.iter().map(|(name, unit)| (name, &unit.digest)).collect();
        let current = |name: &Reference, _: &Unit| now.get(name).copied().cloned();
        let stale = locked.staleness_with(&declared.clone().with_inputs(inputs), current)?;
        let reasons = stale.iter().map(|reason| reason.to_string() + "\n");
        let told = reasons.chain([locked.drift(&declared)?.to_string()]).collect();
        return Ok((told, u8::from(!stale.is_empty())));
    }
    let pass = pass.resolved_from(inputs);
    if flag == "--dry-run" {
        let plan = lock.plan(&pass)?;
        return Ok((plan.to_string(), u8::from(!plan.refused.is_empty())));
    }
    Ok((lock.write(&pass)?.changes.to_string(), 0))
}

/// Says whom it waits for.
fn waiting() -> LockfileOptions {
    let told = std::sync::Once::new();
    LockfileOptions::new().lock(LockOptions::new().on_wait(move |_, holder| {
        let holder = holder.map_or_else(|| "others".to_owned(), ToString::to_string);
        told.call_once(|| eprintln!("resolver: waiting for the lock, held by {holder}"));
        Continue(())
    }))
}

/// Says what an error means for the person who runs this, by its kind.
pub(crate) fn explain(error: &(dyn Error + 'static)) -> ExitCode {
    let (what, code) = match error.downcast_ref::<WriteError>() {
        Some(error) if error.is_contention() => ("try again later", 75),
        Some(error) if error.is_lost() => ("run it again", 75),
        Some(error) if error.is_committed() => ("written, but perhaps not for good", 1),
        _ => ("nothing was written", 1),
    };
    eprintln!("resolver: {what}: {error}");
    ExitCode::from(code)
}
