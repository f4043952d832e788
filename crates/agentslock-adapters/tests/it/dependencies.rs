//! What a view is said to depend on.

use agentslock_adapters::{Build, ChangeError, Dependency};

use crate::support::{Lab, at, digest, kuzu, said, unchecked};

#[test]
fn a_digest_that_is_none_is_refused_wherever_a_dependency_is_given() {
    let text = kuzu(&[("calls", "pending-recompat-check")]);
    let lab = Lab::with(&text);
    let kuzu = lab.adapter("kuzu");
    let bad = Dependency::new("crg", unchecked("sha256:aa"), "1");
    let nameless = Dependency::new("", digest(1), "1");
    for (dependency, expected) in [
        (bad, "\"sha256:aa\" is not a digest: column 10"),
        (nameless, "\"\" cannot name an adapter"),
    ] {
        let build = Build::new(digest(1), at(1)).depending_on(dependency.clone());
        for error in [
            kuzu.register_view("calls", &build).unwrap_err(),
            kuzu.recompat_passed("calls", &[dependency], &at(1)).unwrap_err(),
        ] {
            assert!(said(&error).contains(expected), "{error}");
            match error {
                ChangeError::Digest { of, .. } => {
                    assert_eq!(of, "the view `kuzu/calls`, its dependency on `crg`");
                }
                error => assert!(matches!(error, ChangeError::Name(_)), "{error:?}"),
            }
        }
    }
    assert_eq!(lab.text(), text);
}

#[test]
fn the_digest_that_an_adapter_has_can_be_depended_on_whatever_it_is() {
    let lab = Lab::with(
        r#"{"adapters":{"old":{"source_digest":"a","schema_digest":"sha256:aa","activated_at":"then"},
            "kuzu":{"source_digest":"a","schema_digest":"b","activated_at":"then"}}}"#,
    );
    let theirs = lab.lock.adapters().unwrap()["old"].schema_digest.clone();
    let build = Build::new(digest(1), at(1)).depending_on(Dependency::new("old", theirs, "1"));
    lab.adapter("kuzu").register_view("calls", &build).unwrap();
    assert_eq!(lab.view("kuzu", "calls").depends_on[0].schema_digest.as_str(), "sha256:aa");
}

#[test]
fn a_field_that_has_a_place_of_its_own_is_none_of_the_others() {
    let text = kuzu(&[]);
    let lab = Lab::with(&text);
    for name in ["adapter", "schema_digest", "version"] {
        let mut dependency = Dependency::new("crg", digest(1), "1");
        dependency.other.push(name, "x").unwrap();
        let build = Build::new(digest(1), at(1)).depending_on(dependency);
        let error = lab.adapter("kuzu").register_view("calls", &build).unwrap_err();
        assert!(matches!(error, ChangeError::Stage(_)), "{error:?}");
        assert!(said(&error).contains(&format!("`{name}` has a place of its own")), "{error:?}");
    }
    assert_eq!(lab.text(), text);
}
