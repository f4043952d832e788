//! What is measured, as it is printed and written: `docs/benchmarks.md` with its plots.

use crate::outcome::Outcome;
use std::fmt::Write;
use std::path::PathBuf;

/// The page in the making. Each piece is printed as it comes.
pub(super) struct Page {
    text: String,
    /// Name and SVG.
    plots: Vec<(&'static str, String)>,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Self { text: format!("# {title}\n\n"), plots: Vec::new() }
    }

    pub(super) fn section(&mut self, title: &str, prose: &str) {
        // After a list there is no empty line yet.
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self.put(&format!("## {title}\n\n{}", wrap(prose)));
    }

    pub(super) fn prose(&mut self, prose: &str) {
        self.put(&wrap(prose));
    }

    /// A line that a command finds again.
    pub(super) fn line(&mut self, line: &str) {
        self.put(&format!("{line}\n"));
    }

    pub(super) fn item(&mut self, prose: &str) {
        self.put(wrap(&format!("- {prose}")).trim_end().replace('\n', "\n  ").as_str());
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

    /// Writes the page and its plots into `docs`.
    pub(super) fn write(&self) -> Outcome<PathBuf> {
        let docs = crate::workspace::root().join("docs");
        let plots = docs.join("benchmarks");
        std::fs::create_dir_all(&plots)?;
        for (name, svg) in &self.plots {
            std::fs::write(plots.join(format!("{name}.svg")), svg)?;
        }
        let page = docs.join("benchmarks.md");
        std::fs::write(&page, format!("{}\n", self.text.trim_end()))?;
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

pub(super) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

pub(super) fn micros(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

pub(super) fn millis(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

/// In the unit that fits.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 1e-3 { micros(seconds) } else { millis(seconds) }
}

/// The longest line, less the indentation of an item.
const WIDTH: usize = 98;

/// Breaks lines as the other pages have them.
fn wrap(prose: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    for word in prose.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > WIDTH {
            text.push('\n');
            length = 0;
        } else if length > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += word_length;
    }
    text.push('\n');
    text
}
