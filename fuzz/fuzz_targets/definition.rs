//! Any text can be read as a definition or a catalog; what is one compiles, assigns, and is itself again
//! when its document is read once more.
//!
//! `{experiment: …, catalog: …}` is both, one in the other.
#![no_main]

use std::sync::Arc;

use experiment_core::assignment::{CompileError, Customer, NoMemory, Snapshot, assign, assign_all, explain};
use experiment_core::definition::{Catalog, DocumentError, Experiment, Status, read_document};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const IDS: [&str; 5] = ["a", "customer-1", "клиент42", "🎁", "qa-1"];
const STATUSES: [Status; 5] =
    [Status::Draft, Status::Running, Status::Stopped, Status::Concluded, Status::Archived];

fuzz_target!(|text: &str| {
    let Ok(document) = read_document(text) else { return };
    let part = |name: &str| document.get(name).unwrap_or(&document).clone();
    let catalog = Catalog::parse(part("catalog"));
    if let Ok(catalog) = &catalog {
        again(catalog);
    }
    if let Ok(experiment) = Experiment::parse(part("experiment")) {
        let document = reread(&experiment.document);
        let same = Experiment::parse(document).expect("a parsed document parses again");
        assert_eq!(same.version_hash(), experiment.version_hash());
        assert_eq!(same.document, experiment.document);
        let _ = experiment.ready_to_start();
        run(experiment, &catalog.unwrap_or_default());
    }
});

fn again(catalog: &Catalog) {
    let document = reread(&catalog.document);
    let same = Catalog::parse_with_groups(document, &catalog.groups).expect("a parsed catalog parses again");
    assert_eq!(same.version_hash(), catalog.version_hash());
    assert_eq!(same.segments, catalog.segments);
}

/// The document from its text, where that is not too large for one.
fn reread(document: &Value) -> Value {
    match read_document(&document.to_string()) {
        Ok(read) => {
            assert_eq!(read, *document, "JSON reads back as itself");
            read
        }
        Err(DocumentError::TooLarge { .. }) => document.clone(),
        Err(error) => panic!("a document's own text is refused: {error}"),
    }
}

fn run(experiment: Experiment, catalog: &Catalog) {
    let names_others = experiment.audience.is_some() || experiment.layer.is_some();
    let (requires, experiment) = (!experiment.requires.is_empty(), Arc::new(experiment));
    let attributes = json!({
        "age": 30, "plan": "basic", "country": "PL", "tags": ["a", null, 1.5], "days_since_order": 75,
        "version": "1.10.0-rc.1", "address": {"country": "DE"}, "nothing": null, "tenure_days": "31"
    });
    let attributes = attributes.as_object();
    for status in STATUSES {
        let winner = (status == Status::Concluded).then_some(0);
        let snapshot = match Snapshot::in_catalog(&[(Arc::clone(&experiment), status, 1, winner)], catalog) {
            Ok(snapshot) => snapshot,
            Err(CompileError::RequiresUnknown { .. }) if requires => return,
            Err(CompileError::Audience { .. } | CompileError::Placement { .. }) if names_others => return,
            Err(error) => panic!("a parsed experiment does not compile: {error}"),
        };
        let compiled = snapshot.get(&experiment.key).expect("it is in the snapshot");
        for id in IDS {
            let mut customer = Customer::new(id);
            if let Some(attributes) = attributes.filter(|_| id != "a") {
                customer = customer.with_attributes(attributes);
            }
            let decision = assign(compiled, customer, &NoMemory);
            assert!(decision.variant().is_none_or(|variant| variant < experiment.variants.len()));
            let (explained, explanation) = explain(compiled, customer, &NoMemory);
            assert_eq!(explained, decision);
            assert!(!explanation.steps.is_empty());
            let all: Vec<_> =
                assign_all(&snapshot, customer, &NoMemory).map(|(_, decision)| decision).collect();
            assert!(
                all.iter().all(|one| *one == decision) && (all.len() == 1) == (status == Status::Running)
            );
        }
    }
}
