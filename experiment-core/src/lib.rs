//! Experiments on retention offers, from definition to verdict, as plain functions over plain data.
//!
//! Data flows one way: [`stats`] knows no experiment, and nothing here does I/O, reads a clock or
//! draws a random number of its own.
#![forbid(unsafe_code)]

pub mod stats;
