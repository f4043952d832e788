//! What is measured, as it is printed and written: `docs/benchmarks.md` with its plots.

pub(super) use super::figures::{micros, millis, ratio, time};
use super::summary::Facts;
use crate::outcome::Outcome;
use crate::workspace::wrap;
use std::fmt::Write;
use std::path::PathBuf;

/// The page in the making. Each piece is printed as it comes.
pub(super) struct Page {
    text: String,
    /// Where the head ends: what the figures mean stands there.
    head: usize,
    /// What the parts have measured that the head speaks of.
    pub(super) facts: Facts,
    /// Name and SVG.
    plots: Vec<(&'static str, String)>,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        let text = format!("# {title}\n\n");
        Self { head: text.len(), text, facts: Facts::default(), plots: Vec::new() }
    }

    pub(super) fn section(&mut self, title: &str, prose: &str) {
        self.put(&format!("## {title}\n\n{}", wrap(prose)));
    }

    pub(super) fn prose(&mut self, prose: &str) {
        self.put(&wrap(prose));
    }

    /// A line that a command finds again.
    pub(super) fn line(&mut self, line: &str) {
        self.put(&format!("{line}\n"));
    }

    /// Words in an order, which are no sentences.
    pub(super) fn listing(&mut self, lines: &str) {
        self.put(&format!("```text\n{}\n```\n", lines.trim_end()));
    }

    pub(super) fn table(&mut self, table: &Table) {
        self.put(&table.markdown());
    }

    pub(super) fn plot(&mut self, name: &'static str, title: &str, svg: &str) {
        let _ = write!(self.text, "{title}:\n\n![{title}](benchmarks/{name}.svg)\n\n");
        self.plots.push((name, svg.to_owned()));
    }

    fn put(&mut self, piece: &str) {
        println!("{piece}");
        self.text.push_str(piece);
        self.text.push('\n');
    }

    /// What the figures mean, if all that it takes was measured.
    pub(super) fn meaning(&self) -> Option<String> {
        self.facts.sentences().map(|text| wrap(&text))
    }

    /// The page, with what all of it means at its head.
    fn text(&self) -> String {
        let (title, rest) = self.text.split_at(self.head);
        let meaning = self.meaning().map_or_else(String::new, |text| text + "\n");
        format!("{title}{meaning}{}\n", rest.trim_end())
    }

    /// Writes the page and its plots into `docs`.
    pub(super) fn write(&self) -> Outcome<PathBuf> {
        let docs = crate::workspace::root().join("docs");
        let plots = docs.join("benchmarks");
        std::fs::create_dir_all(&plots)?;
        for (name, svg) in &self.plots {
            std::fs::write(plots.join(format!("{name}.svg")), svg)?;
        }
        let page = docs.join("benchmarks.md");
        std::fs::write(&page, self.text())?;
        Ok(page)
    }
}

/// A table whose first column is text, and whose others are figures.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        Self(vec![columns.iter().map(|column| (*column).to_owned()).collect()])
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }

    fn markdown(&self) -> String {
        let width = |column: usize| {
            let cells = self.0.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0).max(3)
        };
        let widths: Vec<_> = (0..self.0[0].len()).map(width).collect();
        let mut text = String::new();
        for (number, row) in self.0.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(text, "| {cell:width$} "),
                    _ => write!(text, "| {cell:>width$} "),
                };
            }
            text.push_str("|\n");
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width + 1);
                    let _ = match column {
                        0 => write!(text, "|{dashes}-"),
                        _ => write!(text, "|{dashes}:"),
                    };
                }
                text.push_str("|\n");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::summary::{Flush, Free, Longest};

    #[test]
    fn what_the_figures_mean_stands_at_the_head_if_all_of_them_are_there() {
        let mut page = Page::new("Benchmarks");
        page.line("Measured on commit `none`.");
        assert_eq!(page.text(), "# Benchmarks\n\nMeasured on commit `none`.\n");
        page.facts.lock = Some(Free { ours: 2e-6, reused: 1e-6, gix: 1e-6 });
        page.facts.longest = Some(Longest { processes: 2, ours: 1e-3, gix: 2e-3 });
        page.facts.takeover = Some(1e-3);
        page.facts.flush.push(Flush { size: "2 KB", ratio: 1.0 });
        let text = page.text();
        assert!(
            text.starts_with("# Benchmarks\n\nA free lock of `filelock` costs 2.0 µs"),
            "{text}"
        );
        assert!(text.ends_with("2 KB.\n\nMeasured on commit `none`.\n"), "{text}");
    }
}
