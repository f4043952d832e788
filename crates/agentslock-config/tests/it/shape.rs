//! Sections of the wrong shape: section, entry and field are named, and nothing is written.

use agentslock_config::{Install, Kind, Pass, Refresh, Tool};

use crate::support::{Lab, at, digest, said};

/// What each reader and writer says of a document, those that do not look at the fault left out.
fn all_errors(lab: &Lab) -> Vec<String> {
    let lock = &lab.lock;
    let read = || lock.read().unwrap();
    let packages = Pass::over([Kind::Artifact]).resolved_from(digest(1));
    let install = Install::new("p", Tool::default(), at(1));
    let refresh = Refresh::new(Tool::default(), at(1));
    let calls: [&dyn Fn() -> Option<String>; 7] = [
        &|| read().units().err().map(|error| said(&error)),
        &|| read().artifact_content().err().map(|error| said(&error)),
        &|| read().install_stamp().err().map(|error| said(&error)),
        &|| read().refresh_stamp().err().map(|error| said(&error)),
        &|| lock.write(&packages).err().map(|error| said(&error)),
        &|| lock.stamp_install(&install).err().map(|error| said(&error)),
        &|| lock.stamp_refresh(&refresh).err().map(|error| said(&error)),
    ];
    let text = lab.text();
    let mut errors = Vec::new();
    for call in calls {
        if let Some(error) = call() {
            assert_eq!(lab.text(), text, "a refused write wrote");
            errors.push(error);
        }
        std::fs::write(lab.path(), &text).unwrap();
    }
    errors
}

#[test]
fn a_wrong_shape_is_named_down_to_the_field_by_every_reader_and_writer() {
    let cases = [
        (r#"{"units":[]}"#, "\"units\"", "", ""),
        (r#"{"units":"x"}"#, "\"units\"", "", "invalid type: string"),
        (r#"{"units":{"a:x@1":7}}"#, "\"units\"", "\"a:x@1\"", "integer `7`"),
        (
            r#"{"units":{"a:x@1":{"kind":"layer"}}}"#,
            "\"units\"",
            "\"a:x@1\"",
            "`digest` is missing",
        ),
        (
            r#"{"units":{"a:x@1":{"digest":"d","kind":null}}}"#,
            "\"units\"",
            "\"a:x@1\"",
            "`kind` is missing",
        ),
        (
            r#"{"units":{"a:x@1":{"kind":3,"digest":"d"}}}"#,
            "\"units\"",
            "\"a:x@1\"",
            "`kind` is not as expected",
        ),
        (
            r#"{"units":{"a:x@1":{"kind":"layer","digest":"d","cache_key":[]}}}"#,
            "\"units\"",
            "\"a:x@1\"",
            "`cache_key`",
        ),
        (
            r#"{"units":{"a:x@1":{"kind":"layer","digest":"d","fetched_at":1}}}"#,
            "\"units\"",
            "\"a:x@1\"",
            "`fetched_at`",
        ),
        (r#"{"config":[]}"#, "\"config\"", "", ""),
        (r#"{"packages":{"a:x@1":{"digest":0}}}"#, "\"packages\"", "\"a:x@1\"", "`digest` is not"),
        (r#"{"packages":{"a:x@1":[]}}"#, "\"packages\"", "\"a:x@1\"", ""),
        (r#"{"artifact-content":[]}"#, "\"artifact-content\"", "", ""),
        (
            r#"{"artifact-content":{"a:x@1":{}}}"#,
            "\"artifact-content\"",
            "\"a:x@1\"",
            "expected a string",
        ),
        (r#"{"install":"x"}"#, "\"install\"", "", "expected an object"),
        (r#"{"install":{"stamped_at":"t"}}"#, "\"install\"", "", "`project` is missing"),
        (r#"{"install":{"project":"p","stamped_at":5}}"#, "\"install\"", "", "`stamped_at` is not"),
        (r#"{"refresh":[]}"#, "\"refresh\"", "", ""),
        (r#"{"refresh":{"version":2}}"#, "\"refresh\"", "", "`version` is not"),
        (r#"{"refresh":{"refreshedAt":{}}}"#, "\"refresh\"", "", "`refreshedAt` is not"),
    ];
    for (text, section, entry, field) in cases {
        let lab = Lab::with(text);
        let errors = all_errors(&lab);
        assert_eq!(errors.len(), 2, "a reader and a writer: {text}: {errors:?}");
        for said in errors {
            for part in [section, entry, field, lab.path().to_str().unwrap()] {
                assert!(said.contains(part), "{text}: {part} in {said}");
            }
        }
    }
}

#[test]
fn a_flaw_in_one_section_keeps_nobody_from_the_others() {
    let lab = Lab::with(r#"{"artifact-content":7,"install":7,"refresh":7,"config":7,"units":{}}"#);
    assert!(lab.lock.read().unwrap().units().is_ok());
    lab.lock.write(&Pass::over([Kind::Layer]).resolved_from(digest(1))).unwrap();
}

#[test]
fn an_error_names_section_unit_field_and_the_place_in_the_document() {
    let text = "{\n  \"units\": {\n    \"a:x@1\": {\n      \"kind\": \"layer\",\n      \"digest\": 7\n    }\n  },\n  \
                \"install\": {\n    \"project\": []\n  }\n}\n";
    let lab = Lab::with(text);
    let path = lab.path().display().to_string();
    let snapshot = lab.lock.read().unwrap();
    let units = said(&snapshot.units().unwrap_err());
    assert_eq!(
        units,
        format!(
            "`{path}`, line 5, column 17: section \"units\", entry \"a:x@1\" is not as expected: field \
             `digest` is not as expected: invalid type: integer `7`, expected a string"
        )
    );
    let install = said(&snapshot.install_stamp().unwrap_err());
    assert!(
        install.starts_with(&format!("`{path}`, line 9, column 16: section \"install\"")),
        "{install}"
    );
    let write = said(&lab.lock.write(&Pass::over([Kind::Layer])).unwrap_err());
    assert_eq!(write, units);
}

#[test]
fn conflict_markers_are_called_so() {
    let lab = Lab::with("{\n<<<<<<< ours\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> theirs\n}\n");
    let error = said(&lab.lock.read().unwrap_err());
    assert!(error.contains("line 2, column 1: git's conflict markers"), "{error}");
}
