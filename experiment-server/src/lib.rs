//! Store, HTTP API and command line around `experiment-core`.
#![forbid(unsafe_code)]

pub mod command;
