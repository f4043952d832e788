//! Staleness and drift: the Go side's vectors, and the evidence.

use std::collections::{BTreeMap, BTreeSet};

use agentslock_config::{
    CacheKey, ChangedUnit, ConfigLock, Declared, Digest, DriftState, Kind, Reference, Revision,
    Staleness,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::support::{Lab, digest, reference, revision, said, vector};

#[derive(Deserialize)]
struct Vectors {
    cache_keys: Vec<CacheKeys>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct CacheKeys {
    name: String,
    recorded: String,
    effective: String,
    stale: bool,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    declared: Vec<DeclaredReference>,
    inputs_digest_now: Digest,
    unit_digests_now: Option<BTreeMap<String, String>>,
    document: Box<RawValue>,
    reasons: Vec<String>,
    drift_clean: bool,
    drift: Vec<DriftOf>,
}

#[derive(Deserialize)]
struct DeclaredReference {
    #[serde(rename = "ref")]
    reference: String,
    kind: Kind,
}

#[derive(Deserialize)]
struct DriftOf {
    #[serde(rename = "ref")]
    identity: String,
    status: String,
}

/// What the vectors mark as faults of the Go side, by case: what its staleness says, and ours.
const OTHER_REASONS: [(&str, &[&str]); 1] = [(
    // "both are acme: ; a fault, not meant": Go cuts the identity at the path's first `@`.
    "npm scopes without version share an identity",
    &["declared-set-changed"],
)];

/// As [`OTHER_REASONS`], for drift: the identities that Go has otherwise.
const OTHER_DRIFT: [(&str, &[(&str, &str)]); 1] = [(
    "npm scopes without version share an identity",
    &[("acme:@one/base.json", "missing-from-lock"), ("acme:@two/base.json", "extra-in-lock")],
)];

/// "drift, in the newest stored text, calls all the others extra": what Go's staleness does not
/// compare any more, and its drift still does. The reason for each that we leave out.
const NOT_EXTRA: [(&str, &str); 8] = [
    ("acme:org/base.json", "transitive: another layer extends it"),
    ("da:skill/x", "transitive, as an artifact"),
    ("repo-local:execution-profile:go-cli", "a profile"),
    ("repo-local:stage-profile:verifier", "a profile"),
    ("team:descriptors/x.json", "a descriptor"),
    ("team:later.json", "of a kind that nobody declares"),
    ("team:projects.json", "a project set"),
    ("team:verifiers/ts-lint.md", "a prompt"),
];

/// In how many cases an identity of [`NOT_EXTRA`] is left out. More would hide a fault of ours.
const LEFT_OUT: usize = 68;

fn vectors() -> Vectors {
    serde_json::from_str(&vector("staleness.json")).unwrap()
}

impl Case {
    fn declared(&self) -> Declared {
        for declared in &self.declared {
            assert!([Kind::Layer, Kind::Artifact].contains(&declared.kind));
        }
        // One of the cases declares what no parser accepts.
        let references = self.declared.iter().map(|it| Reference::verbatim(&it.reference));
        Declared::over([Kind::Layer, Kind::Artifact], references)
            .with_inputs(self.inputs_digest_now.clone())
    }

    fn lock(&self) -> ConfigLock {
        ConfigLock::from_text(self.document.get()).unwrap()
    }
}

#[test]
fn every_vector_of_staleness_gives_its_reasons_in_their_order() {
    let (mut same, mut excepted) = (0, 0);
    for case in vectors().cases {
        let now = |reference: &Reference, _: &_| {
            Some(Revision::opaque(case.unit_digests_now.as_ref()?.get(reference.as_str())?))
        };
        let reasons = case.lock().read().unwrap().staleness_with(&case.declared(), now).unwrap();
        let reasons: Vec<_> = reasons.iter().map(Staleness::reason).collect();
        match OTHER_REASONS.iter().find(|(name, _)| *name == case.name) {
            Some((_, ours)) => {
                assert_ne!(case.reasons, *ours, "{}: no longer a fault", case.name);
                assert_eq!(reasons, *ours, "{}", case.name);
                excepted += 1;
            }
            None => {
                assert_eq!(reasons, case.reasons, "{}", case.name);
                same += 1;
            }
        }
    }
    assert_eq!((same, excepted), (23, OTHER_REASONS.len()));
    println!("staleness: {same} vectors as Go has them, {excepted} excepted");
}

#[test]
fn every_vector_of_drift_gives_its_states_in_their_order() {
    let (mut cases, mut left_out) = (0, 0);
    for case in vectors().cases {
        let report = case.lock().read().unwrap().drift(&case.declared()).unwrap();
        let ours: Vec<_> =
            report.drifts.iter().map(|it| (it.identity.as_str(), it.state.as_str())).collect();
        let mut theirs: Vec<_> =
            case.drift.iter().map(|it| (it.identity.as_str(), it.status.as_str())).collect();
        if let Some((_, other)) = OTHER_DRIFT.iter().find(|(name, _)| *name == case.name) {
            theirs = other.to_vec();
        }
        let is_extra = |it: &(&str, &str)| {
            it.1 == "extra-in-lock" && NOT_EXTRA.iter().any(|(identity, _)| *identity == it.0)
        };
        left_out += theirs.iter().filter(|it| is_extra(it)).count();
        theirs.retain(|it| !is_extra(it));
        assert_eq!(ours, theirs, "{}", case.name);
        // Clean in Go's eyes is clean in ours.
        let clean = case.declared.is_empty() || theirs.iter().all(|(_, state)| *state == "ok");
        assert_eq!(report.is_clean(), clean, "{}", case.name);
        if OTHER_DRIFT.iter().all(|(name, _)| *name != case.name) {
            assert!(report.is_clean() || !case.drift_clean, "{}", case.name);
        }
        cases += 1;
    }
    assert_eq!((cases, left_out), (24, LEFT_OUT));
    println!(
        "drift: {cases} vectors, {left_out} identities left out, {} cases excepted",
        OTHER_DRIFT.len()
    );
}

#[test]
fn every_vector_of_cache_keys_says_whether_to_fetch_again() {
    let vectors = vectors().cache_keys;
    for keys in &vectors {
        let key = |text: &str| Some(CacheKey::from(text)).filter(|key| !key.as_str().is_empty());
        let (recorded, effective) = (key(&keys.recorded), key(&keys.effective));
        let stale = CacheKey::is_stale(recorded.as_ref(), effective.as_ref());
        assert_eq!(stale, keys.stale, "{}", keys.name);
        let empty = [&keys.recorded, &keys.effective].map(|text| CacheKey::from(text.as_str()));
        assert_eq!(CacheKey::is_stale(Some(&empty[0]), Some(&empty[1])), keys.stale);
    }
    assert_eq!(vectors.len(), 11);
}

#[test]
fn each_cache_key_has_its_form() {
    let keys = [
        (CacheKey::always_revalidate(), "cachekey/always-revalidate"),
        (CacheKey::git(Some("0f1e")), "cachekey/git:0f1e"),
        (CacheKey::git(None), "cachekey/git:absent"),
        (CacheKey::http_etag("\"v1\""), "cachekey/http:etag=\"v1\""),
        (CacheKey::http_last_modified("then"), "cachekey/http:lastmod=then"),
        (CacheKey::http_digest("cc"), "cachekey/http:digest=cc"),
        (CacheKey::local("cc+dd"), "cachekey/local:cc+dd"),
        (CacheKey::oci("sha256:cc"), "cachekey/oci:sha256:cc"),
    ];
    for (key, text) in keys {
        assert_eq!(key.as_str(), text);
    }
}

fn locked() -> Lab {
    let text = format!(
        r#"{{"inputs_digest":"{}","units":{{"a:x@1":{{"kind":"layer","digest":"{}"}},
            "a:y@1":{{"kind":"layer","digest":"{}"}},"a:z@1":{{"kind":"prompt","digest":"{}"}}}}}}"#,
        digest(9),
        digest(1),
        digest(2),
        digest(3)
    );
    Lab::with(text)
}

fn layers(names: &[&str]) -> Declared {
    Declared::over([Kind::Layer], names.iter().map(|name| reference(name)))
}

#[test]
fn each_reason_comes_once_with_all_its_evidence() {
    let snapshot = locked().lock.read().unwrap();
    let declared = layers(&["a:x@2", "a:new@1", "b:new"]).with_inputs(digest(8));
    let now = |reference: &Reference, _: &_| {
        (*reference != *"a:y@1").then(|| revision(if *reference == *"a:z@1" { 7 } else { 6 }))
    };
    let reasons = snapshot.staleness_with(&declared, now).unwrap();
    let set = |names: &[&str]| names.iter().map(|name| reference(name)).collect::<BTreeSet<_>>();
    assert_eq!(
        reasons,
        [
            Staleness::InputsDigestMismatch { locked: Some(digest(9)), current: digest(8) },
            Staleness::DeclaredSetChanged {
                added: set(&["a:new@1", "b:new"]),
                removed: set(&["a:y@1"])
            },
            Staleness::UnitDigestMismatch {
                changed: vec![
                    ChangedUnit::new(reference("a:x@1"), revision(1), revision(6)),
                    ChangedUnit::new(reference("a:z@1"), revision(3), revision(7)),
                ]
            },
        ]
    );
    let shown: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            format!(
                "inputs-digest-mismatch: resolved from {}, inputs are {} now",
                digest(9),
                digest(8)
            ),
            "declared-set-changed:\n  a:new@1 is not locked\n  b:new is not locked\n  \
             a:y@1 is not declared"
                .to_owned(),
            format!(
                "unit-digest-mismatch:\n  a:x@1 is locked with {}, has {} now\n  \
                 a:z@1 is locked with {}, has {} now",
                digest(1),
                digest(6),
                digest(3),
                digest(7)
            ),
        ]
    );
    let json = serde_json::to_value(&reasons).unwrap();
    assert_eq!(json[1]["reason"], "declared-set-changed");
    assert_eq!(json[1]["added"], serde_json::json!(["a:new@1", "b:new"]));
}

#[test]
fn what_is_declared_and_locked_is_not_stale_and_nothing_is_written() {
    let lab = locked();
    let before = lab.text();
    let snapshot = lab.lock.read().unwrap();
    let declared = layers(&["a:x@1", "a:y@1"]);
    assert_eq!(snapshot.staleness(&declared.clone().with_inputs(digest(9))).unwrap(), []);
    assert_eq!(snapshot.staleness(&declared).unwrap(), [], "inputs that are not told");
    let report = snapshot.drift(&declared).unwrap();
    assert!(report.is_clean());
    assert_eq!(report.drifts.iter().map(|it| it.state).collect::<Vec<_>>(), [DriftState::Ok; 2]);
    assert_eq!(lab.text(), before);
}

#[test]
fn drift_is_shown_and_serialised_by_identity() {
    let report = locked().lock.read().unwrap().drift(&layers(&["a:x@7", "c:new@1"])).unwrap();
    assert_eq!(report.to_string(), "a:y: extra-in-lock\nc:new: missing-from-lock\n");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["drifts"][1]["state"], "extra-in-lock");
    assert!(!report.is_clean());
}

#[test]
fn a_document_without_a_digest_of_its_inputs_is_stale() {
    let snapshot = Lab::empty().lock.read().unwrap();
    let reasons = snapshot.staleness(&layers(&[]).with_inputs(digest(1))).unwrap();
    assert_eq!(reasons, [Staleness::InputsDigestMismatch { locked: None, current: digest(1) }]);
    assert!(reasons[0].to_string().contains("resolved from nothing"));
}

#[test]
fn a_document_that_cannot_be_read_is_an_error_and_not_stale() {
    let lab = Lab::with(r#"{"units":{"a:x@1":{"kind":"layer"}}}"#);
    let error = lab.lock.read().unwrap().staleness(&layers(&[])).unwrap_err();
    assert!(said(&error).contains("\"a:x@1\""), "{error}");
    assert!(lab.lock.read().unwrap().drift(&layers(&[])).is_err());
}
