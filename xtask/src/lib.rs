//! Holds the README's examples, so that they are compiled and run as tests. The tasks are in the
//! binary.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
