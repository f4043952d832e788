//! The end of a message: what was not done, and what to type next. Most messages say it themselves;
//! this is for those that come from a library, or that many verbs share.

use std::fmt::Write as _;

use super::failure::Failure;
use crate::sys;

/// Verbs that write all of it, or nothing.
const WRITERS: [&str; 5] = ["set", "unset", "edit", "append", "init"];

/// How what a message says of its next step begins.
const STEPS: [&str; 9] = [
    "`agentslock ",
    "`git ",
    "`mkdir ",
    "`command -v ",
    "--file",
    "--take",
    "add --",
    "type `",
    "Then run this again",
];

/// The failure of `verb`, with what its message lacks.
pub(crate) fn finished(mut failure: Failure, verb: Option<&str>) -> Failure {
    let verb = verb.unwrap_or("help");
    let is_said = ["nothing was", "written"].iter().any(|said| failure.message.contains(said));
    if failure.kind == "io" && WRITERS.contains(&verb) && !is_said {
        failure.message += "; nothing was written";
    }
    let names_a_step = STEPS.iter().any(|step| failure.message.contains(step));
    if let Some(step) = step(&failure, verb).filter(|_| !names_a_step) {
        let _ = write!(failure.message, "; next: `{step}`");
    }
    failure
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
            Some(by_errno.unwrap_or_else(|| with_path("agentslock doctor")))
        }
        "git" | "malformed" | "not-durable" => Some(with_path("agentslock doctor")),
        "lock-lost" | "changed" => Some(with_path("agentslock holder")),
        // Another file is wrong there, and the message says where.
        "input" if verb != "digest" => Some(format!("agentslock {verb} --help")),
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
            ("io", "no", "append", "no; nothing was written; next: `agentslock doctor some/log`"),
            (
                "io",
                "no; nothing was done",
                "set",
                "no; nothing was done; next: `agentslock doctor`",
            ),
            ("io", "no", "show", "no; next: `agentslock doctor`"),
            ("input", "no", "set", "no; next: `agentslock set --help`"),
            ("input", "no; run `agentslock check`", "set", "no; run `agentslock check`"),
            ("lock-lost", "it was lost", "run", "it was lost; next: `agentslock holder some/log`"),
            ("interrupted", "no", "set", "no"),
        ] {
            assert_eq!(finish(kind, message, verb), expected);
        }
        let failed = Failure { command_status: Some(1), ..Failure::input("`jq` failed") };
        assert_eq!(finished(failed, Some("set")).message, "`jq` failed");
    }
}
