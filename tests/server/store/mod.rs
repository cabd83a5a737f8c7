//! The store: nothing lost, nothing twice, sums as a recount would give them.

mod admission;
mod api_keys;
mod audit;
mod backfill;
mod bounds;
mod catalog;
mod damage;
mod disk_errors;
mod erasure;
mod format;
mod full_disk;
mod on_disk;
mod playbook;
mod power_cut;
mod recount;
mod recovery;
mod results;
mod simulated_disk;
mod telco;
mod transfer;
mod world;
