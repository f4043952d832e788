//! One change in one write: snapshots, transactions, plans, results.

use std::sync::atomic::{AtomicBool, Ordering};

use agentslock_config::{
    Changes, ConfigLock, Durability, Flushed, Install, Kind, LockfileOptions, Pass, Refresh, Tool,
    Unit, WriteError, Written,
};

use crate::support::{Lab, artifact, at, digest, layer, pass, reference, said};

/// The two passes of a resolver, and its stamp, all of round `byte`.
fn round(lock: &ConfigLock, byte: u8) -> Written {
    let layers = pass([Kind::Layer], &[("a:layer@1", layer(byte))]);
    let mut packages = Pass::over([Kind::Artifact]).resolved_from(digest(byte));
    packages.add_artifact(reference("a:package@1"), artifact(byte), digest(byte)).unwrap();
    let stamp = Refresh::new(Tool::version(byte.to_string()), at(1));
    lock.update(|document| {
        document.write(&layers)?;
        document.write(&packages)?;
        document.stamp_refresh(&stamp)
    })
    .unwrap()
}

#[test]
fn readers_see_none_of_a_change_or_all_of_it() {
    let lab = Lab::empty();
    let options = LockfileOptions::new().durability(Durability::Atomic);
    let lock = ConfigLock::with_options(lab.path(), options);
    round(&lock, 0);
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let snapshot = lock.read().unwrap();
                let units = snapshot.units().unwrap();
                let inputs = snapshot.inputs_digest().unwrap();
                let version = snapshot.refresh_stamp().unwrap().unwrap().tool.version.unwrap();
                assert_eq!(units["a:layer@1"].digest, inputs);
                assert_eq!(units["a:package@1"].digest, inputs);
                assert_eq!(snapshot.artifact_content().unwrap()["a:package@1"], inputs);
                assert_eq!(digest(version.parse().unwrap()), inputs);
                reads += 1;
            }
            reads
        });
        for byte in 1..=100 {
            assert_eq!(round(&lock, byte).flushed, Flushed::Written);
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(reads > 100, "{reads}");
}

#[test]
fn several_passes_and_stamps_are_one_write_and_tell_what_changed() {
    let lab = Lab::with(
        r#"{"units":{"a:gone@1":{"kind":"artifact","digest":"sha256:00"},
            "a:layer@1":{"kind":"layer","digest":"sha256:01","cache_key":"k"}}}"#,
    );
    let written = round(&lab.lock, 5);
    let names = |units: Vec<(&agentslock_config::Reference, &Unit)>| -> Vec<String> {
        units.into_iter().map(|(name, _)| name.to_string()).collect()
    };
    let Written { changes, flushed, .. } = &written;
    assert_eq!(*flushed, Flushed::Written);
    assert_eq!(names(changes.added().collect()), ["a:package@1"]);
    assert_eq!(names(changes.removed().collect()), ["a:gone@1"]);
    let (name, before, after) = changes.changed().next().unwrap();
    assert_eq!((name.as_str(), before.digest.as_str()), ("a:layer@1", "sha256:01"));
    assert_eq!(after, &lab.units()["a:layer@1"]);
    let five = digest(5);
    assert_eq!(
        changes.to_string(),
        format!(
            "- a:gone@1 artifact sha256:00\n\
             ~ a:layer@1 layer, sha256:01 -> {five}, cache key k -> none\n\
             + a:package@1 artifact {five}\n\
             + content of a:package@1 {five}\n\
             + inputs {five}\n\
             + refresh 5 at 2026-01-02T03:04:01Z\n"
        )
    );
    let json = serde_json::to_value(&written).unwrap();
    assert_eq!(json["flushed"], "written");
    let change = &json["changes"]["units"]["a:layer@1"];
    assert_eq!(
        change["before"],
        serde_json::json!({"kind":"layer","digest":"sha256:01","cache_key":"k"})
    );
    assert_eq!(change["after"]["digest"], five.as_str());

    let again = round(&lab.lock, 5);
    assert_eq!(again, Written::new(Changes::default(), Flushed::Unchanged));
    assert_eq!(again.changes.to_string(), "");
}

#[test]
fn a_plan_says_what_a_write_does_and_what_it_refuses_and_writes_nothing() {
    let text = r#"{"units":{"a:prompt@1":{"kind":"prompt","digest":"d"},
        "a:x@1":{"kind":"layer","digest":"sha256:01","transitive":true}}}"#;
    let lab = Lab::with(text);
    let found = pass(
        [Kind::Layer],
        &[("a:prompt@1", layer(1)), ("a:x@1", Unit::new(Kind::Layer, digest(1)))],
    );
    let plan = lab.lock.plan(&found).unwrap();
    let one = digest(1);
    assert_eq!(
        plan.to_string(),
        format!(
            "~ a:x@1 layer, sha256:01 -> {one}, no longer transitive\n\
             ! a:prompt@1: it is locked as a unit of kind `prompt`, which the pass does not own\n"
        )
    );
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["refused"][0]["reference"], "a:prompt@1");
    assert_eq!(lab.text(), text);
    assert_eq!(crate::support::names(&lab), [".agentsrc.lock"], "not even a lock");

    let empty = lab.lock.plan(&Pass::over([Kind::Artifact])).unwrap();
    assert!(empty.is_empty() && empty.to_string().is_empty());
}

#[test]
fn a_change_that_fails_halfway_writes_nothing() {
    let lab = Lab::with("{}");
    let error = lab
        .lock
        .update(|document| {
            document.write(&pass([Kind::Layer], &[("a:x@1", layer(1))]))?;
            assert_eq!(document.units()?.len(), 1, "inside, it is there");
            Err(WriteError::caller("the cache is gone"))
        })
        .unwrap_err();
    assert_eq!(said(&error), "the cache is gone");
    assert_eq!(lab.text(), "{}");
}

#[test]
fn code_is_tested_without_a_disk() {
    let lock = ConfigLock::from_text(r#"{"zz": 1}"#).unwrap();
    let clone = lock.clone();
    let written = round(&lock, 3);
    assert_eq!(written.flushed, Flushed::Written);
    assert_eq!(clone.read().unwrap().units().unwrap()["a:layer@1"].digest, digest(3));
    assert_eq!(round(&clone, 3).flushed, Flushed::Unchanged);
    assert!(lock.plan(&Pass::over([Kind::Layer])).unwrap().changes.removed().count() == 1);

    // To the byte as on a disk.
    let lab = Lab::with(r#"{"zz": 1}"#);
    round(&lab.lock, 3);
    assert_eq!(lock.read().unwrap().text(), lab.text());

    let error = ConfigLock::from_text("[]").unwrap_err();
    assert!(error.to_string().contains("(a text)"), "{error}");
    let wrong = ConfigLock::from_text(r#"{"units":{"a:x@1":7}}"#).unwrap();
    assert!(wrong.write(&Pass::over([Kind::Layer])).is_err());
    assert_eq!(wrong.read().unwrap().text(), r#"{"units":{"a:x@1":7}}"#);
}

#[test]
fn a_stamp_that_changes_is_shown_with_both_versions() {
    let lock = ConfigLock::from_text("{}").unwrap();
    lock.stamp_install(&Install::new("p", Tool::version("1"), at(1))).unwrap();
    let written = lock.stamp_install(&Install::new("p", Tool::version("2"), at(2))).unwrap();
    let shown = "~ install 1 at 2026-01-02T03:04:01Z -> 2 at 2026-01-02T03:04:02Z\n";
    assert_eq!(written.changes.to_string(), shown);
}

#[test]
fn a_pass_is_collected_extended_counted_and_compared() {
    let units = [("a:x@1", layer(1)), ("a:y@1", artifact(2)), ("a:x@1", layer(3))];
    let units = units.map(|(name, unit)| (reference(name), unit));
    let collected: Pass = units.clone().into_iter().collect();
    assert_eq!(collected.kinds().cloned().collect::<Vec<_>>(), [Kind::Artifact, Kind::Layer]);
    assert_eq!((collected.len(), collected.is_empty()), (2, false));
    assert_eq!(collected.iter().next().unwrap().1.digest, digest(3), "the later one");
    let nothing: Pass = std::iter::empty().collect();
    let lock =
        ConfigLock::from_text(r#"{"units":{"a:x@1":{"kind":"layer","digest":"d"}}}"#).unwrap();
    assert_eq!(lock.write(&nothing).unwrap().flushed, Flushed::Unchanged, "it owns no kind");

    let mut extended = Pass::over([Kind::Artifact, Kind::Layer]);
    let error = extended.try_extend(units.clone()).unwrap_err();
    assert!(error.to_string().contains("`a:x@1` was added a second time"), "{error}");
    assert_eq!(extended.len(), 2);
    let mut same = Pass::over([Kind::Artifact, Kind::Layer]);
    same.try_extend(units[1..].to_vec()).unwrap();
    assert_eq!(same, collected);
}
