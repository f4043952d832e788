//! Holds the examples of the README files, so that they are compiled and run as tests. The tasks
//! are in the binary.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../crates/filelock/README.md")]
struct Filelock;

#[cfg(doctest)]
#[doc = include_str!("../../crates/fsops/README.md")]
struct Fsops;

#[cfg(doctest)]
#[doc = include_str!("../../crates/lockedfile/README.md")]
struct Lockedfile;

#[cfg(doctest)]
#[doc = include_str!("../../crates/agentslock-core/README.md")]
struct Core;

#[cfg(doctest)]
#[doc = include_str!("../../crates/agentslock-config/README.md")]
struct Config;

#[cfg(doctest)]
#[doc = include_str!("../../crates/agentslock-adapters/README.md")]
struct Adapters;
