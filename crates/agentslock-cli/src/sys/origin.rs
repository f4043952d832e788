//! Where a signal came from. Only Linux tells, and only what the C library's headers know: `signal-hook`
//! asks them, which takes a C compiler.

#[cfg(target_os = "linux")]
mod told {
    use signal_hook::iterator::exfiltrator::WithOrigin;
    use signal_hook::iterator::exfiltrator::origin::Origin;
    use signal_hook::low_level::siginfo::Cause;

    pub(in crate::sys) type Signals = signal_hook::iterator::SignalsInfo<WithOrigin>;

    /// The signal, and whether the kernel sent it: because of a key that was pressed, or because the
    /// terminal went away. It sends those to all processes of the terminal's foreground.
    pub(in crate::sys) fn told(origin: &Origin) -> (i32, bool) {
        (origin.signal, origin.cause == Cause::Kernel)
    }
}

#[cfg(not(target_os = "linux"))]
mod told {
    use std::io::{self, IsTerminal};

    use signal_hook::consts::{SIGINT, SIGQUIT};

    pub(in crate::sys) type Signals = signal_hook::iterator::Signals;

    /// The signal, and whether it was likely sent because of a key that was pressed.
    pub(in crate::sys) fn told(signal: &i32) -> (i32, bool) {
        (*signal, matches!(*signal, SIGINT | SIGQUIT) && io::stdin().is_terminal())
    }
}

pub(super) use told::{Signals, told};
