//! Store, HTTP API and command line around `experiment-core`.
#![forbid(unsafe_code)]

pub mod analyze;
pub mod command;
pub mod output;
pub mod planning;
