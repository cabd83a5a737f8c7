//! The store: nothing lost, nothing twice, sums as a recount would give them.

mod admission;
mod backfill;
mod bounds;
mod catalog;
mod playbook;
mod recount;
mod recovery;
mod results;
mod telco;
mod transfer;
mod world;
