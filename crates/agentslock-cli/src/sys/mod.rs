//! Processes and signals, which differ between operating systems: the only place with
//! `#[cfg(target…)]`.

#[cfg(unix)]
mod origin;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Process, Signals, command_name, exit_code, exit_code_of_signal, interrupted_by,
    is_script_without_interpreter, is_wait_interrupted, path_from_bytes, stderr_columns,
    wait_begins, wait_is_over,
};

#[cfg(not(unix))]
compile_error!("agentslock needs the lock, which runs on Unix only so far");
