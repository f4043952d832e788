//! Processes and signals, which differ between operating systems: the only place with
//! `#[cfg(target…)]`.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{Process, Signals, exit_code, exit_code_of_signal};

#[cfg(not(unix))]
compile_error!("agentslock needs the lock, which runs on Unix only so far");
