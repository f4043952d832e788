//! The system calls by which an implementation changes the disk, and asks for `flock`s.
//!
//! The looks between them are left out: a better implementation can have fewer. So are calls that
//! fail, and those that only read.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::program::Program;
use super::scene::Scene;
use super::script::private;
use crate::outcome::Outcome;

/// The steps of a vector, each with the calls that it made.
pub(super) fn traced(vector: &Value, program: &Command) -> Outcome<Vec<Value>> {
    let scene = Scene::new(&vector["tree"])?;
    let log = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace");
    strace.args(["-y", "-qq", "-s", "0", "-o"]).arg(log.path());
    strace.arg(program.get_program()).args(program.get_args());
    let mut traced = Program::start(&mut strace)?;
    let steps = vector["steps"].as_array().ok_or("a vector without steps")?;
    let mut answers = Vec::new();
    for step in steps {
        answers.push(traced.ask(&json!({"do": step["do"], "target": scene.target()}))?);
    }
    traced.end()?;
    let text = std::fs::read_to_string(log.path())?;
    // An answer is one write to standard output.
    let parts = text.split_inclusive('\n').collect::<Vec<_>>();
    let mut parts = parts.split(|line| line.starts_with("write(1<"));
    let mut calls = Vec::new();
    for (step, says) in steps.iter().zip(answers) {
        let lines = parts.next().ok_or("an answer that was not one write")?;
        let made = lines.iter().filter_map(|line| call(line, scene.root()));
        let mut made: Vec<_> = match vector["only"].as_str() {
            // Until the name is another's.
            Some(only) => made
                .take_while(|call| !call.starts_with("rename"))
                .filter(|call| is_about(call, only))
                .collect(),
            None => made.collect(),
        };
        // Asked once more changes nothing.
        made.dedup();
        calls.push(json!({"do": step["do"], "says": says, "made": made}));
    }
    Ok(calls)
}

/// Whether a call is about `path`, or about something in it.
fn is_about(call: &str, path: &str) -> bool {
    call.split(' ').any(|word| {
        word.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A call in words, if it is one that counts and it succeeded.
fn call(line: &str, root: &Path) -> Option<String> {
    let (before, answer) = line.trim_end().rsplit_once(" = ")?;
    if answer.starts_with('-') {
        return None;
    }
    let (name, arguments) = before.trim_end().strip_suffix(')')?.split_once('(')?;
    let arguments: Vec<_> = arguments.split(", ").collect();
    let at = |index: usize| arguments.get(index).copied().unwrap_or_default();
    let here = |index| below(at(index), "", root);
    let named = |index| below(at(index), at(index + 1), root);
    Some(match name {
        "mkdir" => format!("mkdir {} {}", here(0)?, at(1)),
        "mkdirat" => format!("mkdir {} {}", named(0)?, at(2)),
        "openat" if at(2).contains("O_EXCL") => format!("create {}", named(0)?),
        "openat" if at(2).contains("O_CREAT") => format!("create, or open, {}", named(0)?),
        "flock" if at(1).contains("LOCK_EX") => format!("flock {} exclusive", here(0)?),
        "flock" if at(1).contains("LOCK_SH") => format!("flock {} shared", here(0)?),
        "pwrite64" if at(2) == "19" => format!("overwrite the stamp of {}", here(0)?),
        "write" | "pwrite64" => format!("write {}", here(0)?),
        "fchmod" => format!("chmod {} {}", here(0)?, at(1)),
        "utimensat" => format!("touch {}", here(0)?),
        "rename" => format!("rename {} to {}", here(0)?, here(1)?),
        "renameat2" if at(4).contains("NOREPLACE") => {
            format!("rename {} to {} if that is free", named(0)?, named(2)?)
        }
        "renameat" | "renameat2" => format!("rename {} to {}", named(0)?, named(2)?),
        "unlinkat" if at(2).contains("REMOVEDIR") => format!("rmdir {}", named(0)?),
        "unlinkat" => format!("unlink {}", named(0)?),
        "unlink" => format!("unlink {}", here(0)?),
        "rmdir" => format!("rmdir {}", here(0)?),
        _ => return None,
    })
}

/// The path of a descriptor, or a path, or of a name below a descriptor, as seen from `root`.
fn below(descriptor: &str, name: &str, root: &Path) -> Option<String> {
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let path = match (descriptor.split_once('<'), unquoted(name)) {
        (_, name) if name.starts_with('/') => name,
        (Some((_, path)), name) => {
            let path = path.trim_end_matches('>');
            if name.is_empty() { path.to_owned() } else { format!("{path}/{name}") }
        }
        (None, _) => unquoted(descriptor),
    };
    let path = Path::new(&path).strip_prefix(root).ok()?;
    Some(private(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<String> {
        call(line, Path::new("/t"))
    }

    #[test]
    fn calls_are_told_alike_by_descriptor_and_by_path() {
        let same = Some("mkdir T.lock.prep-U 0700".to_owned());
        assert_eq!(shown("mkdir(\"/t/T.lock.prep-0123456789abcdef\", 0700) = 0"), same);
        let line = "mkdirat(AT_FDCWD</>, \"/t/T.lock.prep-0123456789abcdef\", 0700) = 0";
        assert_eq!(shown(line), same);
        let same = Some("unlink T.lock/holder".to_owned());
        assert_eq!(shown("unlinkat(3</t/T.lock>, \"holder\", 0) = 0"), same);
        assert_eq!(shown("unlink(\"/t/T.lock/holder\") = 0"), same);
        let same = Some("rmdir T.lock".to_owned());
        assert_eq!(shown("unlinkat(AT_FDCWD</>, \"/t/T.lock\", AT_REMOVEDIR) = 0"), same);
        assert_eq!(shown("rmdir(\"/t/T.lock\") = 0"), same);
    }

    #[test]
    fn what_fails_or_lies_elsewhere_is_left_out() {
        assert_eq!(shown("rmdir(\"/t/T.lock\") = -1 ENOTEMPTY (Directory not empty)"), None);
        assert_eq!(shown("flock(3</x/T.lock>, LOCK_EX|LOCK_NB) = 0"), None);
        assert_eq!(shown("newfstatat(3</t/T.lock>, \"\", {...}, AT_EMPTY_PATH) = 0"), None);
        assert_eq!(shown("--- SIGCHLD {si_signo=SIGCHLD} ---"), None);
    }
}
