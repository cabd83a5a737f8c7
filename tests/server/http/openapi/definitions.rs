//! The schema of definitions and catalogs says what their parser says, as far as one field goes.

use std::collections::BTreeSet;

use experiment_core::definition::{Catalog, Experiment, Problem, read_document};
use serde_json::{Value, json};

use super::{description, resolve, validator};
use crate::http::under_test::Served;

/// Like no field and no word there is.
const UNKNOWN: &str = "qqqqqqqqqqqq";

/// Together these have every object that a definition can have.
const DEFINITIONS: [&str; 4] = [
    "
key: a
hypothesis: h
traffic: 0.5
salt: s
layer: {key: l, ranges: [[0, 0.5]]}
audience: {country: {$in: [DE]}}
requires: {experiment: other, variant: v}
hash: {name: xxh3}
assignment: server
expose: on_evaluate
variants:
  - {key: control, weight: 1, payload: {a: 1}, changes: [price], control: true}
  - key: offer
    offer: {kind: discount, taken: redeemed, cost: [{event: redeemed, each: 5}, {event: redeemed, weight: 0.1}], per_exposure: 0.02}
overrides: {offer: [qa-1]}
dimensions: [plan, {segment: at_risk}]
metrics:
  - {key: m1, kind: conversion, event: order, at_least: 2, window: {from: 1d, to: 60d, grace: 1d}, role: guardrail, direction: down, margin: 0.1, min_effect: 0.1, covariate: {event: order, lookback: 90d, kind: count}, scale: 0.01}
  - {key: m2, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}
  - {key: m3, kind: sum, event: order, cap: {low: 0, high: 500}, covariates: [{event: order, lookback: 90d}]}
  - {key: m4, kind: linear, terms: [{event: order, weight: 0.35}, {event: redeemed, each: -5}], discount: {per_year: 0.1}, cap: 500, window: {to: 365d}}
  - {key: m5, kind: ratio, numerator: {kind: sum, event: order, cap: 5}, denominator: {kind: conversion, event: order, at_least: 1}}
  - {key: m6, kind: ratio, numerator: {kind: linear, terms: [{event: order, weight: 1}]}, denominator: {kind: churn, event: order}, window: {to: 60d}}
  - {key: m7, kind: quantile, of: {kind: count, event: order}, q: 0.9}
  - {key: m8, kind: nps, event: survey}
  - {key: m9, kind: survival, event: cancel, horizon: 90d, window: {grace: 1d}}
  - {key: m10, kind: survival, inactive: {event: session, for: 30d}, horizon: 90d}
economics: {kept: m2, gross: {event: order, margin: 0.35, cap: 100}, window: {to: 60d}, rollout: 1000}
plan: {method: group_sequential, alpha: 0.05, sides: two, correction: bonferroni, target: {customers_per_arm: 100}, looks: [0.5, 1], spending: {power: 3}, tuning: 100, min_days: 7, cuped: true, stratify: [plan]}
",
    "
key: b
layer: {key: l, share: 0.5}
variants: [{key: control, weight: 0.5}, {key: offer, weight: 0.5}]
hash: {name: growthbook-js, version: 2, seed: s, ranges: {control: [[0, 0.5]], offer: [[0.5, 1]]}, namespace: {name: n, from: 0, to: 1}, filters: [{seed: s, version: 2, ranges: [[0, 1]]}]}
plan: {method: bayesian, target: {end: 2026-12-31}, prior: {relative_sd: 0.3, alpha: 20, beta: 80}, ship: {chance: 0.95, max_loss: 0.001}}
",
    "
key: c
variants: [{key: control}, {key: offer}]
hash: {name: unleash, group: g, variant_group: v}
plan: {method: group_sequential, spending: pocock, target: {customers_per_arm: 100}, looks: [1]}
",
    "
key: d
variants: [{key: control}, {key: offer}]
hash: {name: planout, salt: s, parameter: p, traffic_parameter: t}
",
];

/// Hashes whose fields the definitions above do not have.
const HASHES: [&str; 3] = [
    "{name: eppo, salt: s, traffic_salt: t, total_shards: 100, ranges: {control: [[0, 50]], offer: [[50, 100]]}}",
    "{name: statsig, salt: s, spec_salt: p, rule_salt: r, ranges: {control: [[0, 500]], offer: [[500, 1000]]}}",
    "{name: optimizely, parent: p, ranges: {control: [[0, 5000]], offer: [[5000, 10000]]}}",
];

const CATALOG: &str = "
segments: {at_risk: {days_since_order: {$gt: 60}}}
layers: {winback: {salt: s}}
groups: {staff: [c-1]}
";

/// A kind of document: its schema, and its parser.
struct Kind {
    schema: Value,
    parse: fn(Value) -> Vec<Problem>,
    samples: Vec<Value>,
}

fn kinds() -> [Kind; 2] {
    let read = |text: &str| read_document(text).unwrap();
    let with_hash =
        |hash: &&str| read(&format!("key: e\nvariants: [{{key: control}}, {{key: offer}}]\nhash: {hash}"));
    let definitions = DEFINITIONS.iter().map(|text| read(text)).chain(HASHES.iter().map(with_hash));
    let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    [
        Kind {
            schema: schema("Definition"),
            parse: |document| {
                Experiment::parse(document).err().map_or(Vec::new(), |invalid| invalid.problems)
            },
            samples: definitions.collect(),
        },
        Kind {
            schema: schema("CatalogDefinition"),
            parse: |document| Catalog::parse(document).err().map_or(Vec::new(), |invalid| invalid.problems),
            samples: vec![read(CATALOG)],
        },
    ]
}

/// An object in a sample: where it is, and what the schema says of it.
struct Met<'a> {
    pointer: String,
    /// As the parser names it.
    path: String,
    /// Every form that it could have.
    forms: Vec<&'a Value>,
}

impl<'a> Met<'a> {
    /// The forms that are of the object's kind.
    fn own_forms(&self, sample: &Value) -> Vec<&'a Value> {
        let object = sample.pointer(&self.pointer).unwrap();
        let is_own = |form: &&'a Value| {
            ["kind", "name"].iter().all(|name| match form["properties"][name]["enum"].as_array() {
                Some(words) => words.contains(&object[name]),
                None => true,
            })
        };
        self.forms.iter().copied().filter(is_own).collect()
    }

    fn member(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The sample with another value in a field of this object, or without the field.
    fn with(&self, sample: &Value, name: &str, value: Option<Value>) -> Value {
        let mut changed = sample.clone();
        let object = changed.pointer_mut(&self.pointer).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        changed
    }
}

/// The forms of a schema, each an object's.
fn forms<'a>(description: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(description, schema);
    match schema["oneOf"].as_array() {
        Some(alternatives) => alternatives.iter().flat_map(|one| forms(description, one)).collect(),
        None => vec![schema],
    }
}

/// Every object whose fields have names of ours.
fn met<'a>(
    description: &'a Value,
    schemas: &[&'a Value],
    value: &Value,
    pointer: &str,
    path: &str,
    found: &mut Vec<Met<'a>>,
) {
    let forms: Vec<&Value> = schemas.iter().flat_map(|schema| forms(description, schema)).collect();
    match value {
        Value::Array(list) => {
            let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
            for (index, item) in list.iter().enumerate() {
                met(
                    description,
                    &items,
                    item,
                    &format!("{pointer}/{index}"),
                    &format!("{path}[{index}]"),
                    found,
                );
            }
        }
        Value::Object(fields) => {
            let named: Vec<&Value> =
                forms.iter().copied().filter(|form| form["properties"].is_object()).collect();
            for (name, inner) in fields {
                let of_forms = forms
                    .iter()
                    .filter_map(|form| form["properties"].get(name).or(form.get("additionalProperties")));
                let inner_path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let of_forms: Vec<&Value> = of_forms.filter(|schema| schema.is_object()).collect();
                met(description, &of_forms, inner, &format!("{pointer}/{name}"), &inner_path, found);
            }
            if !named.is_empty() {
                found.push(Met { pointer: pointer.to_owned(), path: path.to_owned(), forms: named });
            }
        }
        _ => {}
    }
}

fn names(forms: &[&Value]) -> BTreeSet<String> {
    forms.iter().flat_map(|form| form["properties"].as_object().unwrap().keys().cloned()).collect()
}

fn problem_at<'p>(problems: &'p [Problem], path: &str) -> Option<&'p Problem> {
    problems.iter().find(|problem| problem.path == path)
}

/// Names after `before` in a text, with commas between.
fn listed(text: &str, before: &str) -> BTreeSet<String> {
    let (_, names) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn fields_are_those_that_the_parser_knows() {
    let served = Served::start();
    let description = description(&served);
    let mut visited: BTreeSet<*const Value> = BTreeSet::new();
    for Kind { schema, parse, samples } in kinds() {
        for sample in &samples {
            assert_eq!(parse(sample.clone()), []);
            let mut found = Vec::new();
            met(&description, &[&schema], sample, "", "", &mut found);
            for object in &found {
                let own = object.own_forms(sample);
                visited.extend(own.iter().map(|form| std::ptr::from_ref::<Value>(form)));
                let problems = parse(object.with(sample, UNKNOWN, Some(json!(1))));
                let unknown = problem_at(&problems, &object.member(UNKNOWN)).unwrap();
                let mut known = listed(&unknown.mend, "known: ");
                // Fields of other kinds are known as well, and refused whatever they hold.
                known.retain(|name| {
                    let problems = parse(object.with(sample, name, Some(json!({UNKNOWN: 1}))));
                    let problem = problem_at(&problems, &object.member(name));
                    !problem.is_some_and(|problem| {
                        problem.detail.starts_with("belongs to kind")
                            || problem.detail.starts_with("has no meaning")
                    })
                });
                assert_eq!(known, names(&own), "{} of {}", object.path, sample["key"]);
            }
        }
        let mut all = BTreeSet::new();
        objects(&description, &schema, &mut all);
        let missed = all.iter().filter(|form| !visited.contains(*form));
        // Only of schemas in `description`, which is still there.
        assert_eq!(missed.count(), 0, "no sample has some object of the schema");
    }
}

/// Every object with names of ours inside a schema.
fn objects<'a>(description: &'a Value, schema: &'a Value, found: &mut BTreeSet<*const Value>) {
    match schema {
        Value::Array(list) => list.iter().for_each(|inner| objects(description, inner, found)),
        Value::Object(fields) => {
            if let Some(Value::String(_)) = fields.get("$ref") {
                objects(description, resolve(description, schema), found);
            }
            let is_new = !fields.contains_key("properties") || found.insert(std::ptr::from_ref(schema));
            if is_new {
                fields.values().for_each(|inner| objects(description, inner, found));
            }
        }
        _ => {}
    }
}

#[test]
fn words_are_those_that_the_parser_knows() {
    let served = Served::start();
    let description = description(&served);
    let mut checked = BTreeSet::new();
    for Kind { schema, parse, samples } in kinds() {
        for sample in &samples {
            let mut found = Vec::new();
            met(&description, &[&schema], sample, "", "", &mut found);
            for object in &found {
                let present = sample.pointer(&object.pointer).unwrap().as_object().unwrap();
                for (name, _) in present.iter().filter(|(_, value)| value.is_string()) {
                    let of_forms: Vec<&Value> =
                        object.forms.iter().filter_map(|form| form["properties"].get(name)).collect();
                    let words = of_forms.iter().flat_map(|schema| forms(&description, schema));
                    let words: BTreeSet<String> = words
                        .flat_map(|schema| schema["enum"].as_array().into_iter().flatten())
                        .filter_map(|word| word.as_str().map(str::to_owned))
                        .collect();
                    let problems = parse(object.with(sample, name, Some(json!(UNKNOWN))));
                    let problem = problem_at(&problems, &object.member(name));
                    let list = problem.filter(|problem| problem.detail.contains(" is not one of "));
                    match list {
                        Some(problem) => {
                            let mut known = listed(&problem.detail, " is not one of ");
                            if object.path.ends_with("of") {
                                // It knows all measures there, and refuses those that are 0 or 1.
                                known.retain(|word| words.contains(word));
                            }
                            assert_eq!(words, known, "{}", object.member(name));
                            checked.insert(name.clone());
                        }
                        // The ways to write no time at all are words too.
                        None => {
                            assert!(words.is_empty() || name == "from", "{}: {words:?}", object.member(name))
                        }
                    }
                }
            }
        }
    }
    let checked: Vec<&str> = checked.iter().map(String::as_str).collect();
    assert_eq!(
        checked,
        [
            "assignment",
            "correction",
            "direction",
            "expose",
            "kind",
            "method",
            "name",
            "role",
            "sides",
            "spending"
        ]
    );
}

#[test]
fn what_the_parser_takes_fits_the_schema_and_what_is_missing_does_not() {
    let served = Served::start();
    let description = description(&served);
    let others = [
        json!(null),
        json!(UNKNOWN),
        json!(""),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(1e12),
        json!([]),
        json!({}),
        json!(true),
    ];
    let (mut taken, mut refused) = (0, 0);
    for Kind { schema, parse, samples } in kinds() {
        let validator = validator(&description, &schema);
        for sample in &samples {
            let mut found = Vec::new();
            met(&description, &[&schema], sample, "", "", &mut found);
            for object in &found {
                for name in names(&object.own_forms(sample)) {
                    for value in others.iter().cloned().map(Some).chain([None]) {
                        let changed = object.with(sample, &name, value.clone());
                        let problems = parse(changed.clone());
                        let fits = validator.validate(&changed).map_err(|error| error.to_string());
                        let what = format!("{} = {value:?} of {}", object.member(&name), sample["key"]);
                        if problems.is_empty() {
                            assert_eq!(fits, Ok(()), "{what} is taken");
                            taken += 1;
                        // Some roles need a margin, and an end of the window.
                        } else if !["margin", "to"].contains(&name.as_str())
                            && problem_at(&problems, &object.member(&name))
                                .is_some_and(|problem| problem.detail.starts_with("is missing"))
                        {
                            assert!(fits.is_err(), "{what} is missing");
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(taken > 500 && refused > 100, "{taken} {refused}");
}

#[test]
fn the_examples_fit() {
    let served = Served::start();
    let description = description(&served);
    let [definition, catalog] = kinds().map(|kind| validator(&description, &kind.schema));
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files =
        ["", "offers"].into_iter().flat_map(|folder| std::fs::read_dir(examples.join(folder)).unwrap());
    let mut checked = 0;
    for path in files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
    {
        let document = read_document(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let validator = if Catalog::is_one(&document) { &catalog } else { &definition };
        let told =
            validator.validate(&document).map_err(|error| format!("{}: {error}", error.instance_path()));
        assert_eq!(told, Ok(()), "{}", path.display());
        checked += 1;
    }
    assert!(checked >= 15, "{checked}");
    for (name, validator) in [("Definition", definition), ("CatalogDefinition", catalog)] {
        for example in description["components"]["schemas"][name]["examples"].as_array().unwrap() {
            assert!(validator.is_valid(example), "{name}");
        }
    }
}
