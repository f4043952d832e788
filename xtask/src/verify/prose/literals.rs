//! Messages and help: the sentences in the string literals of a source.
//!
//! A message has no full stop. Its statements are apart by `; `, and each of them counts as a
//! sentence. A `{}` is a word. An indented line is an example to type. Tests are left out, and
//! comments are counted elsewhere.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Lit;

use super::blocks::{Kind, blocks_of};
use super::sentences::long_sentences;
use crate::outcome::Outcome;

/// The line that a literal begins in, how many words a sentence in it has, and how that begins.
pub(super) fn long_sentences_in(source: &str) -> Outcome<Vec<(usize, usize, String)>> {
    let tokens = TokenStream::from_str(source).map_err(|error| error.to_string())?;
    let mut texts = Vec::new();
    collect(tokens, &mut texts);
    let mut long = Vec::new();
    for (line, text) in texts {
        for block in blocks_of(&statements(&text), Kind::Markdown) {
            long.extend(
                long_sentences(&block).into_iter().map(|(_, words, start)| (line, words, start)),
            );
        }
    }
    Ok(long)
}

fn statements(text: &str) -> String {
    // A placeholder, with what stands in it, is a word.
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        match after.split_once('}') {
            Some((inside, after)) if !inside.contains(['\n', ' ']) => {
                plain.push_str("value");
                rest = after;
            }
            _ => {
                plain.push('{');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    let lines = plain.lines().map(|line| if line.starts_with("  ") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n").replace("; ", ". ")
}

fn collect(tokens: TokenStream, texts: &mut Vec<(usize, String)>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut is_test = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                // An attribute: `#[doc = "…"]` is a comment, `#[cfg(test)]` is about what follows.
                if let Some(TokenTree::Punct(inner)) = tokens.peek()
                    && inner.as_char() == '!'
                {
                    tokens.next();
                }
                if let Some(TokenTree::Group(attribute)) = tokens.peek()
                    && attribute.delimiter() == Delimiter::Bracket
                {
                    let words = attribute.stream().to_string();
                    is_test |= words.replace(' ', "") == "cfg(test)";
                    if words.starts_with("doc ") {
                        tokens.next();
                    }
                }
            }
            TokenTree::Group(group) if is_test && group.delimiter() == Delimiter::Brace => {
                is_test = false;
            }
            TokenTree::Group(group) => collect(group.stream(), texts),
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                if let Lit::Str(text) = Lit::new(literal) {
                    texts.push((line, text.value()));
                }
            }
            TokenTree::Punct(mark) => is_test &= mark.as_char() != ';',
            TokenTree::Ident(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(usize, usize)> {
        let found = long_sentences_in(source).expect("because it can be read");
        found.into_iter().map(|(line, words, _)| (line, words)).collect()
    }

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    #[test]
    fn a_message_may_have_25_words_and_not_26() {
        let source = |text: &str| format!("fn a() {{\n    panic!(\"{text}\");\n}}\n");
        assert_eq!(found(&source(&words(25))), []);
        assert_eq!(found(&source(&words(26))), [(2, 26)]);
        assert_eq!(found(&source(&format!("{}; {}", words(20), words(20)))), []);
        assert_eq!(found(&source(&format!("{} {{error:?}}", words(25)))), [(2, 26)]);
        assert_eq!(found(&source(&format!("{} \\\n        {}", words(13), words(13)))), [(2, 26)]);
    }

    #[test]
    fn attributes_are_messages_and_comments_and_tests_are_none() {
        let long = words(26);
        assert_eq!(found(&format!("#[error(\"{long}\")]\nstruct A;\n")), [(1, 26)]);
        assert_eq!(found(&format!("#[command(about = \"{long}\")]\nstruct A;\n")), [(1, 26)]);
        assert_eq!(found(&format!("//! {long}\n/// {long}\nstruct A;\n")), []);
        let text = format!("const A: &str = \"{long}\";");
        assert_eq!(found(&format!("#[cfg(test)]\nmod tests {{ {text} }}\n{text}\n")), [(3, 26)]);
        assert_eq!(found(&format!("#[cfg(test)]\nuse a::b;\nfn c() {{ {text} }}\n")), [(3, 26)]);
    }
}
