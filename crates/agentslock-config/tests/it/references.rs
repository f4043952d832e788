//! References: the Go side's vectors.

use agentslock_config::{Kind, ParseReferenceError, Reference};
use serde::Deserialize;

use crate::support::vector;

#[derive(Deserialize)]
struct Vectors {
    references: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    kind: Kind,
    place: String,
    #[serde(rename = "ref")]
    text: String,
    accepted: bool,
    error: Option<String>,
    installable: Option<String>,
    source: Option<String>,
    path: Option<String>,
    version: Option<String>,
    key: Option<String>,
    identity: String,
}

/// The identities that Go cuts elsewhere, and ours: "an @ in the source", and an `@` that the path
/// begins with. Of these Go accepts the first one only.
const OTHER_IDENTITY: [(&str, &str); 4] = [
    ("a@b:x.json", "a@b:x.json"),
    ("acme:@1", "acme:@1"),
    ("da:@scope/fmt", "da:@scope/fmt"),
    ("da:@1", "da:@1"),
];

impl Vector {
    /// As the place reads it; `None`: a local path.
    fn read(&self) -> Option<Result<Reference, ParseReferenceError>> {
        #[derive(Deserialize)]
        struct PromptFile {
            source: String,
            path: String,
            version: String,
        }
        let parsed = || {
            let reference: Reference = self.text.parse()?;
            reference.check(&self.kind)?;
            Ok(reference)
        };
        match self.place.as_str() {
            "extends" | "packages" => Some(parsed()),
            "units" => Some(Ok(Reference::verbatim(&self.text))),
            place if place.starts_with("prompt_files string") => {
                let is_source = |source: &str| ["team", "C"].contains(&source);
                Reference::from_prompt_file(&self.text, is_source).map(Ok)
            }
            place if place.starts_with("prompt_files object") => {
                let file: PromptFile = serde_json::from_str(&self.text).unwrap();
                Some(Reference::from_parts(&file.source, &file.path, Some(&file.version)))
            }
            place => panic!("{place}"),
        }
    }
}

#[test]
fn every_vector_of_references_is_read_as_the_go_programs_read_it() {
    let vectors: Vectors = serde_json::from_str(&vector("references.json")).unwrap();
    let (mut same, mut excepted) = (0, 0);
    for vector in &vectors.references {
        let name = &vector.text;
        let reference = match vector.read() {
            None => {
                assert_eq!((vector.accepted, vector.error.as_deref()), (false, Some("local-path")));
                same += 1;
                continue;
            }
            Some(Err(error)) => {
                assert!(!vector.accepted, "{error}");
                assert_eq!(vector.error.as_deref(), Some(error.problem.as_str()), "{name}");
                assert_eq!(error.text, *name);
                assert!((1..=name.len() + 1).contains(&error.column), "{error}");
                Reference::verbatim(name)
            }
            Some(Ok(reference)) => {
                assert!(vector.accepted, "{name}");
                assert_eq!(Some(reference.as_str()), vector.key.as_deref(), "{name}");
                assert_eq!(reference.check(&vector.kind), Ok(()), "{name}");
                reference
            }
        };
        if let Some(source) = &vector.source {
            assert_eq!(
                (reference.source(), reference.path()),
                (&**source, vector.path.as_deref().unwrap())
            );
            assert_eq!(reference.version(), vector.version.as_deref(), "{name}");
        }
        if let Some(installable) = &vector.installable {
            assert_eq!(reference.is_installable(), installable == "yes", "{name}");
        }
        match OTHER_IDENTITY.iter().find(|(text, _)| text == name) {
            Some((_, ours)) => {
                assert_ne!(vector.identity, *ours, "{name}: no longer a fault");
                assert_eq!(reference.identity(), *ours);
                excepted += 1;
            }
            None => {
                assert_eq!(reference.identity(), vector.identity, "{name}");
                same += 1;
            }
        }
    }
    assert_eq!((same, excepted), (42, OTHER_IDENTITY.len()));
    println!("references: {same} vectors as Go has them, {excepted} with another identity");
}

#[test]
fn a_manifest_with_a_mistyped_reference_is_refused_where_it_is_read() {
    let error = serde_json::from_str::<Vec<Reference>>("[\"a:x\",\n \"b\"]").unwrap_err();
    assert!(error.to_string().starts_with("\"b\" is not a reference: column 2"), "{error}");
    assert_eq!(error.line(), 2);
    let read: Vec<Reference> = serde_json::from_str("[\"a: x @1\"]").unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), "[\"a: x @1\"]", "verbatim");
}

#[test]
fn parts_that_are_empty_are_refused() {
    for (source, path, problem) in [(" ", "x", "no-source"), ("a", "", "empty-path")] {
        let error = Reference::from_parts(source, path, None).unwrap_err();
        assert_eq!(error.problem.as_str(), problem);
    }
}
