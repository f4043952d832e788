//! Strings, as Go's `encoding/json` reads and writes them (from Go 1.22 on, which writes `\b` and
//! `\f`).

/// U+FFFD, which stands for what is no character.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Writes `text` as a JSON string. `<`, `>`, `&`, U+2028 and U+2029 are escaped for the sake of
/// HTML and JavaScript, and so are control characters. All else stands as it is.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(character))
                    .expect("because writing to a string cannot fail");
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// What stands between the quotes of a string. A surrogate without its other half, and each byte
/// that is not UTF-8, becomes U+FFFD. The scanner has checked the escapes.
pub(super) fn unquoted(inside: &[u8]) -> String {
    let mut text = String::with_capacity(inside.len());
    let mut at = 0;
    while at < inside.len() {
        let plain = inside[at..].iter().position(|byte| *byte == b'\\');
        let end = plain.map_or(inside.len(), |length| at + length);
        push_lossy(&mut text, &inside[at..end]);
        at = end;
        if at == inside.len() {
            break;
        }
        let (character, length) = escaped(&inside[at..]);
        text.push(character);
        at += length;
    }
    text
}

/// The character that the escape at the start of `from` stands for, and how long the escape is.
fn escaped(from: &[u8]) -> (char, usize) {
    let character = match from[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(from),
        other => char::from(other),
    };
    (character, 2)
}

fn unicode(from: &[u8]) -> (char, usize) {
    let first = unit(from).expect("because the scanner has checked the digits");
    if let Some(character) = char::from_u32(u32::from(first)) {
        return (character, 6);
    }
    let second = from.get(6..).and_then(unit);
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    // Half a pair: what follows it is read by itself.
    pair.map_or((REPLACEMENT, 6), |character| (character, 12))
}

/// The four digits of `\uXXXX`.
fn unit(from: &[u8]) -> Option<u16> {
    let digits = from.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Go takes each byte that does not begin a character for one U+FFFD. `String::from_utf8_lossy`
/// takes several of them together.
fn push_lossy(text: &mut String, mut bytes: &[u8]) {
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => return text.push_str(rest),
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(good).expect("because it is valid up to there"));
                text.push(REPLACEMENT);
                bytes = &bad[1..];
            }
        }
    }
}
