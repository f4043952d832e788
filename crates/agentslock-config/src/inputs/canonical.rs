//! The canonical text of one JSON file: one pass over its bytes, without recursion, so that depth
//! costs no stack.

use std::ops::Range;

use agentslock_core::text::place_after;

use super::error::{InputsError, InputsProblem, MAX_DEPTH, Slot};
use super::string::{push_quoted, unquoted};

/// What is wrong with a file, and after how many bytes.
pub(super) struct ScanError {
    at: usize,
    problem: InputsProblem,
}

impl ScanError {
    pub(super) fn in_slot(self, slot: Slot, bytes: &[u8]) -> InputsError {
        let (line, column) = place_after(&bytes[..self.at]);
        InputsError::Malformed { slot, line, column, problem: self.problem }
    }
}

/// The canonical text of `json`.
pub(super) fn canonical(json: &[u8]) -> Result<String, ScanError> {
    let mut scanner = Scanner { json, at: 0, out: String::with_capacity(json.len()) };
    scanner.value()?;
    scanner.skip_white_space();
    if scanner.at < json.len() {
        return Err(scanner.flaw(InputsProblem::TrailingData));
    }
    Ok(scanner.out)
}

/// An array or object whose end has not been read yet.
enum Open {
    Array,
    /// Where in the output it begins, and its members there, in the order of the file.
    Object {
        start: usize,
        members: Vec<Member>,
    },
}

struct Member {
    key: String,
    /// Where the key stands in the file.
    at: usize,
    /// The key and the value, as written.
    written: Range<usize>,
}

struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    out: String,
}

impl Scanner<'_> {
    fn value(&mut self) -> Result<(), ScanError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // A value begins here. An array or object that is not empty goes on with the next one.
            self.skip_white_space();
            let opened = match self.peek() {
                Some(b'{') => self.open_object(&mut open)?,
                Some(b'[') => self.open_array(&mut open)?,
                Some(b'"') => {
                    let text = self.string()?;
                    push_quoted(&mut self.out, &text);
                    false
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                    false
                }
                _ => {
                    self.literal()?;
                    false
                }
            };
            if opened {
                if open.len() > MAX_DEPTH {
                    return Err(self.flaw(InputsProblem::TooDeep));
                }
                continue;
            }
            if !self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Closes what ends after the value that was just read. Whether another value follows.
    fn after_value(&mut self, open: &mut Vec<Open>) -> Result<bool, ScanError> {
        while let Some(innermost) = open.last_mut() {
            self.skip_white_space();
            let next = self.json.get(self.at).copied();
            match (innermost, next) {
                (Open::Array, Some(b',')) => {
                    self.at += 1;
                    self.out.push(',');
                    return Ok(true);
                }
                (Open::Array, Some(b']')) => {
                    self.at += 1;
                    self.out.push(']');
                }
                (Open::Array, _) => return Err(self.syntax("expected `,` or `]`")),
                (Open::Object { members, .. }, Some(b',')) => {
                    members.last_mut().expect("because it has a value").written.end =
                        self.out.len();
                    self.at += 1;
                    self.skip_white_space();
                    members.push(self.key()?);
                    return Ok(true);
                }
                (Open::Object { start, members }, Some(b'}')) => {
                    members.last_mut().expect("because it has a value").written.end =
                        self.out.len();
                    self.at += 1;
                    let (start, members) = (*start, std::mem::take(members));
                    self.close_object(start, members)?;
                }
                (Open::Object { .. }, _) => return Err(self.syntax("expected `,` or `}`")),
            }
            open.pop();
        }
        Ok(false)
    }

    fn open_array(&mut self, open: &mut Vec<Open>) -> Result<bool, ScanError> {
        self.at += 1;
        self.skip_white_space();
        self.out.push('[');
        if self.peek() == Some(b']') {
            self.at += 1;
            self.out.push(']');
            return self.shallow(open);
        }
        open.push(Open::Array);
        Ok(true)
    }

    fn open_object(&mut self, open: &mut Vec<Open>) -> Result<bool, ScanError> {
        self.at += 1;
        self.skip_white_space();
        let start = self.out.len();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.out.push_str("{}");
            return self.shallow(open);
        }
        let members = vec![self.key()?];
        open.push(Open::Object { start, members });
        Ok(true)
    }

    /// An empty one is a level, too.
    fn shallow(&self, open: &[Open]) -> Result<bool, ScanError> {
        if open.len() >= MAX_DEPTH { Err(self.flaw(InputsProblem::TooDeep)) } else { Ok(false) }
    }

    /// Reads a key and the `:` after it. Its value comes next.
    fn key(&mut self) -> Result<Member, ScanError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax("expected a key"));
        }
        let at = self.at;
        let key = self.string()?;
        let start = self.out.len();
        push_quoted(&mut self.out, &key);
        self.skip_white_space();
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected `:`"));
        }
        self.at += 1;
        self.out.push(':');
        Ok(Member { key, at, written: start..start })
    }

    /// Puts the members of the object that begins at `start` in the output in their order.
    fn close_object(&mut self, start: usize, mut members: Vec<Member>) -> Result<(), ScanError> {
        // Stable, so that of two equal keys the one that comes second in the file comes second.
        members.sort_by(|a, b| a.key.cmp(&b.key));
        let repeated = members.windows(2).filter(|pair| pair[0].key == pair[1].key);
        if let Some(pair) = repeated.min_by_key(|pair| pair[1].at) {
            let problem = InputsProblem::DuplicateKey(pair[1].key.clone());
            return Err(ScanError { at: pair[1].at, problem });
        }
        let mut text = String::with_capacity(self.out.len() - start + members.len() + 1);
        for (index, member) in members.iter().enumerate() {
            text.push(if index == 0 { '{' } else { ',' });
            text.push_str(&self.out[member.written.clone()]);
        }
        text.push('}');
        self.out.truncate(start);
        self.out.push_str(&text);
        Ok(())
    }

    /// Reads a string, and decodes it.
    fn string(&mut self) -> Result<String, ScanError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(self.syntax("the file ends inside a string")),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1;
                        }
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return Err(self.syntax("expected four hexadecimal digits"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.syntax("not an escape that JSON knows")),
                    }
                }
                Some(0..=0x1f) => return Err(self.syntax("a control character inside a string")),
                Some(_) => self.at += 1,
            }
        }
        let text = unquoted(&self.json[start..self.at]);
        self.at += 1;
        Ok(text)
    }

    /// Copies a number as it is spelled.
    fn number(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.out.extend(self.json[start..self.at].iter().copied().map(char::from));
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax("expected a digit")) } else { Ok(()) }
    }

    fn literal(&mut self) -> Result<(), ScanError> {
        for literal in ["true", "false", "null"] {
            if self.json[self.at..].starts_with(literal.as_bytes()) {
                self.at += literal.len();
                self.out.push_str(literal);
                return Ok(());
            }
        }
        Err(self.syntax("expected a value"))
    }

    fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn syntax(&self, what: &'static str) -> ScanError {
        self.flaw(InputsProblem::Syntax(what))
    }

    fn flaw(&self, problem: InputsProblem) -> ScanError {
        ScanError { at: self.at, problem }
    }
}
