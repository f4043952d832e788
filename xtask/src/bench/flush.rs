//! Flushing one changed section of a small document.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use agentslock_core::{Lockfile, LockfileOptions};
use fsops::Durability;
use serde_json::value::RawValue;

use super::lock::{acquire_bare, release_bare, verify_bare};
use super::{Failure, Variant, own_directory};

const SIZE: usize = 2048;

pub(super) fn variants(
    place: &Path,
    durability: Durability,
) -> Result<Vec<Variant<'static>>, Failure> {
    let bare = own_directory(place, &format!("flush-bare-{durability:?}"))?;
    let locked = own_directory(place, &format!("flush-locked-{durability:?}"))?;
    let ours = own_directory(place, &format!("flush-ours-{durability:?}"))?.join(".agentsrc.lock");
    let text = document();
    for path in [&bare.join("document"), &locked.join("document"), &ours] {
        std::fs::write(path, &text)?;
    }
    let lockfile = LockfileOptions::new().durability(durability).open(&ours)?;
    let mut round = 0_u64;
    Ok(vec![
        Variant {
            name: "bare: read, scan, write, rename",
            once: Box::new(move || replace_bare(&bare, durability, || Ok(()))),
        },
        Variant {
            name: "bare: the same inside our lock's system calls",
            once: Box::new(move || {
                let held = acquire_bare(&locked)?;
                replace_bare(&locked, durability, || verify_bare(&locked, &held))?;
                release_bare(&locked, held)
            }),
        },
        Variant {
            name: "agentslock-core",
            once: Box::new(move || {
                round += 1;
                flush(&lockfile, round)
            }),
        },
    ])
}

fn flush(lockfile: &Lockfile, round: u64) -> Result<(), Failure> {
    lockfile.set_section("install", &round)?;
    lockfile.flush()?;
    Ok(())
}

/// A document of the size, most of which the flush does not change.
fn document() -> String {
    let filler = "x".repeat(SIZE - 60);
    format!("{{\n  \"install\": 0,\n  \"lock_version\": 1,\n  \"units\": \"{filler}\"\n}}\n")
}

fn replace_bare(
    directory: &Path,
    durability: Durability,
    before_rename: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (path, temporary) =
        (directory.join("document"), directory.join("document.tmp-0123456789ab"));
    let mut text = String::with_capacity(SIZE + 1);
    let mut old = File::open(&path)?;
    old.read_to_string(&mut text)?;
    serde_json::from_str::<&RawValue>(&text)?;
    let parent = File::open(directory)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(old.metadata()?.permissions())?;
    if durability == Durability::Full {
        file.sync_all()?;
    }
    before_rename()?;
    std::fs::metadata(&path)?;
    std::fs::rename(&temporary, &path)?;
    if durability == Durability::Full {
        parent.sync_all()?;
    }
    Ok(())
}
