//! The manual lists the words for programs: all of them, and no others.

use std::collections::BTreeSet;
use std::path::Path;

use crate::io::failure::{KINDS, LOCKED, MERGE_FAILED, NO, TROUBLE};
use crate::verbs::check::CODES;
use crate::who::VERDICTS;

/// The first column of the table whose header begins so: words between backticks, or numbers.
fn first_column(header: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = std::fs::read_to_string(page).expect("because the manual lies in docs");
    let mut lines = page.lines().skip_while(|line| !line.starts_with(header));
    assert!(lines.next().is_some(), "there is no table {header:?}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cell =
        |row: &str| row.split('|').nth(1).expect("because a row has cells").trim().to_owned();
    rows.flat_map(|row| {
        let cell = cell(row);
        cell.split(", ").map(|word| word.trim_matches('`').to_owned()).collect::<Vec<_>>()
    })
    .collect()
}

#[track_caller]
fn expect_listed(header: &str, words: &[&str]) {
    let listed = first_column(header);
    let all: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(all, words.iter().copied().collect(), "{header}");
    assert_eq!(listed.len(), words.len(), "{header}: a word is there twice");
}

#[test]
fn the_manual_lists_the_words_for_programs() {
    expect_listed("| `kind` |", &KINDS);
    expect_listed("| `code` |", &CODES);
    expect_listed("| `verdict` |", &VERDICTS);
}

#[test]
fn the_manual_says_what_each_exit_status_asks_of_a_script() {
    let statuses = [0, NO, TROUBLE, LOCKED, MERGE_FAILED].map(|it| it.to_string());
    let listed = first_column("| exit status | what it means |");
    for status in statuses.iter().map(String::as_str).chain(["126", "127", "128+N", "others"]) {
        assert!(listed.iter().any(|it| it == status), "{status}: {listed:?}");
    }
}
