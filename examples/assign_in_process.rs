//! Assigns customers inside a service, with no server: `cargo run --example assign_in_process`.

use std::sync::Arc;

use experiment_core::assignment::{Customer, NoMemory, Snapshot, assign};
use experiment_core::definition::{Experiment, Status, read_document};

const DEFINITION: &str = "
key: winback
variants: [{key: control}, {key: discount, payload: {percent: 20}}]
metrics: [{key: kept, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}]
plan: {target: {customers_per_arm: 20000}}
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let experiment = Arc::new(Experiment::parse(read_document(DEFINITION)?)?);
    let snapshot = Snapshot::new(&[(experiment.clone(), Status::Running, 1, None)])?;
    let compiled = snapshot.get("winback").ok_or("the experiment is in the snapshot")?;
    for id in ["ada", "grace", "edsger", "barbara"] {
        let decision = assign(compiled, Customer::new(id), &NoMemory);
        let variant = decision.variant().map_or("none", |index| &experiment.variants[index].key);
        println!("{id:8} {variant:8} ({})", decision.reason());
    }
    Ok(())
}
