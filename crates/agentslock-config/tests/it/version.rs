//! Documents of a later format.

use agentslock_config::{FlushError, Install, Kind, Pass, Refresh, Tool, WriteError};

use crate::support::{Lab, at, digest, layer, pass, said};

#[test]
fn a_later_format_is_read_and_not_written() {
    let text = r#"{"lock_version":2,"units":{"a:x@1":{"kind":"layer","digest":"sha256:00"}},
        "install":{"project":"p","stamped_at":"then"}}"#;
    let lab = Lab::with(text);
    assert_eq!(lab.units().len(), 1);
    assert_eq!(lab.install().unwrap().project, "p");
    for found in [
        Pass::over([Kind::Layer]),
        Pass::over([]).resolved_from(digest(1)),
        pass([Kind::Layer], &[("a:x@1", layer(1))]),
    ] {
        let error = lab.lock.write(&found).unwrap_err();
        assert!(matches!(error, WriteError::Flush(FlushError::Version(_))), "{error:?}");
        assert!(said(&error).contains("format version 2"), "{error}");
    }
    let error = lab.lock.stamp_install(&Install::new("q", Tool::default(), at(1))).unwrap_err();
    assert!(matches!(error, WriteError::Flush(FlushError::Version(_))), "{error:?}");
    let error = lab.lock.stamp_refresh(&Refresh::new(Tool::default(), at(1))).unwrap_err();
    assert!(matches!(error, WriteError::Flush(FlushError::Version(_))), "{error:?}");
    assert_eq!(lab.text(), text);
}

#[test]
fn a_version_that_is_none_is_not_written_either() {
    for version in ["\"1\"", "1.5", "-1", "null", "[]"] {
        let text = format!(r#"{{"lock_version":{version}}}"#);
        let lab = Lab::with(&text);
        let error = lab.lock.write(&pass([Kind::Layer], &[("a:x@1", layer(1))])).unwrap_err();
        assert!(said(&error).contains("\"lock_version\""), "{version}: {error}");
        assert_eq!(lab.text(), text);
    }
}
