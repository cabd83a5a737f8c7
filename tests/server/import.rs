//! `experiment import`: each customer gets the variation that the system before gave, and what has no
//! counterpart is listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use experiment_core::assignment::compat::growthbook::{
    BucketRange, HashVersion, Units, bucket_ranges, choose_variation, hash, in_namespace,
};
use experiment_core::assignment::{Customer, NoMemory, Snapshot, assign};
use experiment_core::condition::{Condition, Groups};
use experiment_core::definition::{Catalog, Experiment, Status, read_document};
use experiment_server::command::Exit;
use experiment_server::import::growthbook::{Imported, PayloadError, import};
use serde_json::{Map, Value, json};

use crate::process::{run, run_with};

/// A feature for each way in which a rule says who is in it.
fn payload() -> Value {
    json!({"status": 200, "features": {
        "plain": {"defaultValue": "a", "rules": [{"variations": ["a", "b"]}]},
        "bytes-of-weights": {"defaultValue": "a", "rules": [{
            "key": "weighed", "seed": "semilla-ñ", "hashVersion": 2, "coverage": 0.37,
            "variations": ["a", "b", {"deep": [1, null]}], "weights": [0.2, 0.295, 0.5],
            "meta": [{"key": "0"}, {"key": "1"}, {"key": "two words"}], "phase": "3", "name": "Weighed"
        }]},
        "wrong-sum": {"defaultValue": 0, "rules": [{"variations": [0, 1, 2], "weights": [0.2, 0.2, 0.2], "hashVersion": 2}]},
        "wrong-count": {"defaultValue": 0, "rules": [{"variations": [0, 1, 2], "weights": [0.5, 0.5], "coverage": 0.9}]},
        "ranges": {"defaultValue": 0, "rules": [{
            "variations": [0, 1, 2], "hashVersion": 2, "coverage": 0.1, "weights": [1, 0, 0],
            "ranges": [[0.1, 0.3], [0.25, 0.6], [0.9, 1.5]]
        }]},
        "first-half": {"defaultValue": 0, "rules": [{"variations": [0, 1], "namespace": ["shared", 0, 0.5]}]},
        "both-halves": {"defaultValue": 0, "rules": [
            {"key": "early", "variations": [0, 1], "namespace": ["shared", 0, 0.5], "condition": {"plan": "pro"}},
            {"key": "late", "variations": [0, 1], "namespace": ["shared", 0.5, 1], "hashVersion": 2}
        ]},
        "filtered": {"defaultValue": 0, "rules": [{
            "variations": [0, 1], "hashVersion": 2, "namespace": ["ignored", 0, 0.01],
            "filters": [{"seed": "f1", "ranges": [[0, 0.2], [0.4, 0.8]]}, {"seed": "f2", "hashVersion": 1, "ranges": [[0.1, 1]]}]
        }]},
        "targeted": {"defaultValue": 0, "rules": [{"variations": [0, 1], "condition": {
            "age": {"$lt": 30}, "plan": {"$not": {"$lt": "m"}}, "$or": [
                {"country": {"$in": ["DE", "PL"]}}, {"$not": {"visits": {"$lte": 2}}}, {"version": {"$vlt": "2.0.0"}}
            ]
        }}]},
        "grouped": {"defaultValue": 0, "rules": [{"variations": [0, 1], "condition": {
            "id": {"$notInGroup": "grp staff"}, "country": {"$notInGroup": "never-saved"}
        }}]},
        "behind-forced": {"defaultValue": 0, "rules": [
            {"force": 1, "condition": {"visits": {"$lt": 3}}},
            {"force": 1, "coverage": 0.29, "hashAttribute": "id", "seed": "rollout"},
            {"force": 1, "coverage": 0},
            {"force": 1, "range": [0.9, 0.95], "hashVersion": 2},
            {"key": "behind_forced", "variations": [0, 1]}
        ]},
        "behind-another": {"defaultValue": 0, "rules": [
            {"key": "another", "variations": [0, 1], "coverage": 0.5, "hashVersion": 2},
            {"key": "behind_another", "variations": [0, 1, 2], "hashVersion": 2}
        ]},
        "needs-b": {"defaultValue": 0, "rules": [
            {"parentConditions": [{"id": "plain", "condition": {"value": "b"}, "gate": true}]},
            {"variations": [0, 1], "hashVersion": 2}
        ]},
        "$holdout:all": {"defaultValue": "in", "rules": [{
            "key": "holdout", "variations": ["control", "treatment"], "coverage": 0.2, "hashVersion": 2,
        }]},
        "held-out": {"defaultValue": 0, "rules": [{
            "variations": [0, 1], "parentConditions": [{"id": "$holdout:all", "condition": {"value": "in"}}]
        }]},
        "unmet": {"defaultValue": 0, "rules": [
            {"key": "through", "variations": [0, 1, 2], "meta": [{}, {"passthrough": true}, {}]},
            {"key": "after_through", "variations": [0, 1], "hashVersion": 2}
        ]}
    }, "savedGroups": {"grp staff": ["customer-1", "клиент-2", 7]}})
}

/// A customer, of whom any attribute may be missing.
fn customers() -> Vec<(String, Map<String, Value>)> {
    let customer = |n: usize| {
        let id = match n % 4 {
            0 => format!("клиент-{n}"),
            1 => format!("customer-{n}"),
            2 => format!("kunde-ß-{n}@example.com"),
            _ => format!("🎁{n}"),
        };
        let mut attributes = Map::new();
        let mut set = |name: &str, one_in: usize, value: Value| {
            if !(n / 4).is_multiple_of(one_in) {
                attributes.insert(name.to_owned(), value);
            }
        };
        set("age", 3, json!(n % 60));
        set("plan", 5, json!(["basic", "pro", ""][n % 3]));
        set("country", 7, json!(["DE", "PL", "FR"][n % 3]));
        set("visits", 2, json!(n % 7));
        set("version", 4, json!(["1.10.0", "2.1.0"][n % 2]));
        (id, attributes)
    };
    (0..4_000).map(customer).collect()
}

/// The rules of GrowthBook's features for one customer, written down once more from their description.
struct Sdk<'a> {
    payload: &'a Value,
    groups: Groups,
    units: Units,
    id: &'a str,
    attributes: Map<String, Value>,
    /// The variation of each experiment that the customer takes part in.
    taken: BTreeMap<String, usize>,
}

impl Sdk<'_> {
    fn fraction(&self, seed: &str, version: u64) -> f64 {
        hash(self.units, HashVersion::from_number(version).unwrap(), seed, self.id)
    }

    /// The feature's value; `None` where a prerequisite stops it.
    fn value(&mut self, feature: &str) -> Option<Value> {
        let features = &self.payload["features"];
        for rule in features[feature]["rules"].as_array().into_iter().flatten() {
            match self.parents_allow(rule) {
                Some(true) => {}
                Some(false) => continue,
                None => return None,
            }
            if !self.filters_allow(rule) || !self.condition_allows(rule) {
                continue;
            }
            if let Some(forced) = rule.get("force") {
                if self.is_in_rollout(rule, feature) {
                    return Some(forced.clone());
                }
            } else if rule.get("variations").is_some()
                && let Some(value) = self.experiment(rule, feature)
            {
                return Some(value);
            }
        }
        Some(features[feature]["defaultValue"].clone())
    }

    fn parents_allow(&mut self, rule: &Value) -> Option<bool> {
        for parent in rule["parentConditions"].as_array().into_iter().flatten() {
            let taken = std::mem::take(&mut self.taken);
            let value = self.value(parent["id"].as_str().unwrap());
            self.taken = taken;
            let object = json!({"value": value});
            if !Condition::compile_lenient(&parent["condition"], &self.groups)
                .matches(object.as_object().unwrap())
            {
                return if parent["gate"] == json!(true) { None } else { Some(false) };
            }
        }
        Some(true)
    }

    fn filters_allow(&self, rule: &Value) -> bool {
        let in_range = |fraction: f64, range: &Value| {
            fraction >= range[0].as_f64().unwrap() && fraction < range[1].as_f64().unwrap()
        };
        if let Some(filters) = rule["filters"].as_array() {
            return filters.iter().all(|filter| {
                let version = filter["hashVersion"].as_u64().unwrap_or(2);
                let fraction = self.fraction(filter["seed"].as_str().unwrap(), version);
                filter["ranges"].as_array().unwrap().iter().any(|range| in_range(fraction, range))
            });
        }
        let Some(namespace) = rule["namespace"].as_array() else { return true };
        let range = BucketRange { from: namespace[1].as_f64().unwrap(), to: namespace[2].as_f64().unwrap() };
        in_namespace(self.units, self.id, namespace[0].as_str().unwrap(), range)
    }

    fn condition_allows(&self, rule: &Value) -> bool {
        let condition = rule.get("condition");
        condition.is_none_or(|it| Condition::compile_lenient(it, &self.groups).matches(&self.attributes))
    }

    fn is_in_rollout(&self, rule: &Value, feature: &str) -> bool {
        let fraction = self
            .fraction(rule["seed"].as_str().unwrap_or(feature), rule["hashVersion"].as_u64().unwrap_or(1));
        if let Some(range) = rule["range"].as_array() {
            return fraction >= range[0].as_f64().unwrap() && fraction < range[1].as_f64().unwrap();
        }
        rule["coverage"].as_f64().is_none_or(|coverage| coverage != 0.0 && fraction <= coverage)
    }

    fn experiment(&mut self, rule: &Value, feature: &str) -> Option<Value> {
        let key = rule["key"].as_str().unwrap_or(feature);
        let fraction =
            self.fraction(rule["seed"].as_str().unwrap_or(key), rule["hashVersion"].as_u64().unwrap_or(1));
        let variations = rule["variations"].as_array().unwrap();
        let ranges: Vec<BucketRange> = if let Some(ranges) = rule["ranges"].as_array() {
            let end = |end: &Value| end.as_f64().unwrap();
            ranges.iter().map(|range| BucketRange { from: end(&range[0]), to: end(&range[1]) }).collect()
        } else {
            let weights = rule["weights"].as_array();
            let weights: Option<Vec<f64>> =
                weights.map(|all| all.iter().map(|it| it.as_f64().unwrap()).collect());
            bucket_ranges(variations.len(), rule["coverage"].as_f64().unwrap_or(1.0), weights.as_deref())
        };
        let variation = choose_variation(fraction, &ranges)?;
        self.taken.insert(key.to_owned(), variation);
        (rule["meta"][variation]["passthrough"] != json!(true)).then(|| variations[variation].clone())
    }
}

fn snapshot(imported: &Imported) -> Snapshot {
    let catalog = Catalog::parse(imported.catalog.clone()).unwrap();
    let experiment = |definition: &Value| {
        let experiment = Experiment::parse(definition.clone()).unwrap();
        (Arc::new(experiment), Status::Running, 1, None)
    };
    let experiments: Vec<_> = imported.experiments.iter().map(experiment).collect();
    Snapshot::in_catalog(&experiments, &catalog).unwrap()
}

fn keys(imported: &Imported) -> Vec<&str> {
    imported.experiments.iter().map(|definition| definition["key"].as_str().unwrap()).collect()
}

/// Where something is listed, and the beginning of the reason.
fn listed(imported: &Imported) -> Vec<(&str, &str)> {
    imported.not_imported.iter().map(|entry| (entry.place.as_str(), entry.why.as_str())).collect()
}

#[test]
fn every_customer_keeps_their_arm() {
    let payload = payload();
    let groups = || {
        let groups = payload["savedGroups"].as_object().unwrap();
        groups.iter().map(|(name, values)| (name.as_str(), values.as_array().unwrap().clone())).collect()
    };
    let customers = customers();
    for units in [Units::Utf16, Units::Utf8] {
        let imported = import(&payload, units).unwrap();
        assert_eq!(
            keys(&imported),
            [
                "holdout",
                "another",
                "behind_another",
                "behind_forced",
                "early",
                "late",
                "weighed",
                "filtered",
                "first-half",
                "grouped",
                "held-out",
                "needs-b",
                "plain",
                "ranges",
                "targeted",
                "through",
                "after_through",
                "wrong-count",
                "wrong-sum"
            ]
        );
        let snapshot = snapshot(&imported);
        // How many customers each experiment has, and how many arms were seen: none is tested on nobody.
        let mut seen: BTreeMap<(String, Option<usize>), usize> = BTreeMap::new();
        for (id, attributes) in &customers {
            let mut attributes = attributes.clone();
            attributes.insert("id".to_owned(), json!(id));
            let mut sdk =
                Sdk { payload: &payload, groups: groups(), units, id, attributes, taken: BTreeMap::new() };
            for feature in payload["features"].as_object().unwrap().keys() {
                sdk.value(feature);
            }
            // Here the id is no attribute that is sent.
            sdk.attributes.remove("id");
            for experiment in &snapshot {
                let key = &experiment.experiment().key;
                let customer = Customer::new(id).with_attributes(&sdk.attributes);
                let variant = assign(experiment, customer, &NoMemory).variant();
                assert_eq!(variant, sdk.taken.get(key).copied(), "{key} {id} {:?}", sdk.attributes);
                *seen.entry((key.clone(), variant)).or_default() += 1;
            }
        }
        for key in keys(&imported) {
            let arms =
                (0..2).all(|variant| seen.get(&(key.to_owned(), Some(variant))).is_some_and(|n| *n >= 50));
            assert!(arms, "{key} has customers in both arms: {seen:?}");
        }
    }
}

#[test]
fn what_was_there_stands_in_the_definition() {
    let imported = import(&payload(), Units::Utf16).unwrap();
    let definition = |key: &str| imported.experiments.iter().find(|it| it["key"] == key).unwrap();
    assert_eq!(
        *definition("weighed"),
        json!({
            "key": "weighed", "traffic": 0.37,
            "hash": {"name": "growthbook-js", "version": 2, "seed": "semilla-ñ"},
            "variants": [
                {"key": "0", "payload": "a", "weight": 0.2}, {"key": "1", "payload": "b", "weight": 0.295},
                {"key": "two-words", "payload": {"deep": [1, null]}, "weight": 0.5}
            ]
        })
    );
    assert_eq!(definition("late")["hash"]["namespace"], json!({"name": "shared", "from": 0.5, "to": 1.0}));
    assert_eq!(
        definition("late").get("audience"),
        None,
        "the earlier rule has the other half of the namespace"
    );
    assert_eq!(definition("needs-b")["requires"], json!([{"experiment": "plain", "variant": "variant-1"}]));
    let spared = json!([{"seed": "rollout", "version": 1, "ranges": [[0.291, 1.0]]},
        {"seed": "behind-forced", "version": 2, "ranges": [[0.0, 0.9], [0.95, 1.0]]}]);
    assert_eq!(definition("behind_forced")["hash"]["filters"], spared);
    assert_eq!(
        definition("ranges")["hash"]["ranges"],
        json!({"control": [[0.1, 0.3]], "variant-1": [[0.25, 0.6]], "variant-2": [[0.9, 1.0]]})
    );
    assert_eq!(
        imported.catalog,
        json!({"groups": {"grp-staff": ["customer-1", "клиент-2", 7], "never-saved": []}})
    );
    let bytes = import(&payload(), Units::Utf8).unwrap();
    assert_eq!(bytes.experiments[0]["hash"]["name"], "growthbook-bytes");
}

#[test]
fn what_has_no_counterpart_is_listed() {
    let two = json!([0, 1]);
    let payload = json!({
        "features": {
            "constant": {"defaultValue": 1, "valueType": "number"},
            "forced": {"defaultValue": 0, "rules": [{"force": 1, "coverage": 0.5}, {"tracks": []}]},
            "company": {"defaultValue": 9, "rules": [{
                "variations": two, "hashAttribute": "company", "fallbackAttribute": "id", "minBucketVersion": 2,
                "bucketVersion": 0, "disableStickyBucketing": false, "surprise": 1
            }]},
            "other-filter": {"defaultValue": 0, "rules": [{
                "variations": two, "filters": [{"attribute": "company", "seed": "f", "ranges": [[0, 0.5]]}]
            }]},
            "unknown-operator": {"defaultValue": 0, "rules": [{"variations": two, "condition": {"age": {"$gtt": 1}}}]},
            "segment": {"defaultValue": 0, "rules": [{"variations": two, "condition": {"segment": "vip"}}]},
            "items": {"defaultValue": 0, "rules": [{
                "variations": two, "condition": {"orders": {"$elemMatch": {"price": {"$lt": 5}}}}
            }]},
            "alone": {"defaultValue": 0, "rules": [{"variations": [0]}]},
            "version": {"defaultValue": 0, "rules": [{"variations": two, "hashVersion": 3}]},
            "nobody": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "constant", "condition": {"value": 2}}]
            }]},
            "circle": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "circle", "condition": {"value": 1}}]
            }]},
            "not-one": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "behind", "condition": {"value": 1}}]
            }]},
            "behind": {"defaultValue": 0, "rules": [
                {"variations": two, "coverage": 0.5, "condition": {"plan": "pro"}},
                {"key": "unclear", "variations": two},
                {"force": 1},
                {"key": "unreached", "variations": two}
            ]},
            "same": {"defaultValue": 0, "rules": [{"key": "company", "variations": two}]},
            "no-control": {"defaultValue": 0, "rules": [{"variations": two, "weights": [0, 1]}]},
            "one-way": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "other-way", "condition": {"value": 1}}]
            }]},
            "other-way": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "one-way", "condition": {"value": 1}}]
            }]},
            "unmet": {"defaultValue": 0, "rules": [{
                "variations": two, "parentConditions": [{"id": "no-control", "condition": {"value": 1}}]
            }]}
        },
        "experiments": [
            {"key": "page", "variations": [{}, {"css": "a{}"}], "urlPatterns": [{"pattern": "/", "type": "simple"}], "manual": true},
            {"key": "done", "variations": [{}, {}], "force": 1}
        ],
        "savedGroups": {"lists": [[1], "a"]},
        "later": 1
    });
    let imported = import(&payload, Units::Utf16).unwrap();
    assert_eq!(keys(&imported), ["behind", "company", "items", "company-2", "page"]);
    let expected = [
        ("features.constant", "has no rule"),
        ("features.same.rules[0].key", "\"company\" cannot be its key here, or is taken; it is company-2"),
        ("features.alone.rules[0].variations", "has fewer than two"),
        (
            "features.behind.rules[1]",
            "features.behind.rules[0] comes first, and whom it leaves depends on several",
        ),
        ("features.behind.rules[2]", "forces a value"),
        ("features.behind.rules[3]", "features.behind.rules[0] comes first"),
        ("features.circle.rules[0]", "would be no sound definition: requires[0].experiment"),
        (
            "features.company.rules[0].hashAttribute",
            "customers are drawn by \"company\": send that as the customer's id",
        ),
        ("features.company.rules[0].fallbackAttribute", "sticky buckets are not imported"),
        ("features.company.rules[0].minBucketVersion", "sticky buckets are not imported"),
        ("features.company.rules[0].surprise", "has no counterpart here"),
        ("features.forced.rules[0]", "forces a value"),
        ("features.forced.rules[1]", "neither forces a value nor has variations"),
        (
            "features.no-control.rules[0]",
            "would be no sound definition: variants[0].weight: the control has weight 0",
        ),
        ("features.nobody.rules[0].parentConditions", "nobody is in it"),
        (
            "features.not-one.rules[0].parentConditions[0]",
            "the value of behind depends on more than one experiment",
        ),
        ("features.other-filter.rules[0]", "is drawn by \"id\" and filtered by \"company\""),
        ("features.segment.rules[0].condition", "asks for an attribute \"segment\""),
        (
            "features.unknown-operator.rules[0].condition.age[\"$gtt\"]",
            "unknown operator; mend: did you mean \"$gt\"?",
        ),
        ("features.version.rules[0].hashVersion", "is neither 1 nor 2"),
        ("experiments[0].urlPatterns", "there is no targeting of pages"),
        ("experiments[0].manual", "has no counterpart here"),
        ("experiments[1]", "forces a value"),
        ("features.one-way.rules[0]", "requires other-way, which is not imported, or this one"),
        ("features.other-way.rules[0]", "requires one-way, which is not imported, or this one"),
        ("features.unmet.rules[0]", "requires no-control, which is not imported"),
        ("features.company.defaultValue", "who is not in company gets no variant"),
        ("savedGroups.lists", "1 lists and objects in it are left out"),
        ("features.items.rules[0].condition", "compares what an item of a list may lack"),
        ("later", "is not known here"),
        ("features.constant.valueType", "is not known here"),
    ];
    let listed = listed(&imported);
    for (found, expected) in listed.iter().zip(expected) {
        assert!(found.0 == expected.0 && found.1.starts_with(expected.1), "{found:?} {expected:?}");
    }
    assert_eq!(listed.len(), expected.len(), "{listed:#?}");
    snapshot(&imported);
}

#[test]
fn a_document_that_is_no_payload_is_an_error() {
    let unexpected = |path: &str, expected| Err(PayloadError::Unexpected { path: path.to_owned(), expected });
    assert_eq!(import(&json!([]), Units::Utf16), unexpected("", "an object"));
    assert_eq!(import(&json!({"features": []}), Units::Utf16), unexpected("features", "an object"));
    let rules = json!({"features": {"a b": {"rules": [1]}}});
    assert_eq!(import(&rules, Units::Utf16), unexpected("features[\"a b\"].rules[0]", "an object"));
    let encrypted = json!({"features": {}, "encryptedFeatures": "x"});
    assert_eq!(import(&encrypted, Units::Utf16), Err(PayloadError::Encrypted { field: "encryptedFeatures" }));
    // A bare object of features, one of them with an unlucky name.
    let bare = json!({"features": {"defaultValue": 0, "rules": [{"variations": [0, 1]}]}});
    assert_eq!(keys(&import(&bare, Units::Utf16).unwrap()), ["features"]);
    let empty = import(&json!({"features": {}}), Units::Utf16).unwrap();
    assert_eq!(
        serde_json::to_value(empty).unwrap(),
        json!({"experiments": [], "catalog": {}, "not_imported": []})
    );
}

#[test]
fn the_command_prints_one_document_or_writes_files() {
    let text = payload().to_string();
    let (exit, stdout, stderr) =
        run_with(text.as_bytes(), &["import", "growthbook", "-", "--units", "bytes"]);
    assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""));
    let expected = import(&payload(), Units::Utf8).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), serde_json::to_value(&expected).unwrap());

    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("payload.json"), folder.path().join("definitions"));
    std::fs::write(&file, &text).unwrap();
    let args =
        ["import", "growthbook", file.to_str().unwrap(), "--units", "bytes", "--out", out.to_str().unwrap()];
    let (exit, stdout, stderr) = run(&args);
    assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""));
    assert!(stdout.contains("19 imported"), "{stdout}");
    assert!(stdout.contains("  features.behind-forced.rules[0]: forces a value"), "{stdout}");
    let read = |name: &str| read_document(&std::fs::read_to_string(out.join(name)).unwrap()).unwrap();
    for definition in &expected.experiments {
        assert_eq!(read(&format!("{}.yaml", definition["key"].as_str().unwrap())), *definition);
    }
    assert_eq!(read("catalog.yaml"), expected.catalog);

    // What somebody wrote on is not overwritten, nor half of it.
    std::fs::remove_file(out.join("plain.yaml")).unwrap();
    std::fs::write(out.join("late.yaml"), "mine").unwrap();
    let (exit, _, stderr) = run(&args);
    assert!(exit == Exit::WrongUse && stderr.contains("late.yaml") && stderr.contains("--force"), "{stderr}");
    assert!(!out.join("plain.yaml").exists());
    assert_eq!(std::fs::read_to_string(out.join("late.yaml")).unwrap(), "mine");
    assert_eq!(run(&[&args[..], &["--force"]].concat()).0, Exit::Fine);
    assert_eq!(read("late.yaml")["key"], "late");
}

#[test]
fn bad_input_is_wrong_use() {
    for (input, message) in [
        ("{\"features\": {}", "EOF while parsing"),
        ("{\"features\": {}, \"features\": {}}", "duplicate key"),
        ("[]", "the document: expected an object; mend: give the SDK payload"),
        ("{\"encryptedFeatures\": \"x\"}", "is encrypted; mend: decrypt"),
    ] {
        let (exit, stdout, stderr) = run_with(input.as_bytes(), &["import", "growthbook", "-"]);
        assert_eq!((exit, stdout.as_str()), (Exit::WrongUse, ""), "{input}");
        assert!(stderr.contains("- is not imported") && stderr.contains(message), "{stderr}");
    }
    let (exit, _, stderr) = run(&["import", "growthbook", "/nowhere/payload.json"]);
    assert!(exit == Exit::WrongUse && stderr.contains("/nowhere/payload.json is not imported"), "{stderr}");
    assert_eq!(run(&["import", "growthbook", "-", "--force"]).0, Exit::WrongUse);
    let (exit, help, _) = run(&["import", "growthbook", "--help"]);
    assert!(
        exit == Exit::Fine && help.contains("experiment import growthbook payload.json --out definitions")
    );
}
