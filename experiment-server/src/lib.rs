//! Store, HTTP API and command line around `experiment-core`.
#![forbid(unsafe_code)]

pub mod analyze;
pub mod command;
pub mod http;
pub mod output;
pub mod running;
pub mod settings;
pub mod store;
pub mod telemetry;
