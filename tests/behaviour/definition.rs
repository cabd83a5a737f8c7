//! Definitions: what is accepted, what is refused, and in which words.

use experiment_core::definition::{Experiment, Problem, read_document};

fn parse(text: &str) -> Result<Experiment, Vec<Problem>> {
    let document = read_document(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Experiment::parse(document).map_err(|invalid| invalid.problems)
}

#[test]
fn sample() {
    let experiment = parse(include_str!("../data/definition/winback.yaml")).unwrap();
    println!("{experiment:#?}");
    for p in parse(include_str!("../data/definition/later.yaml")).unwrap_err() {
        println!("{p}");
    }
    for p in parse("{kee: 1, variants: [{key: a, wieght: -1, weight: -1},{key: a, control: 3}], metrics: [{key: a b, kind: sum, windwo: 1}, {key: q, kind: retention, event: x, role: primary, margin: 3}], plan: {alpha: 2, target: {}}, overrides: {b: [1,'']}}").unwrap_err() { println!("{p}"); }
}
