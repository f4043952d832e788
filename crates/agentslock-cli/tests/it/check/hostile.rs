//! Small documents that are made to be expensive: time and memory grow with the text, not faster.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much memory the program may map, in KB, whatever it is given.
const MEMORY: u32 = 100_000;
/// How long it may take, built without optimisation, on a busy machine.
const TIME: Duration = Duration::from_secs(20);

/// A key again and again, in the middle of arrays in arrays.
fn keys_twice(n: usize) -> String {
    let twice = vec!["\"k\":1"; n].join(",");
    format!("{{\"a\":{}{{{twice}}}{}}}", "[".repeat(n), "]".repeat(n))
}

/// Many conflicts, with a base, in a deep place.
fn many_conflicts(depth: usize, conflicts: usize) -> String {
    format!("{{\"a\":\n{}{}", "[\n".repeat(depth), "<\n|\n=\n>\n".repeat(conflicts))
}

/// Elements in arrays in arrays: laid out, each of them would stand behind kilobytes of blanks.
fn deep_and_wide() -> String {
    format!("{{\"a\":{}{}{}}}", "[".repeat(5_000), vec!["1"; 11_000].join(","), "]".repeat(5_000))
}

#[test]
fn hostile_documents_take_no_more_than_their_length_deserves() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("empty.json"), "{}\n").unwrap();
    let (hostile, empty) = (path("hostile.json"), path("empty.json"));
    for (name, text) in [
        ("keys twice, 64 KB", keys_twice(8_000)),
        ("conflicts, 48 KB", many_conflicts(4_000, 5_000)),
        ("conflicts, 150 KB", many_conflicts(25_000, 12_500)),
        ("deep and wide, 32 KB", deep_and_wide()),
    ] {
        fs::write(&hostile, text).unwrap();
        let (empty, hostile) = (empty.to_str().unwrap(), hostile.to_str().unwrap());
        for words in [
            &["check", "--file", hostile][..],
            &["check", "--json", "--file", hostile],
            &["diff", empty, hostile],
            &["merge", "-n", empty, hostile, empty],
        ] {
            let started = Instant::now();
            let limited = format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"");
            let mut command = Command::new("sh");
            command.args(["-c", &limited, env!("CARGO_BIN_EXE_agentslock")]).args(words);
            let output = command.stdin(Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.get(..200).unwrap_or(&said);
            // An answer, or an error of its own; not a signal, nor the 134 of an abort.
            let code = output.status.code();
            assert!(matches!(code, Some(0..=2 | 129)), "{name}: {words:?}: {code:?}: {said}");
            assert!(output.stdout.len() < 1 << 20, "{name}: {words:?}: {}", output.stdout.len());
            let took = started.elapsed();
            assert!(took < TIME, "{name}: {words:?}: {took:?}");
        }
    }
}
