//! Behaviour of the core, a module an area.

mod assignment;
mod definition;
