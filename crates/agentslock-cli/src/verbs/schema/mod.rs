//! `schema`: the JSON Schema of the document; and what `check --schema` finds by it.

mod pattern;
mod validate;

use std::process::ExitCode;

use clap::Args;

use crate::document::path::spelled;
use crate::io::failure::Failure;
use crate::io::stdout::print;
use validate::Violation;

/// Print the JSON Schema of the document (draft 2020-12), for editors and validators.
///
/// It describes the sections that this project knows. All others can hold anything. `check
/// --schema` compares a document with it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  agentslock schema > agentsrc-lock.schema.json\n  agentslock check --schema\n\n\
    Exit status: 0 printed; 2 it could not be printed."
)]
pub(crate) struct Schema {}

const TEXT: &str = include_str!("agentsrc-lock.schema.json");

pub(crate) fn schema() -> Result<ExitCode, Failure> {
    print(TEXT)
}

/// How many violations are told of.
const FEW: usize = 100;

/// What is wrong with a document by the schema: where it is in the text, in bytes, and a sentence.
/// The first few.
pub(super) fn violations(text: &str) -> Vec<(usize, String)> {
    let schema = serde_json::from_str(TEXT).expect("because a test reads it");
    let Ok(document) = serde_json::from_str(text) else { return Vec::new() };
    let found = validate::violations(&schema, &document);
    let rest = found.len().saturating_sub(FEW);
    let last = found.len().min(FEW).saturating_sub(1);
    let sentence = |(number, Violation { at, what }): (usize, Violation)| {
        let more = match rest {
            1.. if number == last => format!(" ({rest} more follow)"),
            _ => String::new(),
        };
        let name = match at.split_first() {
            None => "the document".to_owned(),
            Some((section, steps)) => format!("`{}`", spelled(section, steps)),
        };
        (crate::document::value::offset(text, &at), format!("{name} {what}{more}"))
    };
    found.into_iter().take(FEW).enumerate().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use boon::{Compiler, SchemaIndex, Schemas};
    use serde_json::{Value, json};

    use super::*;

    /// A whole validator of JSON Schema.
    struct Whole(Schemas, SchemaIndex);

    impl Whole {
        fn new() -> Self {
            let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
            let schema = serde_json::from_str(TEXT).unwrap();
            compiler.add_resource("http://localhost/schema", schema).unwrap();
            let index = compiler.compile("http://localhost/schema", &mut schemas).unwrap();
            Self(schemas, index)
        }

        fn allows(&self, document: &Value) -> bool {
            self.0.validate(document, self.1).is_ok()
        }
    }

    fn samples() -> Vec<(PathBuf, Value)> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let vectors = workspace.join("crates/agentslock-config/tests/vectors");
        let mut paths: Vec<_> = vectors.read_dir().unwrap().map(|it| it.unwrap().path()).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(".agentsrc.lock"));
        assert!(paths.len() >= 5, "{paths:?}");
        paths.push(workspace.join("examples/repo/.agentsrc.lock"));
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        paths
            .into_iter()
            .map(|it| (it.clone(), serde_json::from_str(&read(&it)).unwrap()))
            .collect()
    }

    /// The pointers of all values in `value`.
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(key, value)| pointers(value, &format!("{at}/{}", escaped(key)), found)),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }

    fn ours(document: &Value) -> Vec<(usize, String)> {
        violations(&serde_json::to_string_pretty(document).unwrap())
    }

    #[test]
    fn the_samples_are_as_the_schema_says() {
        let whole = Whole::new();
        for (path, document) in samples() {
            assert!(whole.allows(&document), "{}", path.display());
            assert_eq!(ours(&document), [], "{}", path.display());
        }
        for document in [json!({}), json!({"units": null}), json!({"mine": [1, {"a": null}]})] {
            assert!(whole.allows(&document) && ours(&document).is_empty(), "{document}");
        }
    }

    /// Each value of the samples is replaced by others, one at a time, or taken away.
    #[test]
    fn a_document_that_is_broken_anywhere_is_judged_as_by_a_whole_validator() {
        let whole = Whole::new();
        let others = [
            json!(null),
            json!(true),
            json!(0),
            json!(7),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("x"),
            json!("sha256:0"),
            json!("blake3:af1349b9"),
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02"),
            json!([]),
            json!(["x"]),
            json!([{}]),
            json!({}),
            json!({"x": 1}),
            json!({"x": {}}),
        ];
        let (mut allowed, mut refused) = (0, 0);
        let schema = serde_json::from_str(TEXT).unwrap();
        let mut compare = |document: &Value, what: &dyn Fn() -> String| {
            let expected = whole.allows(document);
            let found = validate::violations(&schema, document);
            assert_eq!(found.is_empty(), expected, "{}: {found:?}", what());
            if expected { allowed += 1 } else { refused += 1 }
        };
        // The others have the same sections.
        let names = ["sample.agentsrc.lock", "foreign.agentsrc.lock", ".agentsrc.lock"];
        let is_one = |path: &Path| names.iter().any(|name| path.ends_with(name));
        for (path, document) in samples().into_iter().filter(|(path, _)| is_one(path)) {
            let mut all = Vec::new();
            pointers(&document, "", &mut all);
            for at in &all {
                let mut broken = document.clone();
                for other in &others {
                    *broken.pointer_mut(at).unwrap() = other.clone();
                    compare(&broken, &|| format!("{} {at} {other}", path.display()));
                }
                let mut broken = document.clone();
                let Some((parent, name)) = at.rsplit_once('/') else { continue };
                let name = name.replace("~1", "/").replace("~0", "~");
                if let Value::Object(members) = broken.pointer_mut(parent).unwrap() {
                    members.remove(&name);
                    compare(&broken, &|| format!("{} without {at}", path.display()));
                }
            }
        }
        assert!(allowed > 500 && refused > 500, "{allowed} {refused}");
    }

    #[test]
    fn a_violation_says_where_it_is_and_what_was_expected() {
        let text = "{\n  \"units\": {\n    \"a@1\": {\n      \"kind\": \"layer\",\n      \"digest\": \"sha256:0\"\n    }\n  }\n}\n";
        let [(at, what)] = &violations(text)[..] else { panic!("{:?}", violations(text)) };
        assert!(text[*at..].starts_with("\"sha256:0\""), "{at}");
        assert_eq!(
            what,
            "`units/a@1/digest` is \"sha256:0\", not a revision: a digest, or 40 or 64 lower-case \
             hexadecimal digits"
        );
        for (document, expected) in [
            (json!([]), "the document is a list, not an object"),
            (json!({"units": {"a": {"kind": "layer"}}}), "`units.a` has no `digest`"),
            (json!({"install": 1}), "`install` is 1, not an object or null"),
            (
                json!({"lock_version": "1"}),
                "`lock_version` is \"1\", not the format's version: 0 or 1",
            ),
        ] {
            assert_eq!(ours(&document)[0].1, expected);
        }
        let many: serde_json::Map<_, _> = (0..150).map(|n| (n.to_string(), json!(1))).collect();
        let found = ours(&json!({"artifact-content": many}));
        assert_eq!(found.len(), 100);
        assert!(found[99].1.ends_with("(50 more follow)"), "{found:?}");
    }
}
