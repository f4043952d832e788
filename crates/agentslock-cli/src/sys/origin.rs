//! Where a signal came from. Only Linux tells, and only what the C library's headers know:
//! `signal-hook` asks them, which takes a C compiler.

use std::io;
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::iterator::backend::SignalDelivery;

/// Whether a key can cause the signal. The kernel sends it to all processes of the terminal's
/// foreground then. (What a terminal's end causes, SIGHUP, may go to the session's leader alone.)
fn can_be_a_key(signal: i32) -> bool {
    matches!(signal, SIGINT | SIGQUIT)
}

#[cfg(target_os = "linux")]
mod told {
    use signal_hook::iterator::exfiltrator::WithOrigin;
    use signal_hook::iterator::exfiltrator::origin::Origin;
    use signal_hook::low_level::siginfo::Cause;

    use super::can_be_a_key;

    pub(in crate::sys) type Kept = WithOrigin;

    /// The signal, and whether a key caused it.
    pub(in crate::sys) fn told(origin: &Origin) -> (i32, bool) {
        (origin.signal, can_be_a_key(origin.signal) && origin.cause == Cause::Kernel)
    }
}

#[cfg(not(target_os = "linux"))]
mod told {
    use std::io::{self, IsTerminal};

    use signal_hook::iterator::exfiltrator::SignalOnly;

    use super::can_be_a_key;

    pub(in crate::sys) type Kept = SignalOnly;

    /// The signal, and whether a key is likely to have caused it.
    pub(in crate::sys) fn told(signal: &i32) -> (i32, bool) {
        (*signal, can_be_a_key(*signal) && io::stdin().is_terminal())
    }
}

pub(super) use told::told;

/// Signals that were caught, and a pipe from which a byte can be read once one came.
pub(super) type Signals = SignalDelivery<UnixStream, told::Kept>;

/// Catches signals from now on.
pub(super) fn catch(signals: &[i32]) -> io::Result<Signals> {
    let (read, write) = UnixStream::pair()?;
    SignalDelivery::with_pipe(read, write, told::Kept::default(), signals)
}
