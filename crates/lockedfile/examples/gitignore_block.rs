//! A block of lines in `.gitignore` that a program keeps up to date. The lines of the user, and the
//! blocks of other programs, stay as they are.
//!
//! ```sh
//! cargo run -p lockedfile --example gitignore_block -- .gitignore mytool '*.lock.lock*' '*.tmp-*'
//! ```

use std::error::Error;
use std::path::Path;

use lockedfile::{Done, transform};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, owner, lines @ ..] = &*arguments else {
        return Err("usage: gitignore_block FILE OWNER LINE...".into());
    };
    match keep_block(Path::new(file), owner, lines)? {
        Done::Written => println!("{file}: updated"),
        Done::Unchanged => println!("{file}: up to date"),
    }
    Ok(())
}

/// Puts the block of `owner` into `file`: where it stands already, or at the end.
pub(crate) fn keep_block(
    file: &Path,
    owner: &str,
    lines: &[String],
) -> Result<Done, Box<dyn Error>> {
    let (begin, end) = (format!("# BEGIN {owner}"), format!("# END {owner}"));
    transform(file, |old| {
        let old = std::str::from_utf8(old.unwrap_or_default())?;
        let mut new: Vec<&str> = Vec::new();
        let mut rest = old.lines();
        new.extend(rest.by_ref().take_while(|line| *line != begin));
        new.push(&begin);
        new.extend(lines.iter().map(String::as_str));
        new.push(&end);
        if old.lines().any(|line| line == begin) {
            // An error comes back from `transform` as it is, and the file stays as it was.
            rest.by_ref().find(|line| *line == end).ok_or("the block has no end: repair it")?;
        }
        new.extend(rest);
        Ok(Some((new.join("\n") + "\n").into_bytes()))
    })
}
