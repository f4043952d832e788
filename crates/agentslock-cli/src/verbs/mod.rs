//! The verbs: for each its flags, their help, and what it does.

pub(crate) mod append;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod digest;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod holder;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod set;
pub(crate) mod show;
pub(crate) mod unset;
