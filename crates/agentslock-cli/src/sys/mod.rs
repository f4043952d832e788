//! Processes and signals, which differ between operating systems: the only place with
//! `#[cfg(target…)]`.

mod arrived;
mod end;
mod interrupt;
mod room;
pub(crate) use arrived::exit_code_of_signal;
pub(crate) use end::End;
pub(crate) use interrupt::{interrupted_by, is_wait_interrupted, wait_begins};

#[cfg(unix)]
mod command;
#[cfg(unix)]
pub(crate) use command::Process;
#[cfg(unix)]
mod descendants;
#[cfg(unix)]
pub(crate) use descendants::{adopt_orphans, reap_orphans, signal_descendants};
#[cfg(unix)]
mod process;
#[cfg(unix)]
pub(crate) use process::{
    Locker, command_line, is_running, is_stopped, lockers, number_inside, user_name,
};
#[cfg(unix)]
mod origin;
#[cfg(unix)]
mod owner;
#[cfg(unix)]
pub(crate) use owner::{User, is_shared};
#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix::ending;
#[cfg(unix)]
pub(crate) use unix::{
    STDIN, Signals, catch_file_size_limit, exit_code, is_script_without_interpreter,
    make_executable, may_create_in, path_from_bytes, stderr_columns,
};
#[cfg(unix)]
mod disk;
#[cfg(unix)]
pub(crate) use disk::{has_exclusive_rename, look, room};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows::ending;
#[cfg(windows)]
pub(crate) use windows::{
    Locker, adopt_orphans, command_line, is_running, is_stopped, lockers, number_inside,
    reap_orphans, signal_descendants, user_name,
};
#[cfg(windows)]
pub(crate) use windows::{
    Process, STDIN, Signals, User, catch_file_size_limit, exit_code, is_script_without_interpreter,
    is_shared, make_executable, may_create_in, path_from_bytes, stderr_columns,
};
#[cfg(windows)]
pub(crate) use windows::{has_exclusive_rename, look, room};

#[cfg(not(any(unix, windows)))]
compile_error!("agentslock runs on Unix and Windows, as the lock does");
