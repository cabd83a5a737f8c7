//! Behaviour of the core, a module an area.

mod definition;
mod distribution;
mod report;
