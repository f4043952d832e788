//! Sentences, and how many words they have.

use super::blocks::Block;

/// The most words in a sentence, and in a cell of a table.
const WORDS: usize = 25;

/// These end in a full stop, and no sentence with them.
const ABBREVIATIONS: [&str; 5] = ["e.g.", "i.e.", "etc.", "vs.", "cf."];

/// The sentences of `block` that are too long: the line, the words, and how it begins.
pub(super) fn long_sentences(block: &Block) -> Vec<(usize, usize, String)> {
    let mut long = Vec::new();
    if block.is_table {
        for line in &block.lines {
            // A row's cells are one sentence each.
            let text = without_code(&line.text);
            for cell in text.split('|') {
                let words: Vec<_> = cell.split_whitespace().filter(|word| is_word(word)).collect();
                report(line.number, &words, &mut long);
            }
        }
        return long;
    }
    let text: Vec<_> = block.lines.iter().map(|line| line.text.as_str()).collect();
    let text = without_code(&text.join("\n"));
    let mut sentence = Vec::new();
    let mut begins = 0;
    for (index, line) in text.split('\n').enumerate() {
        for word in line.split_whitespace() {
            if sentence.is_empty() {
                begins = block.lines.get(index).map_or(0, |line| line.number);
            }
            if is_word(word) {
                sentence.push(word);
            }
            if ends_sentence(word) {
                report(begins, &sentence, &mut long);
                sentence.clear();
            }
        }
    }
    report(begins, &sentence, &mut long);
    long
}

fn report(line: usize, words: &[&str], long: &mut Vec<(usize, usize, String)>) {
    if words.len() > WORDS {
        long.push((line, words.len(), words[..6].join(" ")));
    }
}

/// `text` with each piece of code as one word. The line breaks stay where they are.
fn without_code(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' => {
                in_code = !in_code;
                if in_code {
                    plain.push_str("code");
                }
            }
            '\n' => plain.push('\n'),
            _ if in_code => {}
            _ => plain.push(character),
        }
    }
    plain
}

fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches([')', ']', '"', '\'', '*', '_', '”']);
    bare.ends_with(['.', '!', '?']) && !ABBREVIATIONS.contains(&bare.trim_start_matches('('))
}
