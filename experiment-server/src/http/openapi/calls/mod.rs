//! Every call, group by group.

mod assign;
mod company;
mod customers;
mod definitions;
mod facts;
mod flags;
mod keys;
mod results;
mod server;

use super::call::Call;

/// Calls about one thing.
pub(super) struct Group {
    /// What they are called together.
    pub(super) name: &'static str,
    /// What they are about.
    pub(super) about: &'static str,
    /// Themselves.
    pub(super) calls: fn() -> Vec<Call>,
}

const fn group(name: &'static str, about: &'static str, calls: fn() -> Vec<Call>) -> Group {
    Group { name, about, calls }
}

/// Every group, in the order in which somebody meets them.
pub(super) const GROUPS: [Group; 9] = [
    group("Assign", "Which variant a customer gets.", assign::calls),
    group("Flags", "Experiments as flags, by OFREP.", flags::calls),
    group("Facts", "What customers met and did.", facts::calls),
    group("Definitions", "Experiments, their life cycles, and what they share.", definitions::calls),
    group("Results", "What experiments have shown, and how large they must be.", results::calls),
    group("Customers", "Why a customer got this, and erasing one.", customers::calls),
    group("Company", "Figures of the whole company.", company::calls),
    group("Keys", "Who may call.", keys::calls),
    group("Server", "The server itself.", server::calls),
];
