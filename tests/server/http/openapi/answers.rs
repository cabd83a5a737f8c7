//! Answers that are known to be right look as they are described, and have no field that isn't.

use std::collections::BTreeSet;

use experiment_tests::data_dir;
use serde_json::{Value, json};

use super::{description, operations, validator};
use crate::http::under_test::Served;

/// Answers may get further fields, so the description leaves them open. Here every field must be in it.
fn closed(mut description: Value) -> Value {
    let schemas = description["components"]["schemas"].as_object_mut().unwrap();
    let parts = schemas.values().flat_map(|schema| schema["allOf"].as_array().into_iter().flatten());
    let parts: BTreeSet<String> = parts
        .filter_map(|part| Some(part["$ref"].as_str()?.strip_prefix("#/components/schemas/")?.to_owned()))
        .collect();
    for (name, schema) in schemas.iter_mut() {
        let fields = schema.as_object_mut().unwrap();
        if fields.contains_key("allOf") {
            fields.insert("unevaluatedProperties".to_owned(), false.into());
        } else if fields.contains_key("properties") && !parts.contains(name) {
            fields.entry("additionalProperties").or_insert(false.into());
        }
    }
    description
}

/// Whether `answer` is one that this call may give, of whatever status.
fn may_answer(description: &Value, operation: &Value, answer: &Value) -> Result<(), String> {
    let answers = operation["responses"].as_object().unwrap().values();
    let contents = answers.flat_map(|answer| answer["content"].as_object().into_iter().flatten());
    let schemas = contents.map(|(_, content)| match &content["schema"]["contentSchema"] {
        Value::Null => &content["schema"],
        line => line,
    });
    let mut wrong = Vec::new();
    for schema in schemas {
        match validator(description, schema).validate(answer) {
            Ok(()) => return Ok(()),
            Err(error) => wrong.push(format!("{}: {error}", error.instance_path())),
        }
    }
    wrong.sort();
    wrong.dedup();
    Err(wrong.join("\n"))
}

#[test]
fn the_answers_in_the_guide() {
    let served = Served::start();
    let description = closed(description(&served));
    let operations = operations(&description);
    let guide = include_str!("../../../../docs/http.md");
    let (mut calls, mut in_json, mut checked) = (Vec::new(), false, 0);
    for line in guide.lines() {
        if line.starts_with('#') {
            let quoted = line.split('`').skip(1).step_by(2);
            let named: Vec<(&str, &str)> = quoted.filter_map(|call| call.split_once(' ')).collect();
            // A heading without a call goes on about the one before.
            calls = if named.is_empty() { calls } else { named };
        } else if line.starts_with("```") {
            in_json = line == "```json";
        } else if in_json {
            let answer: Value = serde_json::from_str(line).unwrap();
            let of_these = operations
                .iter()
                .filter(|(method, address, _)| calls.contains(&(method.as_str(), address.as_str())));
            let told: Vec<_> =
                of_these.map(|(_, _, operation)| may_answer(&description, operation, &answer)).collect();
            assert!(told.iter().any(Result::is_ok), "{calls:?} never answers {line}\n{told:?}");
            checked += 1;
        }
    }
    assert!(checked > 25, "the guide has lost its answers: {checked}");
}

#[test]
fn the_complete_sample_report() {
    let served = Served::start();
    let description = closed(description(&served));
    let report = json!({"$ref": "#/components/schemas/Report"});
    let sample = std::fs::read_to_string(data_dir().join("golden/report.json")).unwrap();
    let sample: Value = serde_json::from_str(&sample).unwrap();
    let told = validator(&description, &report).validate(&sample).map_err(|error| error.to_string());
    assert_eq!(told, Ok(()));
}
