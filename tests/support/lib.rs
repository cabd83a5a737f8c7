//! What the test binaries share: reference records, data sets, tolerances.

/// The guides' Rust examples, compiled and run by `cargo test -p experiment-tests --doc`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/assignment.md")]
pub struct Guides;
