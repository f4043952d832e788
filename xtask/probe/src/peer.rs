//! The second process: this program again, with an order.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Outcome;

pub(crate) const FLAG: &str = "--second-process";

/// A second process. It is killed when this is dropped.
pub(crate) struct Peer(Child);

impl Peer {
    /// Starts it with `order` on `path`.
    pub(crate) fn start(order: &str, path: &Path, more: &[&str]) -> Outcome<Self> {
        let child = Command::new(std::env::current_exe()?)
            .arg(FLAG)
            .arg(order)
            .arg(path)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self(child))
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let output = self.0.stdout.as_mut().ok_or("no output")?;
        let mut line = Vec::new();
        let mut byte = [0];
        // Byte by byte: a buffered reader would keep what comes after the line.
        while output.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    /// All that it prints until it ends.
    pub(crate) fn rest(&mut self) -> Outcome<String> {
        drop(self.0.stdin.take());
        let mut text = String::new();
        BufReader::new(self.0.stdout.as_mut().ok_or("no output")?).read_to_string(&mut text)?;
        self.0.wait()?;
        Ok(text.trim().to_owned())
    }

    /// SIGKILL, or `TerminateProcess`. The process has ended when this returns.
    pub(crate) fn kill(&mut self) -> Outcome {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the parent closes our input, or ends.
pub(crate) fn until_told() {
    let _ = std::io::stdin().lock().read_line(&mut String::new());
}

/// Prints a line that the parent waits for.
pub(crate) fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [order, path, more @ ..] = arguments else { return Err("no order".into()) };
    let path = Path::new(path);
    match order.as_str() {
        "hold" => {
            let guard = filelock::acquire(path)?;
            say(if guard.is_kernel_backed() { "held, kernel" } else { "held, clock" });
            until_told();
            Ok(())
        }
        "increment" => crate::contention::increment(path, more),
        #[cfg(unix)]
        other => crate::unix::peer(other, path, more),
        #[cfg(windows)]
        other => crate::windows::peer(other, path, more),
    }
}
