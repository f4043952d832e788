//! Comparing a document with the schema, as far as the schema goes: the keywords of JSON Schema
//! that it uses, and no others. A test compares every answer with that of a whole validator.

use serde_json::Value;

use super::pattern;

/// Something that the schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// Keys and indices from the document down.
    pub(super) at: Vec<String>,
    /// What is said of the value there.
    pub(super) what: String,
}

/// All violations, in the order of the schema's keywords and the document's keys.
pub(super) fn violations(schema: &Value, document: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut search = Search { root: schema, at: Vec::new(), found: &mut found };
    search.compare(schema, document);
    found
}

struct Search<'a> {
    root: &'a Value,
    at: Vec<String>,
    found: &'a mut Vec<Violation>,
}

impl Search<'_> {
    fn compare(&mut self, schema: &Value, value: &Value) {
        let schema = self.resolved(schema);
        if let Some(types) = schema.get("type")
            && !list(types).iter().any(|name| is_of_type(value, name.as_str().unwrap_or_default()))
        {
            return self.refuse(schema, value);
        }
        if !self.is_plain_match(schema, value) {
            return self.refuse(schema, value);
        }
        match value {
            Value::Object(members) => {
                for name in list_at(schema, "required").iter().filter_map(Value::as_str) {
                    if !members.contains_key(name) {
                        self.add(format!("has no `{name}`"));
                    }
                }
                for (name, value) in members {
                    let known = schema.get("properties").and_then(|known| known.get(name));
                    if let Some(schema) = known.or_else(|| schema.get("additionalProperties")) {
                        self.below(name.clone(), schema, value);
                    }
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    if let Some(schema) = schema.get("items") {
                        self.below(index.to_string(), schema, value);
                    }
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, step: String, schema: &Value, value: &Value) {
        self.at.push(step);
        self.compare(schema, value);
        self.at.pop();
    }

    /// What is said of the value itself, not of what is in it.
    fn is_plain_match(&self, schema: &Value, value: &Value) -> bool {
        let holds =
            |keyword: &str, holds: &dyn Fn(&Value) -> bool| schema.get(keyword).is_none_or(holds);
        let text = value.as_str();
        let number = value.as_f64();
        let count = text.map_or(0, |text| text.chars().count() as u64);
        let fits = |schema: &Value| self.fits(schema, value);
        holds("const", &|wanted| wanted == value)
            && holds("enum", &|wanted| list(wanted).contains(value))
            && holds("pattern", &|it| {
                text.is_none_or(|text| it.as_str().is_some_and(|it| pattern::matches(it, text)))
            })
            && holds("minLength", &|least| text.is_none() || Some(count) >= least.as_u64())
            && holds("minimum", &|least| number.is_none() || number >= least.as_f64())
            && holds("maximum", &|most| number.is_none() || number <= most.as_f64())
            && holds("anyOf", &|all| list(all).iter().any(&fits))
            && holds("not", &|schema| !fits(schema))
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        Search { root: self.root, at: Vec::new(), found: &mut found }.compare(schema, value);
        found.is_empty()
    }

    /// `#/$defs/NAME` is the only kind of reference there is.
    fn resolved<'v>(&self, schema: &'v Value) -> &'v Value
    where
        Self: 'v,
    {
        let name = schema.get("$ref").and_then(Value::as_str);
        let name = name.and_then(|name| name.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.root["$defs"][name])
    }

    fn refuse(&mut self, schema: &Value, value: &Value) {
        let is = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::String(text) if text.chars().count() > 40 => {
                format!("{:?}…", text.chars().take(40).collect::<String>())
            }
            Value::String(text) => format!("{text:?}"),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        // A type that has no words of its own, or an object, whose description is of what is in it.
        let types = || schema.get("type").map(list).unwrap_or_default();
        let wanted = match schema.get("description").and_then(Value::as_str) {
            Some(described) if !types().iter().any(|it| it == "object") => described.to_owned(),
            _ => {
                types().iter().filter_map(Value::as_str).map(named).collect::<Vec<_>>().join(" or ")
            }
        };
        self.add(format!("is {is}, not {wanted}"));
    }

    fn add(&mut self, what: String) {
        self.found.push(Violation { at: self.at.clone(), what });
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        _ => false,
    }
}

fn named(name: &str) -> &str {
    match name {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        other => other,
    }
}

/// A keyword's value, which can be one or many.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn list_at(schema: &Value, keyword: &str) -> Vec<Value> {
    schema.get(keyword).map(list).unwrap_or_default()
}
