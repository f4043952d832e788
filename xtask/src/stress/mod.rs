//! Many processes at one lock, one document and one log, while they are killed, stopped, attacked,
//! or lose power.

pub(crate) mod contention;
pub(crate) mod exchange;
pub(crate) mod filesystems;
pub(crate) mod kill;
pub(crate) mod power_cut;
pub(crate) mod replaced;
pub(crate) mod stop;
