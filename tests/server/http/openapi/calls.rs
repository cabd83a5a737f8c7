//! Every call is described, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{description, operations, resolve};
use crate::http::under_test::Served;

#[test]
fn methods_are_those_that_the_server_takes() {
    let served = Served::start();
    let description = description(&served);
    for (address, item) in description["paths"].as_object().unwrap() {
        let answer = served.call("PATCH", &address.replace(['{', '}'], ""), &[], "");
        assert_eq!(answer.status, 405, "{address}");
        let allowed: BTreeSet<String> = answer
            .header("allow")
            .split(',')
            .filter(|method| *method != "HEAD")
            .map(str::to_lowercase)
            .collect();
        let described: BTreeSet<String> = item.as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, allowed, "{address}");
    }
}

#[test]
fn every_call_has_a_name_of_its_own_and_every_part_of_its_address_is_described() {
    let served = Served::start();
    let description = description(&served);
    let mut names = BTreeSet::new();
    for (method, address, operation) in operations(&description) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name.clone()), "{name} is there twice");
        let parts = address.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let described: Vec<&str> = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(described, parts.collect::<Vec<_>>(), "{method} {address}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            assert!(!answer["description"].as_str().unwrap().is_empty(), "{method} {address} {status}");
        }
    }
}

#[test]
fn whatever_is_referred_to_is_there_and_nothing_more() {
    let served = Served::start();
    let description = description(&served);
    let mut met = BTreeSet::new();
    walk(&description["paths"], &description, &mut met);
    let known: BTreeSet<String> =
        description["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(met, known);
}

/// Notes the names of the schemas that are referred to.
fn walk(value: &Value, description: &Value, met: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|inner| walk(inner, description, met)),
        Value::Object(fields) => {
            if let Some(place) = fields.get("$ref").and_then(Value::as_str) {
                let name = place.strip_prefix("#/components/schemas/").unwrap();
                if met.insert(name.to_owned()) {
                    walk(resolve(description, value), description, met);
                }
            }
            fields.values().for_each(|inner| walk(inner, description, met));
        }
        _ => {}
    }
}

#[test]
fn nobody_is_told_of_our_own_names() {
    let served = Served::start();
    let text = description(&served).to_string();
    for ours in ["[`", "crate::", "super::", "View\"", "<'"] {
        assert!(
            !text.contains(ours),
            "{ours}: {:?}",
            text.split(ours).next().map(|before| &before[before.len() - 80..])
        );
    }
}
