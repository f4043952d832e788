//! Prose: sentences of more than 25 words and lines of more than 100 columns.
//!
//! It stands in docs, in comments, and in the string literals that are messages or help.
//!
//! `xtask/prose.txt` says how many of them each file still has. A file may have fewer, never more.

mod baseline;
mod blocks;
mod literals;
mod sentences;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::outcome::Outcome;
use crate::workspace::root;
use baseline::{Baseline, Counts};
use blocks::{Kind, blocks_of};
use sentences::long_sentences;

/// Count long sentences and lines in docs, comments, messages and help; fail if there are more.
#[derive(Args)]
pub(crate) struct Prose {
    /// Write the counts to `xtask/prose.txt`, unless there are more of them in all
    #[arg(long, conflicts_with = "show")]
    write: bool,
    /// Show what there is in this file
    #[arg(long, value_name = "FILE")]
    show: Option<PathBuf>,
}

/// The longest line, in characters.
const COLUMNS: usize = 100;

/// What is wrong in one file: the line that it begins in, and what it is.
type Finding = (usize, String);

#[derive(Default)]
struct Findings {
    sentences: Vec<Finding>,
    lines: Vec<Finding>,
}

impl Prose {
    pub(crate) fn run(self) -> Outcome {
        if let Some(file) = &self.show {
            findings_of(&root().join(file))?.show(file, usize::MAX);
            return Ok(());
        }
        let mut now = Baseline::default();
        let mut found = Vec::new();
        for file in files()? {
            let findings = findings_of(&root().join(&file))?;
            now.set(&file, findings.counts());
            found.push((file, findings));
        }
        let before = Baseline::read(&baseline::path())?;
        println!("prose: {}; before: {}", now.total(), before.total());
        if self.write {
            if now.total().exceeds(before.total()) {
                return Err("more than before: mend them, `--show FILE` has them".into());
            }
            return now.write(&baseline::path());
        }
        let mut worse = 0;
        for (file, findings) in &found {
            let allowed = before.of(file);
            if findings.counts().exceeds(allowed) {
                worse += 1;
                println!("{file}: {}, where {allowed} may be", findings.counts());
                findings.show(Path::new(file), 10);
            }
        }
        if worse == 0 {
            return Ok(());
        }
        let hint = "if only files moved: cargo xtask prose --write";
        Err(format!("{worse} files have more long sentences or lines than before ({hint})").into())
    }
}

impl Findings {
    fn counts(&self) -> Counts {
        Counts { sentences: self.sentences.len(), lines: self.lines.len() }
    }

    fn show(&self, file: &Path, most: usize) {
        for (line, what) in self.sentences.iter().chain(&self.lines).take(most) {
            println!("  {}:{line}: {what}", file.display());
        }
    }
}

/// The files with prose, from the workspace's root on: those that git knows, or would.
fn files() -> Outcome<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .args(["--", "*.md", "*.rs"])
        .current_dir(root())
        .output()?;
    if !listed.status.success() {
        return Err("git does not list the sources".into());
    }
    let names = String::from_utf8(listed.stdout)?;
    let mut files: Vec<String> = names
        .split('\0')
        .filter(|name| !name.is_empty() && root().join(name).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn findings_of(file: &Path) -> Outcome<Findings> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let is_markdown = file.extension().is_some_and(|extension| extension == "md");
    let kind = if is_markdown { Kind::Markdown } else { Kind::Rust };
    let mut findings = findings_in(&text, kind);
    // What tests say, nobody reads but in a failure.
    let is_source = file.components().any(|component| component.as_os_str() == "src");
    if kind == Kind::Rust && is_source {
        let messages = literals::long_sentences_in(&text);
        findings.sentences.extend(
            messages
                .map_err(|error| format!("{}: {error}", file.display()))?
                .into_iter()
                .map(|(line, words, start)| (line, format!("a text of {words} words: {start} …"))),
        );
    }
    Ok(findings)
}

fn findings_in(text: &str, kind: Kind) -> Findings {
    let mut findings = Findings::default();
    for block in blocks_of(text, kind) {
        let is_table = block.is_table;
        for (line, words, start) in long_sentences(&block) {
            findings.sentences.push((line, format!("{words} words: {start} …")));
        }
        for (line, columns) in block.lines.iter().map(|line| (line.number, line.columns)) {
            if columns > COLUMNS && !is_table {
                findings.lines.push((line, format!("{columns} columns")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str, kind: Kind) -> (usize, usize) {
        let Counts { sentences, lines } = findings_in(text, kind).counts();
        (sentences, lines)
    }

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    #[test]
    fn a_sentence_may_have_25_words_and_not_26() {
        assert_eq!(counts(&format!("{}.", words(25)), Kind::Markdown), (0, 1));
        assert_eq!(counts(&format!("{}.", words(26)), Kind::Markdown), (1, 1));
        let two = format!("{}. {}.", words(20), words(20));
        assert_eq!(counts(&two, Kind::Markdown).0, 0);
        let over_lines = format!("{}\n{}.", words(13), words(13));
        assert_eq!(counts(&over_lines, Kind::Markdown), (1, 0));
    }

    #[test]
    fn paragraphs_items_headings_and_cells_end_a_sentence() {
        let half = words(13);
        assert_eq!(counts(&format!("{half}\n\n{half}"), Kind::Markdown).0, 0);
        assert_eq!(counts(&format!("- {half}\n- {half}"), Kind::Markdown).0, 0);
        assert_eq!(counts(&format!("# {half}\n{half}"), Kind::Markdown).0, 0);
        assert_eq!(counts(&format!("| {half} | {half} |"), Kind::Markdown), (0, 0));
        assert_eq!(counts(&format!("| {half}. {half} | x |"), Kind::Markdown), (1, 0));
    }

    #[test]
    fn code_counts_as_a_word_or_not_at_all() {
        let code = format!("`{}`", words(30));
        assert_eq!(counts(&format!("{} {code}", words(24)), Kind::Markdown).0, 0);
        assert_eq!(counts(&format!("{} {code}", words(25)), Kind::Markdown).0, 1);
        assert_eq!(counts(&format!("```sh\n{}\n```", words(40)), Kind::Markdown), (0, 0));
    }

    #[test]
    fn in_rust_only_comments_count() {
        let long = words(26);
        assert_eq!(counts(&format!("/// {long}"), Kind::Rust), (1, 1));
        assert_eq!(counts(&format!("//! {}\n//! {}", words(13), words(13)), Kind::Rust), (1, 0));
        assert_eq!(counts(&format!("    // {long}"), Kind::Rust).0, 1);
        assert_eq!(counts(&format!("let text = \"{long}\";"), Kind::Rust), (0, 0));
        assert_eq!(counts(&format!("/// {0}\nfn a() {{}}\n/// {0}", words(20)), Kind::Rust).0, 0);
    }

    #[test]
    fn the_baseline_may_shrink_and_not_grow() {
        let old = Counts { sentences: 3, lines: 2 };
        assert!(!Counts { sentences: 3, lines: 1 }.exceeds(old));
        assert!(Counts { sentences: 4, lines: 0 }.exceeds(old));
        assert!(Counts { sentences: 0, lines: 3 }.exceeds(old));
        let mut baseline = Baseline::default();
        baseline.set("docs/a.md", old);
        baseline.set("docs/b.md", Counts::default());
        let text = baseline.text();
        assert_eq!(text.lines().filter(|line| line.starts_with("docs/")).count(), 1);
        let read = Baseline::parse(&text).expect("because it was just written");
        assert!(read.of("docs/a.md") == old && read.of("docs/b.md") == Counts::default());
        assert!(Baseline::parse("docs/a.md many").is_err());
    }
}
