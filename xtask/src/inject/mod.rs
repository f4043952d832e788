//! What the crash sweep and the fault sweep share: a run of each scenario for each of its system
//! calls, in which something happens exactly there.
//!
//! The calls are learnt from an undisturbed run under strace: those of the main thread that name a
//! file of ours or a descriptor of one, in the order in which it makes them. (There is no other
//! thread in them.) Each disturbed run is checked to have got to that very call.

mod crash;
mod extent;
mod fault;
mod locked;
mod scenario;
mod scene;
mod strace;
mod tools;
mod worker;

pub(crate) use crash::CrashSweep;
pub(crate) use fault::FaultSweep;
pub(crate) use locked::LockedWorker;
pub(crate) use strace::check;
pub(crate) use worker::Worker;
