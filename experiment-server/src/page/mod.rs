//! The page for people: what the server knows, as HTML.

pub mod chart;
