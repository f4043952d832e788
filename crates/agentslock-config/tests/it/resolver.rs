//! The example of a resolver, on a copy of the example's repository.

#[allow(dead_code, unreachable_pub, reason = "its main is not called")]
#[path = "../../examples/resolver.rs"]
mod example;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use agentslock_config::{LockOptions, LockfileOptions, WriteError};
use tempfile::TempDir;

use self::example::{explain, resolve};

fn repository() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/repo");
    for directory in [".", "layers", "packages", "profiles"] {
        std::fs::create_dir_all(copy.path().join(directory)).unwrap();
        for entry in std::fs::read_dir(from.join(directory)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let to = copy.path().join(directory).join(entry.file_name());
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    copy
}

fn run(repository: &TempDir, flag: &str) -> Result<(String, u8), Box<dyn Error>> {
    resolve(repository.path(), flag, &LockfileOptions::new())
}

fn text(repository: &TempDir) -> String {
    std::fs::read_to_string(repository.path().join(".agentsrc.lock")).unwrap()
}

/// The inputs of a person, if this machine has any, count as well: the first run takes them in.
fn resolved() -> TempDir {
    let repository = repository();
    run(&repository, "").unwrap();
    repository
}

#[test]
fn a_dry_run_prints_the_plan_as_a_diff_and_writes_nothing() {
    let repository = resolved();
    let before = text(&repository);
    assert_eq!(run(&repository, "--dry-run").unwrap(), (String::new(), 0));
    std::fs::write(repository.path().join("layers/notes.md"), "new").unwrap();
    let (plan, code) = run(&repository, "--dry-run").unwrap();
    assert!(
        plan.starts_with("~ local:notes@0 layer, sha256:") && plan.lines().count() == 1,
        "{plan}"
    );
    assert_eq!((code, text(&repository)), (0, before));
    // What it said is what comes.
    assert_eq!(run(&repository, "").unwrap(), (plan, 0));
    assert_eq!(run(&repository, "").unwrap(), (String::new(), 0));
}

#[test]
fn a_frozen_run_tells_all_reasons_and_drift_and_fails() {
    let repository = resolved();
    assert_eq!(run(&repository, "--frozen").unwrap(), (String::new(), 0));
    let manifest = repository.path().join(".agentsrc.json");
    let changed = std::fs::read_to_string(&manifest).unwrap();
    let changed = changed.replace("local:notes@0", "local:other@1").replace("rust@2.1.0", "rust@3");
    std::fs::write(&manifest, changed).unwrap();
    std::fs::write(repository.path().join("layers/base.md"), "new").unwrap();
    let before = text(&repository);
    let (told, code) = run(&repository, "--frozen").unwrap();
    assert_eq!((code, text(&repository)), (1, before));
    for part in [
        "inputs-digest-mismatch: ",
        "declared-set-changed:\n  local:other@1 is not locked\n  local:notes@0 is not declared\n",
        "unit-digest-mismatch: git:acme/base@1.4.0 is locked with ",
        "local:notes: extra-in-lock\nlocal:other: missing-from-lock\n",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("rust"), "versions do not count: {told}");
}

#[test]
fn who_holds_the_lock_is_told_by_the_kind_of_the_error() {
    let repository = repository();
    std::fs::write(repository.path().join("layers/notes.md"), "new").unwrap();
    let hasty = LockOptions::new().timeout(Duration::from_millis(20));
    let hasty = LockfileOptions::new().lock(hasty);
    let path = repository.path().join(".agentsrc.lock");
    let guard = LockOptions::new().acquire(path).unwrap();
    let other = || resolve(repository.path(), "", &hasty).unwrap_err().to_string();
    let answer = std::thread::scope(|scope| scope.spawn(other).join().unwrap());
    guard.release().unwrap();
    assert!(answer.contains("is held by"), "{answer}");
    let code = |error: &(dyn Error + 'static)| format!("{:?}", explain(error));
    let caller = WriteError::caller("no cache");
    assert_eq!(code(&caller), format!("{:?}", ExitCode::from(1)));
}

#[test]
fn the_example_fits_on_few_screens() {
    let source = include_str!("../../examples/resolver.rs");
    assert!(source.lines().count() < 120, "{}", source.lines().count());
}
