//! What adapter code can rely on.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::path::PathBuf;

use agentslock_adapters::{
    Activation, AdaptersLock, Build, ChangeAdapterError, Dependency, Digest, Flushed,
    HISTORY_LIMIT, Timestamp,
};
use tempfile::TempDir;

fn document(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".agentsrc.lock");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

fn at(second: usize) -> Timestamp {
    format!("2026-01-02T03:04:{second:02}Z").parse().unwrap()
}

fn activation(byte: u8, second: usize) -> Activation {
    Activation::new(digest(byte), digest(byte + 1), at(second))
}

#[test]
fn activating_again_updates_the_digests_and_keeps_the_views() {
    let (_directory, path) = document("{\"lock_version\":1}");
    let lock = AdaptersLock::new(&path);
    assert_eq!(lock.activate("kuzu", &activation(1, 1)).unwrap(), Flushed::Written);
    lock.register_view("kuzu", "calls", &Build::new(digest(3), at(2))).unwrap();
    assert_eq!(lock.activate("kuzu", &activation(5, 3)).unwrap(), Flushed::Written);
    assert_eq!(lock.activate("kuzu", &activation(5, 3)).unwrap(), Flushed::Unchanged);
    let kuzu = &lock.adapters().unwrap()["kuzu"];
    assert_eq!((&kuzu.source_digest, &kuzu.schema_digest), (&digest(5), &digest(6)));
    assert_eq!(kuzu.activated_at, at(3));
    assert_eq!(kuzu.materialized_views["calls"].view_digest, Some(digest(3)));
}

#[test]
fn a_registered_view_is_ready_and_its_history_keeps_the_newest_20() {
    let (_directory, path) = document("{}");
    let lock = AdaptersLock::new(&path);
    lock.activate("kuzu", &activation(1, 0)).unwrap();
    let dependency =
        Dependency { adapter: "crg".into(), schema_digest: digest(9), version: "1".into() };
    for second in 0..=HISTORY_LIMIT {
        let build = Build::new(digest(3), at(second)).depending_on(dependency.clone());
        lock.register_view("kuzu", "calls", &build).unwrap();
    }
    let view = lock.adapters().unwrap()["kuzu"].materialized_views["calls"].clone();
    assert_eq!(view.view_status.as_str(), "ready");
    assert_eq!(view.depends_on, [dependency]);
    assert_eq!(view.last_rebuilt_at, Some(at(HISTORY_LIMIT)));
    assert_eq!(view.state_history.len(), HISTORY_LIMIT);
    assert_eq!(view.state_history[0].at, at(1), "the oldest is dropped");
    let newest = view.state_history.last().unwrap();
    assert_eq!((newest.from.as_deref(), newest.to.as_str()), (Some("ready"), "ready"));
    assert_eq!(newest.trigger, "registered");
}

#[test]
fn the_first_transition_comes_from_nowhere() {
    let (_directory, path) = document("{}");
    let lock = AdaptersLock::new(&path);
    lock.activate("kuzu", &activation(1, 0)).unwrap();
    lock.register_view("kuzu", "calls", &Build::new(digest(3), at(1))).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("\"from\""), "{text}");
}

#[test]
fn what_this_crate_does_not_know_stays() {
    let (_directory, path) = document(
        r#"{"adapters":{
            "far":{"anything":[1.0 , {"x":1e0}]},
            "kuzu":{"source_digest":"sha256:aa","schema_digest":"sha256:bb","activated_at":"then",
                "flags":{"n":1.50},"materialized_views":{"calls":{"view_status":"levitating",
                "hint":"h"},"other":{"view_status":"ready","rank":2.0}}}}}"#,
    );
    let lock = AdaptersLock::new(&path);
    lock.register_view("kuzu", "calls", &Build::new(digest(3), at(1))).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for kept in ["1.0", "1e0", "\"n\": 1.50", "\"hint\": \"h\"", "\"rank\": 2.0", "\"then\""] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(text.contains("\"from\": \"levitating\""), "{text}");
}

#[test]
fn a_change_that_is_refused_writes_nothing() {
    let text = r#"{"adapters":{"odd":{"source_digest":"sha256:aa"}}}"#;
    let (_directory, path) = document(text);
    let lock = AdaptersLock::new(&path);
    let build = Build::new(digest(3), at(1));
    let missing = lock.register_view("kuzu", "calls", &build).unwrap_err();
    assert!(matches!(missing, ChangeAdapterError::NotActive { .. }), "{missing}");
    let nameless = lock.activate("", &activation(1, 1)).unwrap_err();
    assert!(matches!(nameless, ChangeAdapterError::UnusableName { .. }), "{nameless}");
    let slash = lock.register_view("odd", "a/b", &build).unwrap_err();
    assert!(matches!(slash, ChangeAdapterError::UnusableName { .. }), "{slash}");
    let odd = lock.register_view("odd", "calls", &build).unwrap_err();
    let source = std::error::Error::source(&odd).unwrap().to_string();
    assert!(odd.to_string().contains("\"odd\"") && source.contains("schema_digest"), "{odd}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    let later = r#"{"lock_version":2}"#;
    std::fs::write(&path, later).unwrap();
    let version = lock.activate("kuzu", &activation(1, 1)).unwrap_err();
    assert!(matches!(version, ChangeAdapterError::Version { found: 2, .. }), "{version}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), later);
}
