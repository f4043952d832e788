//! Whether two JSON texts mean the same, however they are spelled.
//!
//! White space between tokens, escapes in strings and the order of an object's keys mean nothing.
//! Numbers go by their spelling: to some programs `1` and `1.0` are two things. So does the order
//! of equal keys, of which most programs see the last.

use std::collections::HashMap;

use super::tokens::tokens;

/// A number for what each of these valid JSON texts means: two of them mean the same if their
/// numbers are equal.
pub(crate) fn meanings<const N: usize>(texts: [Option<&str>; N]) -> [Option<usize>; N] {
    let mut meanings = Meanings::default();
    texts.map(|text| text.map(|text| meanings.of(text)))
}

/// Each distinct value seen so far, by a number of its own. Two values are the same if their
/// numbers are: exact, linear in the length of the texts, and without recursion.
#[derive(Default)]
struct Meanings(HashMap<Node, usize>);

#[derive(PartialEq, Eq, Hash)]
enum Node {
    /// A number or literal.
    Scalar(String),
    String(Utf16),
    Array(Vec<usize>),
    /// By key.
    Object(Vec<(Utf16, usize)>),
}

/// A string's code units. As in JSON, halves of surrogate pairs may stand alone.
type Utf16 = Vec<u16>;

/// A bracket that is not closed yet.
enum Open {
    Array(Vec<usize>),
    Object(Vec<(Utf16, usize)>, Option<Utf16>),
}

impl Meanings {
    /// The number of a valid JSON text.
    fn of(&mut self, json: &str) -> usize {
        let mut open: Vec<Open> = Vec::new();
        for token in tokens(json.as_bytes()) {
            let token = &json[token];
            let node = match token.as_bytes()[0] {
                b',' | b':' => continue,
                b'[' => {
                    open.push(Open::Array(Vec::new()));
                    continue;
                }
                b'{' => {
                    open.push(Open::Object(Vec::new(), None));
                    continue;
                }
                b']' | b'}' => match open.pop().expect("because brackets match in valid JSON") {
                    Open::Array(items) => Node::Array(items),
                    Open::Object(mut fields, _) => {
                        // Stable: equal keys stay in their order.
                        fields.sort_by(|a, b| a.0.cmp(&b.0));
                        Node::Object(fields)
                    }
                },
                b'"' => {
                    let string = code_units(token);
                    if let Some(Open::Object(_, key @ None)) = open.last_mut() {
                        *key = Some(string);
                        continue;
                    }
                    Node::String(string)
                }
                _ => Node::Scalar(token.to_owned()),
            };
            let next = self.0.len();
            let number = *self.0.entry(node).or_insert(next);
            match open.last_mut() {
                None => return number,
                Some(Open::Array(items)) => items.push(number),
                Some(Open::Object(fields, key)) => {
                    let key = key.take().expect("because a value follows its key in valid JSON");
                    fields.push((key, number));
                }
            }
        }
        unreachable!("because a valid JSON text is a value")
    }
}

/// What a valid string token, with its quotes, stands for.
fn code_units(token: &str) -> Utf16 {
    let mut rest = &token[1..token.len() - 1];
    let mut units = Utf16::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let escape = rest.as_bytes()[at + 1];
        let mut length = 2;
        units.push(match escape {
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => {
                length = 6;
                u16::from_str_radix(&rest[at + 2..at + 6], 16)
                    .expect("because four digits follow in valid JSON")
            }
            other => u16::from(other),
        });
        rest = &rest[at + length..];
    }
    units.extend(rest.encode_utf16());
    units
}

#[cfg(test)]
mod tests {
    use super::meanings;

    fn same(a: &str, b: &str) -> bool {
        let [a, b] = meanings([Some(a), Some(b)]);
        a == b
    }

    #[test]
    fn spelling_does_not_matter() {
        for (a, b) in [
            ("{\"a\":[1,{}],\"b\":null}", " {\n\"b\" : null , \"\\u0061\":[ 1,{ } ]}"),
            ("\"<\\/\\n\\ud83d\\ude00\\\"\\\\\"", "\"\\u003C/\\u000a😀\\u0022\\u005c\""),
            ("\"\\uD83D x\"", "\"\\ud83d\\u0020x\""),
            ("{\"a\":1,\"b\":0,\"a\":2}", "{\"b\":0,\"a\":1,\"a\":2}"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn everything_else_does() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "\"1\""),
            ("null", "\"null\""),
            ("[]", "{}"),
            ("[1,2]", "[2,1]"),
            ("[[1],2]", "[[1,2]]"),
            ("{\"a\":1}", "{\"a\":1,\"a\":1}"),
            ("{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}"),
            ("{\"a\":{}}", "{\"a\":[]}"),
            ("\"\\\\u0061\"", "\"a\""),
            ("\"\\ud83d\"", "\"\\ud83e\""),
            ("\"\\ud83d\"", "\"\u{fffd}\""),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn depth_costs_neither_stack_nor_time() {
        let deep = |inner: &str| {
            "[".repeat(100_000) + &"1,".repeat(100_000) + inner + &" ]".repeat(100_000)
        };
        assert!(same(&deep("\"a\""), &deep("\"\\u0061\"")));
        assert!(!same(&deep("\"a\""), &deep("\"b\"")));
    }
}
