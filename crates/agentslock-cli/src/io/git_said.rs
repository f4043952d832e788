//! That git could not be run, or refuses the repository: neither says what is in it.

use std::io::ErrorKind;

use super::failure::Failure;

/// That git could not be run.
pub(crate) fn not_run(error: &std::io::Error) -> Failure {
    if error.kind() == ErrorKind::NotFound {
        let message = "there is no git on the PATH; install it, or look: `command -v git`";
        return Failure::trouble("git", message);
    }
    Failure::io("failed to run `git`", error)
}

/// That git refuses the repository: of another user, say. `None` if what it said is about something
/// else, such as that there is no repository. Git was run in English.
pub(crate) fn refusal(stderr: &[u8]) -> Option<Failure> {
    let said = String::from_utf8_lossy(stderr);
    let why = said.lines().find_map(|line| line.strip_prefix("fatal: "))?;
    let is_refused = ["dubious ownership", "ermission denied", "repository format", "config"]
        .iter()
        .any(|part| why.contains(part));
    // The command that it advises.
    let command = said.lines().map(str::trim).find(|line| line.starts_with("git config"));
    let next = command.map(|command| format!("; if you trust it: `{command}`"));
    is_refused
        .then(|| Failure::trouble("git", format!("git refuses: {why}{}", next.unwrap_or_default())))
}
