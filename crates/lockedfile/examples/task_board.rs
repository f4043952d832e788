//! A board of tasks in YAML that several agents change at the same time. Each takes the next task
//! that is open, and no task is taken twice.
//!
//! ```sh
//! cargo run -p lockedfile --example task_board -- TASKS.yaml add 'write the docs'
//! cargo run -p lockedfile --example task_board -- TASKS.yaml take agent-7
//! ```

use std::error::Error;
use std::path::Path;

use lockedfile::transform;
use yaml_rust2::{Yaml, YamlEmitter, YamlLoader};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [board, "add", title] => add(Path::new(board), title),
        [board, "take", agent] => {
            let task = take(Path::new(board), agent)?;
            println!("{}", task.as_deref().unwrap_or("nothing is open"));
            Ok(())
        }
        _ => Err("usage: task_board FILE add TITLE | take AGENT".into()),
    }
}

/// Adds an open task.
pub(crate) fn add(board: &Path, title: &str) -> Outcome<()> {
    change(board, |tasks| tasks.push(task(title, "open"))).map(drop)
}

/// Takes the first task that is open, for `agent`, and returns its title.
pub(crate) fn take(board: &Path, agent: &str) -> Outcome<Option<String>> {
    change(board, |tasks| {
        let open = tasks.iter_mut().find(|task| task["state"].as_str() == Some("open"))?;
        let title = open["title"].as_str().unwrap_or_default().to_owned();
        *open = task(&title, &format!("taken by {agent}"));
        Some(title)
    })
}

fn task(title: &str, state: &str) -> Yaml {
    let field = |name: &str, value: &str| (Yaml::String(name.into()), Yaml::String(value.into()));
    Yaml::Hash([field("title", title), field("state", state)].into_iter().collect())
}

/// Changes the list of tasks under the board's lock. A board that is no such list is an error, and
/// stays as it is. (This YAML crate drops comments.)
fn change<R>(board: &Path, mut change: impl FnMut(&mut Vec<Yaml>) -> R) -> Outcome<R> {
    let mut value = None;
    transform(board, |old| -> Outcome<_> {
        let text = std::str::from_utf8(old.unwrap_or_default())?;
        let mut tasks = match YamlLoader::load_from_str(text)?.pop() {
            None => Vec::new(),
            Some(Yaml::Array(tasks)) => tasks,
            Some(_) => return Err("the board is not a list of tasks".into()),
        };
        value = Some(change(&mut tasks));
        let mut new = String::new();
        YamlEmitter::new(&mut new).dump(&Yaml::Array(tasks))?;
        new.push('\n');
        Ok(Some(new.into_bytes()))
    })?;
    // The value of the run whose result was written.
    Ok(value.expect("because the closure ran"))
}
