//! What the crash sweep and the fault sweep share. For each system call of each scenario there is a
//! run in which something happens exactly there.
//!
//! A normal run under strace shows the calls: those of the main thread that use one of our files,
//! in their order. (There is no other thread in them.) Each disturbed run is checked to have got to
//! that very call.

mod crash;
mod dead;
mod extent;
mod fault;
mod lease;
mod locked;
mod scenario;
mod scenarios;
mod scene;
mod strace;
mod tools;
mod worker;

pub(crate) use crash::CrashSweep;
pub(crate) use fault::FaultSweep;
pub(crate) use locked::LockedWorker;
pub(crate) use strace::check;
pub(crate) use worker::Worker;
