//! Any bytes as a document. Either there is a typed error and the file is untouched, or a flush
//! changes the staged section and no other byte.

#![no_main]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::SystemTime;

use agentslock_core::{Flushed, LockfileOptions};
use fsops::Durability;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const STAGED: &str = "staged by the fuzzer";

fn path() -> PathBuf {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    DIRECTORY
        .get_or_init(|| tempfile::tempdir().expect("because there is a place for temporary files"))
        .path()
        .join(".agentsrc.lock")
}

fuzz_target!(|bytes: &[u8]| {
    let path = path();
    // An unfinished one that is young is waited for.
    let write = || {
        let mut file = File::create(&path)?;
        file.write_all(bytes)?;
        file.set_modified(SystemTime::UNIX_EPOCH)
    };
    write().expect("because the directory is ours");
    let options = LockfileOptions::new().durability(Durability::Atomic);
    let Ok(lockfile) = options.open(&path) else {
        let now = std::fs::read(&path).expect("because it was written a moment ago");
        assert_eq!(now, bytes, "a document that is not understood stays as it is");
        return;
    };
    let siblings: Vec<_> = lockfile
        .section_names()
        .into_iter()
        .filter(|name| name != STAGED)
        .map(|name| (lockfile.section_raw(&name).expect("because it is a section"), name))
        .collect();
    lockfile.set_section(STAGED, &true).expect("because it is a value");
    lockfile.flush().expect("because the document was understood");
    let again = options.open(&path).expect("because we wrote it");
    assert_eq!(again.section::<bool>(STAGED).expect("because it is a boolean"), Some(true));
    for (value, name) in siblings {
        assert_eq!(again.section_raw(&name).expect("because it is a section"), value, "{name:?}");
    }
    again.set_section(STAGED, &true).expect("because it is a value");
    assert_eq!(again.flush().expect("because we wrote it"), Flushed::Unchanged);
});
