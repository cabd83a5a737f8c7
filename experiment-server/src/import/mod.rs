//! Definitions from what other systems store, so that who moves here keeps every customer's arm.
//!
//! Pure: a document goes in, definitions come out, and a list of all that has no counterpart here.

pub mod growthbook;
