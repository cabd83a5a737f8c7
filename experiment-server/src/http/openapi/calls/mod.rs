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

/// Each with what it is about.
pub(super) const GROUPS: [(&str, &str, fn() -> Vec<Call>); 9] = [
    ("Assign", "Which variant a customer gets.", assign::calls),
    ("Flags", "Experiments as flags, by OFREP.", flags::calls),
    ("Facts", "What customers met and did.", facts::calls),
    ("Definitions", "Experiments, their life cycles, and what they share.", definitions::calls),
    ("Results", "What experiments have shown, and how large they must be.", results::calls),
    ("Customers", "Why a customer got this, and erasing one.", customers::calls),
    ("Company", "Figures of the whole company.", company::calls),
    ("Keys", "Who may call.", keys::calls),
    ("Server", "The server itself.", server::calls),
];
