//! `schema`, and `check --schema`: in the program, what the unit tests show of the schema itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::support::{DOCUMENT, Lab};

#[test]
fn what_is_printed_is_a_schema_that_refuses_what_check_refuses() {
    let lab = Lab::new();
    let schema: Value = serde_json::from_str(lab.cli(["schema"]).run().exits(0).out()).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("http://localhost/schema", schema).unwrap();
    let index = compiler.compile("http://localhost/schema", &mut schemas).unwrap();
    for (document, is_allowed) in [
        ("{\n  \"lock_version\": 1\n}\n", true),
        ("{\n  \"counters\": {\n    \"runs\": 1\n  }\n}\n", true),
        ("{\n  \"units\": {\n    \"a\": {\n      \"kind\": \"layer\"\n    }\n  }\n}\n", false),
        ("{\n  \"install\": 1\n}\n", false),
    ] {
        let value: Value = serde_json::from_str(document).unwrap();
        assert_eq!(schemas.validate(&value, index).is_ok(), is_allowed, "{document}");
        lab.write(DOCUMENT, document);
        lab.cli(["check", "--schema"]).run().exits(i32::from(!is_allowed));
        lab.cli(["check"]).run().exits(0).says_nothing();
    }
}

#[test]
fn check_names_the_place_in_all_formats() {
    let lab = Lab::with("{\n  \"inputs_digest\": \"sha256:0\"\n}\n");
    let path = lab.join(DOCUMENT);
    let path = path.display();
    let what = "`inputs_digest` is \"sha256:0\", not the digest of what the units were resolved \
                from, or an empty text";
    let check = |flags: &[&str]| lab.cli(["check", "--schema"]).args(flags).run().exits(1);
    assert_eq!(check(&[]).out(), format!("{path}:2:20: schema: {what}\n"));
    let finding = &check(&["--json"]).json()["findings"][0];
    assert_eq!(
        *finding,
        json!({"code": "schema", "line": 2, "column": 20, "message": what, "fixable": false, "unsure": false})
    );
    let annotation = check(&["--format", "github"]);
    let expected = format!("::error file={path},line=2,col=20,title=schema::{what}\n");
    assert_eq!(annotation.out(), expected);
}

#[test]
fn a_document_is_repaired_before_it_is_compared() {
    let lab = Lab::with("{\"install\": 1}");
    let ended = lab.cli(["check", "--fix", "--schema"]).run().exits(1);
    assert!(ended.out().contains("not-canonical") && ended.out().contains("(fixed)"), "{ended:?}");
    assert!(ended.out().contains(":2:14: schema: `install` is 1"), "{ended:?}");
}

/// What the manual's table says: for each object its fields, those in `**` that must be there.
type Rows = BTreeMap<String, BTreeSet<String>>;

/// The same, as the schema has it. An object in place of any of its keys is called `*`.
fn collect(schema: &Value, node: &Value, path: &str, rows: &mut Rows) {
    let resolve = |node: &Value| match node["$ref"].as_str() {
        Some(name) => schema.pointer(name.trim_start_matches('#')).unwrap().clone(),
        None => node.clone(),
    };
    let node = resolve(node);
    if let Some(properties) = node["properties"].as_object() {
        let is_required = |name: &str| {
            node["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name))
        };
        let field = |name: &String| {
            if is_required(name) { format!("**`{name}`**") } else { format!("`{name}`") }
        };
        rows.insert(path.to_owned(), properties.keys().map(field).collect());
        for (name, property) in properties {
            let inner = resolve(property);
            if ["properties", "additionalProperties", "items"].iter().any(|it| !inner[it].is_null())
            {
                collect(schema, &inner, &format!("{path}.{name}"), rows);
            }
        }
    } else if node["additionalProperties"].is_object() {
        collect(schema, &node["additionalProperties"], &format!("{path}.*"), rows);
    } else if node["items"].is_object() {
        collect(schema, &node["items"], path, rows);
    } else {
        rows.insert(path.to_owned(), BTreeSet::from(["none".to_owned()]));
    }
}

#[test]
fn the_manual_names_the_fields_that_the_schema_knows() {
    let schema = Lab::new().cli(["schema"]).run().exits(0);
    let schema: Value = serde_json::from_str(schema.out()).unwrap();
    let mut known = Rows::new();
    for (section, node) in schema["properties"].as_object().unwrap() {
        collect(&schema, node, section, &mut known);
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.lines().skip_while(|line| !line.starts_with("| where | fields"));
    let mut listed = Rows::new();
    for row in table.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let fields: BTreeSet<String> = cells[2].split(", ").map(str::to_owned).collect();
        for path in cells[1].split(", ") {
            let path = path.trim_matches('`').to_owned();
            assert!(listed.insert(path, fields.clone()).is_none(), "twice: {row}");
        }
    }
    assert_eq!(listed, known);
}
