//! The part of regular expressions that the schema's patterns use: `^` and `$`, characters, classes
//! such as `[0-9a-f]`, and how often: `{64}`, `*`, `+`.

/// A class of characters, and how often it comes.
struct Piece {
    class: Vec<(char, char)>,
    least: usize,
    most: usize,
}

/// Whether `pattern`, which begins with `^`, matches `text`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let pieces = pieces(pattern.strip_prefix('^').unwrap_or(pattern));
    rest_matches(&pieces, &text.chars().collect::<Vec<_>>(), to_end)
}

/// As many as possible first, and fewer if the rest does not match then.
fn rest_matches(pieces: &[Piece], text: &[char], to_end: bool) -> bool {
    let Some((piece, pieces)) = pieces.split_first() else { return !to_end || text.is_empty() };
    let fits = |it: &&char| piece.class.iter().any(|(first, last)| (first..=last).contains(it));
    let most = text.iter().take(piece.most).take_while(fits).count();
    (piece.least..=most).rev().any(|taken| rest_matches(pieces, &text[taken..], to_end))
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (class, after) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((class, after)) => (ranges(class), after),
            None => (vec![(first, first)], &rest[first.len_utf8()..]),
        };
        let (least, most, after) = match after.as_bytes().first() {
            Some(b'*') => (0, usize::MAX, &after[1..]),
            Some(b'+') => (1, usize::MAX, &after[1..]),
            Some(b'{') => {
                let (count, after) = after[1..].split_once('}').unwrap_or(("1", ""));
                let count = count.parse().unwrap_or(1);
                (count, count, after)
            }
            _ => (1, 1, after),
        };
        pieces.push(Piece { class, least, most });
        rest = after;
    }
    pieces
}

/// `0-9a-f_-`: a hyphen at the end stands for itself.
fn ranges(class: &str) -> Vec<(char, char)> {
    let letters: Vec<char> = class.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if letters.get(at + 1) == Some(&'-') && at + 2 < letters.len() {
            ranges.push((letters[at], letters[at + 2]));
            at += 3;
        } else {
            ranges.push((letters[at], letters[at]));
            at += 1;
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_it_says() {
        for (pattern, text, expected) in [
            ("^sha256:[0-9a-f]{4}$", "sha256:09af", true),
            ("^sha256:[0-9a-f]{4}$", "sha256:09afa", false),
            ("^sha256:[0-9a-f]{4}$", "sha256:09aF", false),
            ("^sha256:", "sha256:whatever", true),
            ("^sha256:", "xsha256:", false),
            ("^[a-z0-9+._-]+:[A-Z=]*$", "a-b_c+.9:", true),
            ("^[a-z0-9+._-]+:[A-Z=]*$", ":", false),
            ("^[a-z]+b$", "aaab", true),
            ("^[a-z]+b$", "b", false),
            ("^$", "", true),
            ("^$", "é", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
