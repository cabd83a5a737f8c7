//! Runs the vectors.
fn main() {}
