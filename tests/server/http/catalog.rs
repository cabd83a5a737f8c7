//! `/v1/catalog`, and what experiments say of it and of each other.

use serde_json::{Value, json};

use super::under_test::{Answer, Served, WINBACK};

const PATH: &str = "/v1/catalog";
const SHARED: &str = "
segments:
  at_risk: {days_since_order: {$gt: 60}}
  vip: {value_365d: {$gte: 500}}
layers: {winback: {salt: one}}
groups: {staff: [staff-1]}
";

fn put(served: &Served, etag: &str, yaml: &str) -> Answer {
    served.call("PUT", PATH, &[("content-type", "application/yaml"), ("if-match", etag)], yaml)
}

/// Puts a catalog over the one there is.
fn share(served: &Served, yaml: &str) -> Answer {
    let etag = served.get(PATH).header("etag").to_owned();
    put(served, &etag, yaml)
}

/// [`WINBACK`] under a key, with more in it.
fn with(key: &str, more: &str) -> String {
    WINBACK.replace("key: winback", &format!("key: {key}\n{more}"))
}

fn paths(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect()
}

#[test]
fn is_put_over_the_one_that_was_read() {
    let mut served = Served::start();
    let empty = served.get(PATH);
    assert_eq!(
        (empty.status, &empty.json()["version"], &empty.json()["document"]),
        (200, &json!(0), &json!({}))
    );
    served.call("PUT", PATH, &[], SHARED).problem(428, "precondition-required");
    let first = put(&served, empty.header("etag"), SHARED);
    assert_eq!(first.status, 200, "{}", first.text);
    let body = first.json();
    assert_eq!((&body["version"], &body["groups"]), (&json!(1), &json!({"staff": 1})));
    assert_eq!(body["document"].get("groups"), None, "who is in groups is not told");
    assert_eq!(body["document"]["segments"]["vip"], json!({"value_365d": {"$gte": 500}}));
    put(&served, empty.header("etag"), SHARED).problem(412, "precondition-failed");
    // The same again changes nothing; without groups those there are stay.
    let again = share(&served, SHARED);
    assert_eq!((again.json()["version"].clone(), again.header("etag")), (json!(1), first.header("etag")));
    let without = share(&served, SHARED.split("groups").next().unwrap());
    assert_eq!((&without.json()["version"], &without.json()["groups"]), (&json!(1), &json!({"staff": 1})));
    let other = share(&served, &SHARED.replace("[staff-1]", "[staff-1, staff-2]"));
    assert_eq!((&other.json()["version"], &other.json()["groups"]), (&json!(2), &json!({"staff": 2})));
    assert_ne!(other.header("etag"), first.header("etag"), "the ETag covers groups");

    // It is still there after a restart.
    let before = served.get(PATH).text;
    let data = served.data().to_owned();
    served.stop();
    let store =
        experiment_server::store::Store::open(&data, experiment_server::store::system_clock()).unwrap();
    let catalog = store.catalog();
    assert_eq!((catalog.shared().version, catalog.shared().catalog.groups["staff"].len()), (2, 2));
    assert!(before.contains(&format!("{:016x}", catalog.shared().tag())));
}

#[test]
fn a_wrong_one_changes_nothing() {
    let served = Served::start();
    let problem =
        share(&served, "segments: {a: {x: {$gtt: 1}}}\nlayer: {}").problem(422, "invalid-definition");
    assert_eq!(paths(&problem), ["segments.a.x[\"$gtt\"]", "layer"]);
    assert!(problem["errors"][1]["mend"].as_str().unwrap().contains("did you mean \"layers\"?"), "{problem}");
    share(&served, "holdouts: {universal: {}}").problem(422, "invalid-definition");
    assert_eq!(served.get(PATH).json()["version"], 0);
}

#[test]
fn an_experiment_names_only_what_is_there() {
    let served = Served::start();
    let aimed = with(
        "aimed",
        "audience: {segment: at_rsk}\nlayer: {key: winbak, share: 0.5}\nrequires: {experiment: welcome, variant: control}",
    );
    let aimed = aimed.replace("dimensions: [plan]", "dimensions: [plan, {segment: new}]");
    let problem = served.post_yaml("/v1/experiments", &aimed).problem(422, "invalid-definition");
    assert_eq!(paths(&problem), ["audience.segment", "dimensions[1].segment"]);
    assert_eq!(share(&served, SHARED).status, 200);
    let problem = served.post_yaml("/v1/experiments", &aimed).problem(422, "invalid-definition");
    assert_eq!(paths(&problem), ["layer.key", "audience.segment", "dimensions[1].segment"]);
    assert!(
        problem["errors"][0]["mend"].as_str().unwrap().contains("did you mean \"winback\"?"),
        "{problem}"
    );
    assert!(
        problem["errors"][1]["mend"].as_str().unwrap().contains("did you mean \"at_risk\"?"),
        "{problem}"
    );
    let sound = aimed
        .replace("at_rsk", "at_risk")
        .replace("winbak", "winback")
        .replace("segment: new", "segment: vip");
    let problem = served.post_yaml("/v1/experiments", &sound).problem(422, "invalid-definition");
    assert_eq!(paths(&problem), ["requires"]);
    assert!(
        problem["detail"].as_str().unwrap().contains("aimed requires welcome, which is not there"),
        "{problem}"
    );
    served.run(&with("welcome", ""), "welcome");
    served.run(&sound, "aimed");

    // What running experiments rest on stays.
    let problem = share(&served, &SHARED.replace("$gt: 60", "$gt: 90").replace("salt: one", "salt: two"))
        .problem(409, "wrong-status");
    assert_eq!(paths(&problem), ["segments.at_risk", "layers.winback.salt"]);
    let problem = share(&served, "layers: {winback: {salt: one}}").problem(422, "invalid-definition");
    assert!(
        problem["errors"][0]["detail"].as_str().unwrap().contains("the experiment aimed needs it"),
        "{problem}"
    );
    assert_eq!(share(&served, &SHARED.replace("[staff-1]", "[]")).status, 200, "groups may change");
    // A circle by way of another is refused where it would close.
    let circle = with("welcome", "requires: {experiment: aimed, variant: control}");
    let etag = served.get("/v1/experiments/welcome").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    served.call("PUT", "/v1/experiments/welcome", &headers, &circle).problem(409, "wrong-status");
    let draft = with("draft_a", "requires: {experiment: aimed, variant: control}");
    assert_eq!(served.post_yaml("/v1/experiments", &draft).status, 201);
    let closing = with("draft_b", "requires: {experiment: draft_a, variant: control}");
    assert_eq!(served.post_yaml("/v1/experiments", &closing).status, 201);
    let etag = served.get("/v1/experiments/draft_a").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let circle = with("draft_a", "requires: {experiment: draft_b, variant: control}");
    let problem =
        served.call("PUT", "/v1/experiments/draft_a", &headers, &circle).problem(422, "invalid-definition");
    assert!(
        problem["detail"].as_str().unwrap().contains("in a circle: draft_a → draft_b → draft_a"),
        "{problem}"
    );
}

#[test]
fn layers_are_shared_out_without_overlap() {
    let served = Served::start();
    let layered = |key: &str, part: &str| with(key, &format!("layer: {{key: winback, {part}}}"));
    served.run(&layered("a", "ranges: [[0, 0.4]]"), "a");
    let taken = served.post_yaml("/v1/experiments", &layered("b", "ranges: [[0.3, 0.6]]"));
    let problem = taken.problem(422, "invalid-definition");
    assert_eq!(
        problem["errors"][0],
        json!({"field": "layer.ranges", "path": "layer.ranges", "detail": "[0.3, 0.6] overlaps [0, 0.4] of the experiment a",
            "mend": "take ranges that are free, say share: instead to have one found, or stop that one first"})
    );
    assert_eq!(served.post_yaml("/v1/experiments", &layered("b", "share: 0.25")).status, 201);
    let versions = served.get("/v1/experiments/b/versions").json();
    assert_eq!(versions["versions"][0]["layer"], json!([["0.4", "0.65"]]));
    assert_eq!(
        versions["versions"][0]["allocation"],
        json!([[0, 9_223_372_036_854_775_807_u64, 0], [9_223_372_036_854_775_808_u64, u64::MAX, 1]])
    );
    let problem =
        served.post_yaml("/v1/experiments", &layered("c", "share: 0.4")).problem(422, "invalid-definition");
    assert_eq!(problem["errors"][0]["path"], "layer.share");
    assert!(problem["detail"].as_str().unwrap().contains("a [0, 0.4], b [0.4, 0.65]"), "{problem}");
    assert_eq!(served.post("/v1/experiments/b/start", "").status, 200);
    // Everybody is in one of them at most, and each decision says so.
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..60 {
        let body = json!({"customer": {"id": format!("c-{n}")}}).to_string();
        let answer = served.post("/v1/assign", &body).json();
        let reasons: Vec<&str> = answer["assignments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["reason"].as_str().unwrap())
            .collect();
        assert!(reasons.iter().filter(|reason| **reason == "assigned").count() <= 1, "{answer}");
        seen.extend(reasons.iter().map(|reason| (*reason).to_owned()));
    }
    assert!(seen.contains("layer") && seen.contains("assigned"), "{seen:?}");
    // Who is stopped gives its part back.
    assert_eq!(served.post("/v1/experiments/a/stop", "").status, 200);
    assert_eq!(served.post_yaml("/v1/experiments", &layered("c", "share: 0.4")).status, 201);
    let versions = served.get("/v1/experiments/c/versions").json();
    assert_eq!(versions["versions"][0]["layer"], json!([["0", "0.4"]]));
    // It may still be described otherwise: nobody enters it.
    let etag = served.get("/v1/experiments/a").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let told = layered("a", "ranges: [[0, 0.4]]").replace("A discount keeps", "A discount kept");
    assert_eq!(served.call("PUT", "/v1/experiments/a", &headers, &told).status, 200);
}

#[test]
fn segments_at_first_exposure_slice_the_results() {
    let served = Served::start();
    assert_eq!(share(&served, SHARED).status, 200);
    let sliced = WINBACK.replace("dimensions: [plan]", "dimensions: [{segment: vip}]");
    served.run(&sliced, "winback");
    for (n, value) in [100, 600, 700].into_iter().enumerate() {
        let customer = json!({"id": format!("c-{n}"), "attributes": {"value_365d": value}});
        let body = json!({"experiment": "winback", "customer": customer}).to_string();
        assert_eq!(served.post("/v1/assign", &body).json()["exposure"], "recorded");
    }
    served.send("/v1/exposures", r#"{"customer": "d", "experiment": "winback", "variant": "control", "attributes": {"value_365d": 900}, "id": "x"}"#);
    served.send("/v1/exposures", r#"{"customer": "e", "experiment": "winback", "variant": "control"}"#);
    let slices = |served: &Served| -> Vec<(String, String, u64)> {
        let report = served.get("/v1/experiments/winback/results?fresh=true").json();
        let slices = report["dimensions"].as_array().unwrap().iter().map(|slice| {
            let arms = slice["metrics"][0]["so_far"]["arms"].as_array().unwrap();
            let customers = arms.iter().map(|arm| arm["n"].as_u64().unwrap()).sum();
            (
                slice["dimension"].as_str().unwrap().to_owned(),
                slice["value"].as_str().unwrap().to_owned(),
                customers,
            )
        });
        slices.collect()
    };
    let expected = [("", 1), ("false", 1), ("true", 3)]
        .map(|(value, customers)| ("segment:vip".to_owned(), value.to_owned(), customers));
    assert_eq!(slices(&served), expected);
    // A repeat with the same attributes is a duplicate, whatever the segment means by then.
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    assert_eq!(share(&served, &SHARED.replace("$gte: 500", "$gte: 5000")).status, 200);
    let again = served.post("/v1/exposures", r#"{"customer": "d", "experiment": "winback", "variant": "control", "attributes": {"value_365d": 900}, "id": "x"}"#);
    assert_eq!(again.json()["duplicates"], 1, "{}", again.text);
    assert_eq!(slices(&served), expected);
}

#[test]
fn a_prerequisite_counts_what_was_recorded() {
    let served = Served::start();
    served.run(&with("welcome", ""), "welcome");
    served.run(&with("follow", "requires: {experiment: welcome, variant: discount}"), "follow");
    let ask = |key: &str, id: &str| {
        let body = json!({"experiment": key, "customer": {"id": id}}).to_string();
        served.post("/v1/assign", &body).json()
    };
    for n in 0..20 {
        let id = format!("c-{n}");
        let welcome = ask("welcome", &id)["variant"].clone();
        let follow = ask("follow", &id);
        let expected = if welcome == "discount" { "assigned" } else { "requires" };
        assert_eq!(follow["reason"], expected, "{welcome} {follow}");
    }
    // Whoever was seen in the variant counts, and stays after the other experiment is over.
    served.send("/v1/exposures", r#"{"customer": "d", "experiment": "welcome", "variant": "discount"}"#);
    served.get("/v1/experiments/welcome/results?fresh=true");
    assert_eq!(served.post("/v1/experiments/welcome/stop", "").status, 200);
    assert_eq!(ask("follow", "d")["reason"], "assigned");
    assert_eq!(ask("follow", "nobody")["reason"], "requires");
}

#[test]
fn another_systems_hash_draws_and_checks_exposures() {
    let served = Served::start();
    let hashed = with("moved", "hash: {name: growthbook-js, version: 2, seed: s}");
    served.run(&hashed, "moved");
    // v2("s", "c-1") and ("s", "c-2") by the published formula decide; a report from elsewhere is checked by it.
    let variant = |id: &str| {
        use experiment_core::assignment::compat::growthbook::{HashVersion, Units, hash};
        if hash(Units::Utf16, HashVersion::V2, "s", id) < 0.5 { "control" } else { "discount" }
    };
    for n in 0..20 {
        let id = format!("c-{n}");
        let body = json!({"experiment": "moved", "customer": {"id": id}, "record": false}).to_string();
        assert_eq!(served.post("/v1/assign", &body).json()["variant"], variant(&id));
    }
    let wrong = if variant("c-1") == "control" { "discount" } else { "control" };
    served.send(
        "/v1/exposures",
        &format!(r#"{{"customer": "c-1", "experiment": "moved", "variant": "{wrong}"}}"#),
    );
    served.send(
        "/v1/exposures",
        &format!(r#"{{"customer": "c-2", "experiment": "moved", "variant": "{}"}}"#, variant("c-2")),
    );
    for (id, off) in [("c-1", true), ("c-2", false)] {
        let seen = served.get(&format!("/v1/experiments/moved/customers/{id}")).json();
        assert_eq!(seen["exposures"][0]["off_assignment"], off, "{seen}");
    }
}
