//! Conditions: what our own may say, and that judging costs no allocation. What they mean is held by
//! `growthbook_cases`.

use experiment_core::condition::{Condition, Groups, Scope};
use serde_json::{Map, Value, json};

fn groups() -> Groups {
    [("staff", vec![json!("anna"), json!(7)]), ("testers", vec![])].into_iter().collect()
}

fn scope() -> Scope {
    let mut scope = Scope::new(groups());
    scope.define_segment("at_risk", &json!({"days_since_order": {"$gt": 60}})).unwrap();
    scope.define_segment("vip", &json!({"value_365d": {"$gte": 500}})).unwrap();
    scope
}

fn attributes(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Path and the beginning of what is wrong there.
fn problems(condition: &Value) -> Vec<(String, String, String)> {
    let problems = Condition::compile(condition, &scope()).unwrap_err();
    problems.into_iter().map(|problem| (problem.path, problem.detail, problem.mend)).collect()
}

#[test]
fn sound_conditions_are_taken() {
    let sound = [
        json!({}),
        json!({"plan": "basic", "tenure_days": {"$gt": 30}}),
        json!({"tags": ["a", "b"], "address": {"country": "DE"}, "address.zip": null}),
        json!({"$or": [{"a": {"$in": ["x", 1, null]}}, {"$not": {"b": {"$exists": true}}}]}),
        json!({"tags": {"$size": {"$gt": 1}, "$all": ["x", {"$regex": "^y"}]}}),
        json!({"id": {"$inGroup": "staff"}, "other": {"$notInGroup": "testers"}}),
        json!({"version": {"$vgte": "1.2.0"}, "orders": {"$elemMatch": {"sku": "a", "count": {"$gt": 1}}}}),
        json!({"type": {"$type": "string"}, "x": {"$not": {"$eq": 5}}}),
    ];
    for condition in &sound {
        let compiled = Condition::compile(condition, &scope());
        assert!(compiled.is_ok(), "{condition}: {compiled:?}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_with_its_path_and_mend() {
    let found = problems(&json!({
        "age": {"$gtt": 18},
        "country": {"$in": "DE"},
        "id": {"$inGroup": "staf"},
        "mail": {"$regex": "(a"},
        "$or": [{"plan": {"$exists": "yes"}}, {"$gt": 5}],
    }));
    let expected = [
        ("[\"$or\"][0].plan[\"$exists\"]", "expected true or false, found \"yes\"", "without quotes"),
        ("[\"$or\"][1][\"$gt\"]", "is no attribute", "put it behind an attribute"),
        ("age[\"$gtt\"]", "unknown operator", "did you mean \"$gt\"?"),
        ("country[\"$in\"]", "expected a list, found \"DE\"", "write a list"),
        ("id[\"$inGroup\"]", "there is no group \"staf\"", "did you mean \"staff\"?"),
        ("mail[\"$regex\"]", "is no regular expression: unclosed group", "mend the expression"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((path, detail, mend), (at, what, how)) in found.iter().zip(expected) {
        assert_eq!(path, at);
        assert!(detail.starts_with(what) && mend.contains(how), "{path}: {detail}; {mend}");
    }
}

#[test]
fn what_could_not_do_what_it_says_is_refused() {
    let refused = [
        (json!([]), "expected an object"),
        (json!({"a": {"$eq": [1]}}), "never equal"),
        (json!({"a": {"$ne": {"b": 1}}}), "never equal"),
        (json!({"a": {"$gt": true}}), "expected a number or a text"),
        (json!({"a": {"$lte": null}}), "expected a number or a text"),
        (json!({"a": {"$vgt": 1.1}}), "expected a version as text"),
        (json!({"a": {"$nin": [["x"]]}}), "never equal"),
        (json!({"a": {"$all": "x"}}), "expected a list"),
        (json!({"a": {"$size": "2"}}), "expected a whole number"),
        (json!({"a": {"$size": -1}}), "expected a whole number"),
        (json!({"a": {"$elemMatch": 5}}), "expected an object"),
        (json!({"a": {"$type": "date"}}), "expected the name of a type"),
        (json!({"a": {"$regexi": 5}}), "expected a regular expression"),
        (json!({"a": {"$regex": "(?=x)"}}), "ahead or behind"),
        (json!({"a": {"$regex": "(x|y)*x(x|y){30}"}}), "too many states"),
        (json!({"a": {"$inGroup": 5}}), "expected the name of a group"),
        (json!({"a": {"$gt": 1, "b": 2}}), "mixes operators"),
        (json!({"a..b": 1}), "empty part"),
        (json!({"": 1}), "empty part"),
        (json!({"$and": []}), "empty list"),
        (json!({"$nor": {"a": 1}}), "expected a list"),
        (json!({"$not": [{"a": 1}]}), "expected an object"),
        (json!({"$xor": []}), "no attribute"),
    ];
    for (condition, words) in &refused {
        let found = problems(condition);
        assert!(found.iter().any(|(_, detail, _)| detail.contains(words)), "{condition}: {found:?}");
        // The lenient way takes it all the same.
        let _ = Condition::compile_lenient(condition, &groups()).matches(&Map::new());
    }
}

#[test]
fn everything_has_a_bound() {
    let mut deep = json!({"a": 1});
    for _ in 0..100 {
        deep = json!({"$not": deep});
    }
    let mut document = json!(1);
    for _ in 0..100 {
        document = json!([document]);
    }
    let patterns: Vec<Value> = (0..33).map(|n| json!({"a": {"$regex": n.to_string()}})).collect();
    let beyond = [
        (deep, "levels"),
        (json!({"a": document}), "levels"),
        (json!({"$or": vec![json!({"a": 1}); 5_000]}), "parts"),
        (json!({"a": {"$in": vec![1; 10_001]}}), "items are too many"),
        (json!({"$or": patterns}), "regular expressions"),
        (json!({"a.".repeat(20): 1}), "parts"),
        (json!({"a": {"$regex": "a".repeat(2_000)}}), "too long"),
    ];
    for (condition, words) in beyond {
        let found = problems(&condition);
        assert!(found.iter().any(|(_, detail, _)| detail.contains(words)), "{words}: {found:?}");
        let lenient = Condition::compile_lenient(&condition, &groups());
        assert!(!lenient.matches(attributes(&json!({"a": 1}))), "beyond a bound nobody is meant: {words}");
    }
}

#[test]
fn judging_does_not_allocate() {
    let condition = json!({
        "country": {"$ini": ["de", "PL"], "$nin": ["FR"]},
        "address.city": {"$regexi": "^(warszawa|Αθήνα)"},
        "tags": {"$all": ["a"], "$alli": ["B"], "$size": {"$gt": 1}, "$regex": "a,b", "$gt": "a"},
        "orders": {"$elemMatch": {"sku": {"$regex": "^x-\\d+$"}, "count": {"$gte": 2}}},
        "version": {"$vgt": "1.2.3-rc.1", "$vne": "9"},
        "id": {"$inGroup": "staff", "$type": "string", "$ne": null},
        "age": {"$gt": "18", "$not": {"$lt": 5}, "$regex": "^4"},
        "profile": {"a": [1, {"b": null}]},
        "vip": true,
        "$nor": [{"score": 3}, {"score": "4"}, {"missing": {"$exists": true}}],
    });
    let meant = json!({
        "country": "PL",
        "address": {"city": "WARSZAWA"},
        "tags": ["a", "b"],
        "orders": [{"sku": "y"}, {"sku": "x-12", "count": 2}],
        "version": "v1.10.0+build",
        "id": "anna",
        "age": 40.5,
        "profile": {"a": [1, {"b": null}]},
        "vip": "yes",
        "score": 1e-7,
    });
    let condition = Condition::compile(&condition, &scope()).unwrap();
    let mut matched = false;
    let counted = allocation_counter::measure(|| {
        matched = condition.matches(attributes(&meant));
        std::hint::black_box(condition.matches(&Map::new()));
    });
    // It matches, so every operator was asked.
    assert!(matched);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn missing_attributes_are_never_an_error() {
    let conditions =
        [json!({"a.b.c": {"$gt": 1}}), json!({"a": {"$elemMatch": {"b": 1}}}), json!({"a": "x"})];
    for condition in &conditions {
        assert!(!Condition::compile(condition, &scope()).unwrap().matches(&Map::new()), "{condition}");
    }
}
