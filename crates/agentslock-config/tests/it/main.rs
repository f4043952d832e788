//! What a resolver can rely on. Modules mirror `src`.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod changes;
mod errors;
mod example;
mod inputs;
mod legacy;
mod merge;
mod other;
mod properties;
mod references;
mod resolver;
mod samples;
mod shape;
mod staleness;
mod stamp;
mod support;
mod threads;
mod units;
mod version;
mod write;
