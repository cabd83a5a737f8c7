//! What the test binaries share: seeded choices, reference records, tolerances, where the data lies.

pub mod random;
pub mod reference;
pub mod tolerance;

use std::path::PathBuf;

/// The folder `tests/data` of this workspace.
pub fn data_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// The guides' Rust examples, compiled and run by `cargo test -p experiment-tests --doc`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/assignment.md")]
pub struct Guides;
