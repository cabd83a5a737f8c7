//! Behaviour of the core, a module an area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics has failed, which is what it is for"
)]

mod assignment;
mod definition;
mod distribution;
mod report;
