//! Tampering with system calls.

use std::process::Command;

/// The start of a command that runs a program under strace with these arguments. What that sees is
/// dropped, unless one of them is `-o`.
///
/// # Errors
///
/// Why that is not possible here.
pub fn strace(arguments: &[&str]) -> Result<Vec<String>, String> {
    let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null"];
    match Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => return Err(format!("strace: {error}")),
    }
    Ok(wrapper.iter().chain(arguments).map(|&part| part.to_owned()).collect())
}
