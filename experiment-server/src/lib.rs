//! Store, HTTP API and command line around `experiment-core`.
#![forbid(unsafe_code)]

pub mod analyze;
pub mod client;
pub mod command;
pub mod decision;
mod difference;
pub mod http;
pub mod import;
pub mod output;
pub mod page;
pub mod planning;
pub mod playbook;
pub mod rate;
pub mod running;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod web_origin;
