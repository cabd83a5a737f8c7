//! The `experiment` binary.
#![forbid(unsafe_code)]

fn main() {}
