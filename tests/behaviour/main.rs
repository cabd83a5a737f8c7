//! Behaviour of the core, a module an area.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

mod allocation;
mod assignment;
mod compat;
mod condition;
mod definition;
mod distribution;
mod eligibility;
mod reference;
mod report;
mod simulate;
mod stats;
