//! A page's sections, and what is to be run of them.

/// What stands under one heading of the second level.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

pub(super) enum Block {
    File {
        name: String,
        text: String,
    },
    Hidden(String),
    /// Commands, and what each of them prints.
    Console(Vec<(String, String)>),
    /// Commands that succeed.
    Job(Vec<String>),
    /// Run elsewhere, if at all: a language.
    Elsewhere(String),
}

impl Block {
    pub(super) fn mentions(&self, tool: &str) -> bool {
        let has = |text: &String| text.split(|c: char| !c.is_alphanumeric()).any(|it| it == tool);
        match self {
            Self::File { text, .. } | Self::Hidden(text) => has(text),
            Self::Console(commands) => commands.iter().any(|(text, _)| has(text)),
            Self::Job(commands) => commands.iter().any(has),
            Self::Elsewhere(_) => false,
        }
    }
}

pub(super) fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section { title: "the beginning".to_owned(), blocks: Vec::new() }];
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let section = sections.last_mut().expect("because there is one from the beginning");
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section { title: title.to_owned(), blocks: Vec::new() });
        } else if line.starts_with("<!-- run first") {
            let text = lines.by_ref().take_while(|line| *line != "-->").collect::<Vec<_>>();
            section.blocks.push(Block::Hidden(text.join("\n")));
        } else if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            section.blocks.push(block(kind, &text));
        }
    }
    sections
}

fn block(kind: &str, lines: &[&str]) -> Block {
    match kind.split_once(' ') {
        Some(("sh", name)) => Block::File { name: name.to_owned(), text: lines.join("\n") + "\n" },
        None if kind == "console" => console(lines),
        None if kind == "yaml" => {
            let run = lines.iter().filter_map(|line| line.trim().strip_prefix("- run: "));
            Block::Job(run.map(str::to_owned).collect())
        }
        _ => Block::Elsewhere(kind.to_owned()),
    }
}

fn console(lines: &[&str]) -> Block {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), String::new()));
            continue;
        }
        let (command, printed) = commands.last_mut().expect("because it begins with a command");
        match line.strip_prefix(">  ") {
            Some(more) if printed.is_empty() => {
                command.push('\n');
                command.push_str(more);
            }
            _ => {
                printed.push_str(line);
                printed.push('\n');
            }
        }
    }
    Block::Console(commands)
}

/// Whether what was printed is what was expected, `…` standing for any text on a line.
pub(super) fn matches(expected: &str, printed: &str) -> bool {
    let (expected, printed): (Vec<_>, Vec<_>) =
        (expected.lines().collect(), printed.lines().collect());
    expected.len() == printed.len()
        && expected.iter().zip(printed).all(|(expected, printed)| line_matches(expected, printed))
}

fn line_matches(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().expect("because there always is a first part");
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn a_line_matches_with_dots_in_it() {
    for (expected, printed, is_match) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "ab", true),
        ("…b", "ab", true),
        ("…b", "abc", false),
        ("a…c…e", "abcde", true),
        ("a…x…e", "abcde", false),
        ("a…", "ba", false),
    ] {
        assert_eq!(line_matches(expected, printed), is_match, "{expected:?} {printed:?}");
    }
}
