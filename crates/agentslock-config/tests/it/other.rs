//! Fields that this crate does not know.

use agentslock_config::{Install, Kind, Pass, Refresh, Tool, Unit, WriteError};

use crate::support::{Lab, at, layer, reference, revision, said};

fn pass(unit: Unit) -> Pass {
    let mut pass = Pass::over([Kind::Layer]);
    pass.add(reference("a:x@1"), unit).unwrap();
    pass
}

#[test]
fn what_a_newer_program_added_since_they_were_read_stays() {
    let old = r#"{"install":{"project":"p","stamped_at":"then","a":1.0},"refresh":{"a":1.0},
        "units":{"a:x@1":{"kind":"layer","digest":"sha256:00","a":1.0}}}"#;
    let lab = Lab::with(old);
    let mut unit = lab.units()["a:x@1"].clone();
    let mut install = lab.install().unwrap();
    let mut refresh = lab.refresh().unwrap();
    std::fs::write(lab.path(), old.replace("\"a\":1.0", "\"a\":2.0,\"b\":[ ]")).unwrap();
    (unit.digest, install.stamped_at, refresh.refreshed_at) = (revision(1), at(1), Some(at(1)));
    lab.lock.write(&pass(unit)).unwrap();
    lab.lock.stamp_install(&install).unwrap();
    lab.lock.stamp_refresh(&refresh).unwrap();
    let text = lab.text();
    assert_eq!(text.matches("\"a\": 1.0").count(), 3, "what is given counts: {text}");
    assert_eq!(text.matches("\"b\": []").count(), 3, "{text}");
}

#[test]
fn a_field_that_has_a_place_of_its_own_is_none_of_the_others() {
    let lab = Lab::with("{}");
    for name in ["kind", "digest", "fetched_at", "last_checked_at", "cache_key", "transitive"] {
        let mut unit = layer(1);
        unit.other.push(name, "prompt").unwrap();
        let error = lab.lock.write(&pass(unit)).unwrap_err();
        assert!(matches!(error, WriteError::Stage(_)), "{error:?}");
        assert!(said(&error).contains(&format!("`{name}` has a place of its own")), "{error:?}");
    }
    for name in ["project", "version", "commit", "describe", "stamped_at"] {
        let mut install = Install::new("p", Tool::default(), at(1));
        install.other.push(name, "x").unwrap();
        let error = lab.lock.stamp_install(&install).unwrap_err();
        assert!(matches!(error, WriteError::Stage(_)), "{error:?}");
    }
    for name in ["version", "commit", "describe", "refreshedAt"] {
        let mut refresh = Refresh::new(Tool::default(), at(1));
        refresh.other.push(name, "x").unwrap();
        let error = lab.lock.stamp_refresh(&refresh).unwrap_err();
        assert!(matches!(error, WriteError::Stage(_)), "{error:?}");
    }
    assert_eq!(lab.text(), "{}");
}
