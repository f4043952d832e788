//! What adapter code can rely on. Modules mirror `src`.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod activate;
mod adapter;
mod bump;
mod dependencies;
mod example;
mod machine;
mod reconcile;
mod reference;
mod register;
mod shape;
mod support;
mod threads;
mod unknown;
mod version;
