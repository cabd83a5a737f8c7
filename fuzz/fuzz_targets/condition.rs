//! Any condition can be checked and compiled, and what compiles can be asked of any customer.
//!
//! The input is `[condition, attributes, groups]` in JSON, as the conformance cases are; what is no JSON is
//! taken as choices by which such values are made out of names that mean something.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use experiment_core::condition::{Condition, Groups, Scope};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// Operators, attributes and groups, and texts in which a conversion could go wrong.
const WORDS: &[&str] = &[
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$ini",
    "$nini",
    "$all",
    "$alli",
    "$inGroup",
    "$notInGroup",
    "$regex",
    "$regexi",
    "$notRegex",
    "$notRegexi",
    "$exists",
    "$type",
    "$size",
    "$elemMatch",
    "$not",
    "$and",
    "$or",
    "$nor",
    "$vgt",
    "$vgte",
    "$vlt",
    "$vlte",
    "$veq",
    "$vne",
    "id",
    "a",
    "a.b",
    "a.0",
    "a.length",
    "segment",
    "vip",
    "staff",
    "string",
    "",
    "10",
    " 1e3 ",
    "0x1f",
    "-0",
    "1.9.0",
    "2.0.0-rc.1+b",
    "^a+$",
    "[^b]|(c{2,3})\\d",
    "\\bü",
    "ΑΣ",
    "İ",
    "🎁",
];
const DEPTH: usize = 6;

fuzz_target!(|data: &[u8]| {
    let read = serde_json::from_slice::<Value>(data).ok();
    let made = || made(&mut Unstructured::new(data)).ok();
    let Some(Value::Array(parts)) = read.filter(Value::is_array).or_else(made) else { return };
    let part = |index: usize| parts.get(index).cloned().unwrap_or_default();
    ask(&part(0), &part(1), part(2).as_object());
});

fn made(choices: &mut Unstructured<'_>) -> Result<Value> {
    Ok(vec![value(choices, DEPTH)?, value(choices, DEPTH)?, value(choices, 2)?].into())
}

fn value(choices: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let deepest = if depth == 0 { 4 } else { 7 };
    Ok(match choices.int_in_range(0..=deepest)? {
        0 => Value::Null,
        1 => choices.arbitrary::<bool>()?.into(),
        2 => choices.int_in_range(-3_i64..=20)?.into(),
        3 => choices.arbitrary::<f64>()?.into(),
        4 => word(choices)?.into(),
        5 => {
            let count = choices.int_in_range(0..=4)?;
            (0..count).map(|_| value(choices, depth - 1)).collect::<Result<_>>()?
        }
        _ => {
            let count = choices.int_in_range(0..=4)?;
            let entry = |_| Ok((word(choices)?, value(choices, depth - 1)?));
            Value::Object((0..count).map(entry).collect::<Result<_>>()?)
        }
    })
}

fn word(choices: &mut Unstructured<'_>) -> Result<String> {
    if choices.ratio(1, 20)? { choices.arbitrary() } else { Ok((*choices.choose(WORDS)?).to_owned()) }
}

fn ask(condition: &Value, attributes: &Value, groups: Option<&Map<String, Value>>) {
    let groups: BTreeMap<&str, Vec<Value>> = groups
        .into_iter()
        .flatten()
        .map(|(name, values)| (name.as_str(), values.as_array().cloned().unwrap_or_default()))
        .collect();
    let groups: Groups = groups.into_iter().collect();
    let mut scope = Scope::new(groups.clone());
    // A part of the condition as a segment that the whole may name.
    let segment = condition.as_object().and_then(|entries| entries.values().next()).unwrap_or(condition);
    let _ = scope.define_segment("vip", segment);

    let checked = Condition::check(condition);
    let compiled = Condition::compile(condition, &scope);
    let lenient = Condition::compile_lenient(condition, &groups);
    assert!(checked.is_ok() || compiled.is_err(), "compiled, though checking refuses it");
    if let (Ok(references), Err(problems)) = (&checked, &compiled) {
        let named = !references.groups.is_empty() || !references.segments.is_empty();
        assert!(named, "refused, though it is sound and names nothing: {problems:?}");
    }

    let nothing = Map::new();
    for attributes in
        [attributes.as_object().unwrap_or(&nothing), condition.as_object().unwrap_or(&nothing), &nothing]
    {
        for condition in compiled.iter().chain([&lenient]) {
            let holds = condition.matches(attributes);
            assert_eq!(holds, condition.matches(attributes));
            if attributes.contains_key("id") {
                assert_eq!(holds, condition.matches_customer("anna", Some(attributes)));
            }
            let _ = condition.matches_customer("ü🎁", Some(attributes));
        }
        let _ = scope.is_in_segment("vip", "anna", Some(attributes));
    }
}
