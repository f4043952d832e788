//! What is handed out, and what is promised of it.

pub(crate) mod api;
pub(crate) mod dependencies;
pub(crate) mod dist;
pub(crate) mod packages;
mod static_program;
