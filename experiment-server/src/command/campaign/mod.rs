//! Campaigns that are played through the real API: their definitions, and every fact of theirs as a line of NDJSON.

mod cookie_cats;
mod winback;

use experiment_core::time::Day;

pub(super) use cookie_cats::CookieCats;
pub(super) use winback::Winback;

/// A campaign that ended some time ago.
pub(super) trait Campaign {
    /// The definition that is applied.
    const DEFINITION: &'static str;
    /// The experiment's key.
    const EXPERIMENT: &'static str;
    /// A customer's id, to look up.
    const CUSTOMER: &'static str;

    /// The customers as of `today`, in the order in which they came; the same every time.
    fn customers(today: Day) -> Vec<Self>
    where
        Self: Sized;

    /// Writes the exposure as a line.
    fn write_exposure(&self, lines: &mut String);

    /// Writes what the customer did, a line an event; says how many.
    fn write_events(&self, lines: &mut String) -> usize;
}

/// Spreads numbers over 32 bits, each to its own (a bijection: Murmur3's finaliser).
fn mixed(number: u32) -> u32 {
    let mut x = number;
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}
