//! The store: nothing lost, nothing twice, sums as a recount would give them.

mod admission;
mod api_keys;
mod audit;
mod backfill;
mod bounds;
mod catalog;
mod erasure;
mod playbook;
mod power_cut;
mod recount;
mod recovery;
mod results;
mod simulated_disk;
mod telco;
mod transfer;
mod world;
