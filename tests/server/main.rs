//! Behaviour of the server and its command line, a module an area.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

mod analyze;
mod backup;
mod campaign;
mod commands;
mod faults;
mod full_disk;
mod http;
mod import;
mod keys;
mod kpis;
mod mounted;
mod process;
mod published;
mod real_path;
mod report;
mod secrets;
mod security_page;
mod simulate;
mod store;
mod transfer;
