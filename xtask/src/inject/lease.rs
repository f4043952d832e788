//! Another program's lease of a file: opening the file without waiting fails with EAGAIN, and asks
//! that program to give it up (fcntl(2), `F_SETLEASE`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::outcome::Outcome;

/// Has leased a file, and gives it up when it is asked to. In Python: std has no such call.
pub(super) struct Leaseholder(Child);

const LEASE: &str = "
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('leased', flush=True)
signal.sigwait([signal.SIGIO])
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.pause()
";

impl Leaseholder {
    pub(super) fn of(path: &Path) -> Outcome<Self> {
        let python = Command::new("python3")
            .args(["-S", "-c", LEASE])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("python3, which leases files: {error}"))?;
        let mut holder = Self(python);
        let mut line = String::new();
        let stdout = holder.0.stdout.take().expect("because it is piped");
        BufReader::new(stdout).read_line(&mut line)?;
        if line == "leased\n" { Ok(holder) } else { Err("a file cannot be leased here".into()) }
    }
}

impl Drop for Leaseholder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
