//! The store: nothing lost, nothing twice, sums as a recount would give them.

mod admission;
mod audit;
mod backfill;
mod bounds;
mod catalog;
mod erasure;
mod playbook;
mod recount;
mod recovery;
mod results;
mod telco;
mod world;
