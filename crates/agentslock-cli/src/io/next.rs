//! The end of a message: what was not done, and what to type next. Most messages say it themselves;
//! this is for those that come from a library, or that many verbs share.

use std::fmt::Write as _;

use super::failure::Failure;
use crate::sys;

/// Verbs that do all of it, or nothing; and what nothing is then.
const UNDONE: [(&str, &str); 8] = [
    ("set", "written"),
    ("unset", "written"),
    ("edit", "written"),
    ("append", "written"),
    ("init", "written"),
    ("check", "checked"),
    ("diff", "compared"),
    ("merge", "merged"),
];

/// The kinds that say only what is wrong.
const BARE: [&str; 5] = ["io", "input", "malformed", "cut-off", "conflict-markers"];

/// What a message ends with that says what was not done.
const NOTHING_WRITTEN: &str = "nothing was written";

/// How what a message says of its next step begins.
const STEPS: [&str; 11] = [
    "`agentslock ",
    "did you mean `",
    "`git ",
    "`mkdir ",
    "`command -v ",
    "`ulimit ",
    "--file",
    "--take",
    "add --",
    "type `",
    "Then run this again",
];

/// The failure of `verb`, with what its message lacks.
pub(crate) fn finished(mut failure: Failure, verb: Option<&str>) -> Failure {
    let verb = verb.unwrap_or("help");
    let names_a_step = STEPS.iter().any(|step| failure.message.contains(step));
    let is_said = ["nothing was", "no digest", "written", "done before that"]
        .iter()
        .any(|it| failure.message.contains(it));
    let undone = UNDONE.iter().find(|(name, _)| *name == verb);
    if let Some((_, undone)) = undone.filter(|_| BARE.contains(&failure.kind) && !is_said) {
        let _ = write!(failure.message, "; nothing was {undone}");
    }
    name_the_file(&mut failure);
    if let Some(step) = step(&failure, verb).filter(|_| !names_a_step) {
        let _ = write!(failure.message, "; next: `{step}`");
    }
    failure
}

/// A value that was typed, or a command, is what the message is about; the file is named last.
fn name_the_file(failure: &mut Failure) {
    let Some(path) = failure.path.as_deref() else { return };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    if !failure.message.contains(&*name)
        && let Some(at) = failure.message.find(NOTHING_WRITTEN)
    {
        let to = format!(" to `{}`", path.display());
        failure.message.insert_str(at + NOTHING_WRITTEN.len(), &to);
    }
}

fn step(failure: &Failure, verb: &str) -> Option<String> {
    let path = failure.path.as_deref();
    let with_path = |command: &str| match path {
        Some(path) if ["append", "run", "holder"].contains(&verb) => {
            format!("{command} {}", path.display())
        }
        _ => command.to_owned(),
    };
    match failure.kind {
        // What the command printed says more.
        _ if failure.command_status.is_some() => None,
        "io" => {
            let by_errno = failure.errno.zip(path).and_then(|(errno, path)| sys::look(errno, path));
            // What it could not find out for itself, it does not find out the next time.
            let doctor = match verb {
                "doctor" => "ls -ld . \"$PWD\"".to_owned(),
                _ => with_path("agentslock doctor"),
            };
            Some(by_errno.unwrap_or(doctor))
        }
        "git" | "malformed" | "not-durable" => Some(with_path("agentslock doctor")),
        "lock-lost" | "lost-after-write" | "changed" => Some(match path {
            Some(path) => format!("agentslock holder {}", path.display()),
            None => "agentslock doctor".to_owned(),
        }),
        "input" | "absent" => Some(format!("agentslock {verb} --help")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::failure::TROUBLE;

    #[test]
    fn a_message_ends_with_what_was_not_done_and_what_to_type() {
        let finish = |kind, message: &str, verb| {
            let failure = Failure::new(TROUBLE, kind, message).about("some/log");
            finished(failure, Some(verb)).message
        };
        for (kind, message, verb, expected) in [
            (
                "io",
                "no",
                "append",
                "no; nothing was written to `some/log`; next: `agentslock doctor some/log`",
            ),
            (
                "io",
                "no log",
                "append",
                "no log; nothing was written; next: `agentslock doctor some/log`",
            ),
            (
                "malformed",
                "no log",
                "set",
                "no log; nothing was written; next: `agentslock doctor`",
            ),
            ("io", "no", "check", "no; nothing was checked; next: `agentslock doctor`"),
            ("io", "no", "doctor", "no; next: `ls -ld . \"$PWD\"`"),
            ("absent", "no", "diff", "no; next: `agentslock diff --help`"),
            (
                "io",
                "no; nothing was done",
                "set",
                "no; nothing was done; next: `agentslock doctor`",
            ),
            ("io", "no", "show", "no; next: `agentslock doctor`"),
            (
                "input",
                "no",
                "set",
                "no; nothing was written to `some/log`; next: `agentslock set --help`",
            ),
            ("input", "no; run `agentslock check`", "show", "no; run `agentslock check`"),
            ("lock-lost", "it was lost", "run", "it was lost; next: `agentslock holder some/log`"),
            ("interrupted", "no", "set", "no"),
        ] {
            assert_eq!(finish(kind, message, verb), expected);
        }
        let failed = Failure { command_status: Some(1), ..Failure::input("`jq` failed") };
        let said = finished(failed, Some("set")).message;
        assert_eq!(said, "`jq` failed; nothing was written");
    }
}
