//! Experiments on retention offers, from definition to verdict, as plain functions over plain data.
//!
//! Data flows one way, and each module may use those before it, never those behind it:
//!
//! 1. [`condition`]: whom a condition on attributes means; [`definition`]: what an experiment is.
//! 2. [`assignment`]: who gets which offer, a pure function of definition and customer.
//! 3. [`measure`]: one customer's history → a small vector → exact sums.
//! 4. [`stats`]: numbers from numbers; knows no experiment.
//! 5. [`report`]: what to believe and what to do.
//! 6. [`simulate`]: whether all that keeps its promises, on populations whose truth is known.
//!
//! Nothing here does I/O, reads a clock or draws a random number of its own: instants and seeds are
//! arguments, so that every result can be computed again.
#![forbid(unsafe_code)]

pub mod decimal;
pub mod json;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod problem;
pub mod spelling;
pub mod time;
mod written_as;

pub mod assignment;
pub mod condition;
pub mod definition;
pub mod measure;
pub mod report;
pub mod simulate;
pub mod stats;
