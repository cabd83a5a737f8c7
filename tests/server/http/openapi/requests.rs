//! The fields and parameters of requests are those that the parsers know, and no others.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{description, operations, resolve};
use crate::http::under_test::{Answer, Served};

/// Like no field or parameter there is.
const UNKNOWN: &str = "qqqqqqqqqqqq";

/// The names that an error lists, where something has `UNKNOWN` in it.
fn known(answer: &Answer, field: &str, before: &str) -> BTreeSet<String> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    let named = errors.iter().find(|error| error["field"] == field);
    let mend =
        named.unwrap_or_else(|| panic!("{field} is not refused: {}", answer.text))["mend"].as_str().unwrap();
    let names = mend.strip_prefix(before).unwrap_or_else(|| panic!("{mend}"));
    names.split(", ").map(str::to_owned).collect()
}

/// Headers that a call must have, and a body for those that need one.
fn call(served: &Served, method: &str, address: &str, query: &str, body: &str) -> Answer {
    let path = address.replace("{key}", "winback").replace("{id}", "c-1");
    let token = served.token();
    let headers = [("content-type", "application/json"), ("if-match", "*"), ("x-start-token", &token)];
    served.call(method, &format!("{path}{query}"), &headers, body)
}

#[test]
fn parameters() {
    let served = Served::with_winback();
    let description = description(&served);
    let mut checked = 0;
    for (method, address, operation) in operations(&description) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let described: BTreeSet<String> =
            in_query.clone().map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        if described.is_empty() {
            continue;
        }
        // Those that must be there are told of first.
        let needed = in_query.filter(|parameter| parameter["required"] == true);
        let needed: Vec<String> =
            needed.map(|one| format!("{}=2026-01-01&", one["name"].as_str().unwrap())).collect();
        let answer = call(&served, &method, &address, &format!("?{}{UNKNOWN}=1", needed.concat()), "");
        assert_eq!(known(&answer, UNKNOWN, "the parameters are "), described, "{method} {address}");
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn fields() {
    let served = Served::with_winback();
    let description = description(&served);
    let mut checked = BTreeSet::new();
    for (method, address, operation) in operations(&description) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()).unwrap_or_default();
        // Definitions have a parser, and a test, of their own; of flags' requests the context alone is looked at.
        if name.is_empty()
            || name.ends_with("Definition")
            || ["NoFields", "FlagEvaluationRequest"].contains(&name)
        {
            continue;
        }
        let mut places = Vec::new();
        objects(&description, schema, "", &mut places);
        for (place, described) in places {
            // `{"events": […]}` is read apart from what is in it.
            if described == BTreeSet::from(["events".to_owned()]) {
                continue;
            }
            let body = at(&place, json!({UNKNOWN: 1}));
            let field = if place.is_empty() { UNKNOWN.to_owned() } else { format!("{place}.{UNKNOWN}") };
            let answer = call(&served, &method, &address, "", &body.to_string());
            assert_eq!(known(&answer, &field, "the fields are "), described, "{method} {address} {field}");
            checked.insert(format!("{name} {place}"));
        }
    }
    let checked: Vec<&str> = checked.iter().map(String::as_str).collect();
    assert_eq!(
        checked,
        [
            "AssignRequest ",
            "AssignRequest customer",
            "ConcludeRequest ",
            "ConversionBatch ",
            "ExposureBatch ",
            "NewKeyRequest ",
            "PowerRequest ",
            "PowerRequest effect",
            "RotateKeyRequest ",
        ]
    );
}

/// Each object inside a schema with the names of its fields, those of all its forms together.
fn objects(description: &Value, schema: &Value, place: &str, found: &mut Vec<(String, BTreeSet<String>)>) {
    let schema = resolve(description, schema);
    for form in schema["oneOf"].as_array().into_iter().flatten() {
        objects(description, form, place, found);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let names: BTreeSet<String> = properties.keys().cloned().collect();
    match found.iter_mut().find(|(known, names)| known == place && !names.contains("events")) {
        Some((_, known)) if !names.contains("events") => known.extend(names),
        _ => found.push((place.to_owned(), names)),
    }
    for (name, property) in properties {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        objects(description, property, &inner, found);
    }
}

/// `value` at a place such as `customer.id`.
fn at(place: &str, value: Value) -> Value {
    place
        .rsplit('.')
        .filter(|name| !name.is_empty())
        .fold(value, |inner, name| Value::Object(Map::from_iter([(name.to_owned(), inner)])))
}
