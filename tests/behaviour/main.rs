//! Behaviour of the core, a module an area.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing test may panic")]

mod distribution;
mod reference;
mod stats;
