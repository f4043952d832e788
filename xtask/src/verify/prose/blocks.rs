//! A file's prose, in pieces in which sentences run on: paragraphs, items, headings, rows of
//! tables.

/// How a file's prose is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Markdown,
    /// In comments.
    Rust,
}

/// Lines that belong together.
#[derive(Default)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    /// A row: its cells are apart, and it cannot be wrapped.
    pub(super) is_table: bool,
}

pub(super) struct Line {
    /// In the file, from 1.
    pub(super) number: usize,
    /// Without what begins a comment or an item.
    pub(super) text: String,
    /// Of the whole line; 0 if nothing in it could be wrapped.
    pub(super) columns: usize,
}

pub(super) fn blocks_of(text: &str, kind: Kind) -> Vec<Block> {
    let mut blocks = Blocks::default();
    for (index, line) in text.lines().enumerate() {
        let prose = match kind {
            Kind::Markdown => Some(("", line)),
            Kind::Rust => comment(line),
        };
        match prose {
            Some((marker, prose)) => blocks.add(index + 1, line, marker, prose),
            None => blocks.leave_comment(),
        }
    }
    blocks.end();
    blocks.done
}

/// What begins the comment that `line` is, and what it says.
fn comment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    ["///", "//!", "//"].into_iter().find_map(|marker| Some((marker, line.strip_prefix(marker)?)))
}

#[derive(Default)]
struct Blocks {
    done: Vec<Block>,
    open: Block,
    marker: String,
    in_code: bool,
}

impl Blocks {
    fn add(&mut self, number: usize, whole: &str, marker: &str, prose: &str) {
        if marker != self.marker {
            self.leave_comment();
            marker.clone_into(&mut self.marker);
        }
        let text = prose.trim();
        if text.starts_with("```") {
            self.end();
            self.in_code = !self.in_code;
            return;
        }
        let is_indented_code = prose.starts_with("     ") && self.open.lines.is_empty();
        if self.in_code || text.is_empty() || is_indented_code {
            self.end();
            return;
        }
        let is_row = text.starts_with('|');
        let content = without_bullet(text);
        if is_row || content.is_some() || text.starts_with(['#', '>', '<']) {
            self.end();
        }
        let columns = if text.contains("://") { 0 } else { whole.chars().count() };
        let is_heading = text.starts_with('#');
        let text = content.unwrap_or(text).trim_start_matches(['#', '>', ' ']).to_owned();
        self.open.lines.push(Line { number, text, columns });
        self.open.is_table = is_row;
        if is_row || is_heading {
            self.end();
        }
    }

    /// The comment is over, and with it the code in it that was not.
    fn leave_comment(&mut self) {
        self.end();
        if !self.marker.is_empty() {
            self.in_code = false;
        }
        self.marker.clear();
    }

    fn end(&mut self) {
        let block = std::mem::take(&mut self.open);
        if !block.lines.is_empty() {
            self.done.push(block);
        }
    }
}

/// What an item says, if `text` begins one.
fn without_bullet(text: &str) -> Option<&str> {
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|bullet| text.strip_prefix(bullet)) {
        return Some(item);
    }
    let (number, item) = text.split_once(". ")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(item)
}
