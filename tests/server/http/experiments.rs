//! `/v1/experiments`: definitions.

use serde_json::{Value, json};

use super::under_test::{Served, WINBACK};

const PATH: &str = "/v1/experiments";
const YAML: (&str, &str) = ("content-type", "application/yaml");

#[test]
fn creating_is_repeatable_and_never_overwrites() {
    let served = Served::start();
    let created = served.post_yaml(PATH, WINBACK);
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(created.header("location"), "/v1/experiments/winback");
    let etag = created.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() == 18, "{etag}");
    let body = created.json();
    assert_eq!(body["etag"], etag);
    assert_eq!(
        (&body["key"], &body["status"], &body["version"], &body["overrides"]),
        (&json!("winback"), &json!("draft"), &json!(1), &json!(1))
    );
    assert_eq!(body["document"]["variants"][1]["payload"], json!({"percent": 20}));
    assert_eq!(body["document"].get("overrides"), None, "who is on the lists is not told");

    let again = served.post_yaml(PATH, WINBACK);
    assert_eq!((again.status, again.header("etag")), (200, etag.as_str()));
    let other = served.post_yaml(PATH, &WINBACK.replace("20d,", "21d,"));
    other.problem(409, "exists");
    assert_eq!(other.header("etag"), etag);
    assert_eq!(served.get("/v1/experiments/winback").json(), body);
}

#[test]
fn json_is_the_same_as_yaml() {
    let served = Served::start();
    let yaml = served.post_yaml(PATH, WINBACK).json();
    let json = served.post(PATH, &yaml["document"].to_string());
    // The lists are kept apart: a document without them says nothing of them.
    assert_eq!((json.status, &json.json()["overrides"]), (200, &json!(1)), "{}", json.text);
    let mut document = yaml["document"].clone();
    document["overrides"] = json!({"discount": ["qa-1"]});
    assert_eq!(served.post(PATH, &document.to_string()).status, 200);
    // Without a content type the text itself tells.
    assert_eq!(served.call("POST", PATH, &[], WINBACK).status, 200);
}

#[test]
fn every_problem_of_a_definition_is_told() {
    let served = Served::start();
    let wrong = WINBACK.replace("hypothesis", "hypotesis").replace("kind: retention", "kind: retentoin");
    let problem = served.post_yaml(PATH, &wrong).problem(422, "invalid-definition");
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors.iter().map(|error| error["path"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 2, "{problem}");
    assert!(paths.contains(&"hypotesis") && paths.contains(&"metrics[0].kind"), "{problem}");
    for error in errors {
        assert!(error["mend"].as_str().unwrap().contains("did you mean"), "{error}");
    }
}

#[test]
fn broken_texts_say_where() {
    let served = Served::start();
    let problem = served.post(PATH, "{\"key\": \"a\",\n \"variants\" []}").problem(400, "invalid-body");
    let error = &problem["errors"][0];
    assert_eq!((&error["line"], &error["column"]), (&json!(2), &json!(13)), "{error}");
    let problem = served.post_yaml(PATH, "key: a\nvariants: [{key: b\n").problem(400, "invalid-body");
    assert!(problem["errors"][0]["line"].as_u64().unwrap() >= 2, "{problem}");
    let problem = served.post_yaml(PATH, "key: a\nkey: b").problem(400, "invalid-body");
    assert_eq!(problem["errors"][0]["line"], 2);
    // YAML that is said to be JSON is broken JSON.
    served.post(PATH, WINBACK).problem(400, "invalid-body");
    served.post(PATH, "").problem(400, "invalid-body");
    served.post_yaml(PATH, &format!("key: {}", "x".repeat(300_000))).problem(413, "too-large");
    let text = served.call("POST", PATH, &[("content-type", "text/plain")], WINBACK);
    let problem = text.problem(415, "unsupported-media-type");
    assert_eq!(problem["errors"][0]["mend"], "send Content-Type: application/json or application/yaml");
}

#[test]
fn putting_needs_the_version_it_was_made_from() {
    let served = Served::with_winback();
    let one = "/v1/experiments/winback";
    let etag = served.get(one).header("etag").to_owned();
    let wider = format!("traffic: 0.5\n{WINBACK}");
    let put = |if_match: &str, body: &str| served.call("PUT", one, &[YAML, ("if-match", if_match)], body);
    let missing = served.call("PUT", one, &[YAML], &wider);
    let problem = missing.problem(428, "precondition-required");
    assert_eq!(problem["errors"][0]["field"], "If-Match");
    assert_eq!(missing.header("etag"), etag);
    put("\"0000000000000000\"", &wider).problem(412, "precondition-failed");
    put(&format!("W/{etag}"), &wider).problem(412, "precondition-failed");
    put(&etag[1..17], &wider).problem(400, "invalid-parameter");

    let changed = put(&format!("\"0000000000000000\", {etag}"), &wider);
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["version"], 2);
    assert_ne!(changed.header("etag"), etag);
    put(&etag, WINBACK).problem(412, "precondition-failed");
    let same = put("*", &wider);
    assert_eq!((same.status, &same.json()["version"]), (200, &json!(2)));

    let versions = served.get("/v1/experiments/winback/versions").json();
    let versions = versions["versions"].as_array().unwrap();
    let told = |index: usize, field: &str| versions[index][field].clone();
    assert_eq!((versions.len(), told(0, "version"), told(1, "version")), (2, json!(1), json!(2)));
    assert_eq!((told(0, "etag"), told(1, "document")["traffic"].clone()), (json!(etag), json!(0.5)));
    assert_eq!(told(0, "received_at"), "2026-03-01T12:00:00Z");
}

#[test]
fn a_running_experiment_keeps_its_plan() {
    let served = Served::with_winback();
    let one = "/v1/experiments/winback";
    let changed = WINBACK.replace("{key: control}", "{key: control, weight: 2}").replace("100}", "200}");
    let problem = served.call("PUT", one, &[YAML, ("if-match", "*")], &changed).problem(409, "wrong-status");
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors.iter().map(|error| error["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["variants", "plan"]);
}

#[test]
fn the_key_in_the_address_counts() {
    let served = Served::with_winback();
    let renamed = WINBACK.replace("winback", "other");
    let put = served.call("PUT", "/v1/experiments/winback", &[YAML, ("if-match", "*")], &renamed);
    let problem = put.problem(422, "invalid-definition");
    assert_eq!(problem["errors"][0]["path"], "key");
    let put = served.call("PUT", "/v1/experiments/winbck", &[YAML, ("if-match", "*")], WINBACK);
    let problem = put.problem(404, "unknown-experiment");
    assert_eq!(problem["errors"][0]["mend"], "did you mean \"winback\"?");
    served.get("/v1/experiments/nothing").problem(404, "unknown-experiment");
    served.get("/v1/experiments/nothing/versions").problem(404, "unknown-experiment");
    served.get("/v1/experiments/%ff").problem(400, "invalid-parameter");
}

#[test]
fn the_list_is_sorted_and_can_be_narrowed() {
    let served = Served::with_winback();
    assert_eq!(served.post_yaml(PATH, &WINBACK.replace("winback", "another")).status, 201);
    let keys = |path: &str| -> Vec<Value> {
        let list = served.get(path).json();
        list["experiments"].as_array().unwrap().iter().map(|entry| entry["key"].clone()).collect()
    };
    assert_eq!(keys(PATH), ["another", "winback"]);
    assert_eq!(keys("/v1/experiments?status=running"), ["winback"]);
    assert_eq!(keys("/v1/experiments?status=archived"), Vec::<Value>::new());
    let problem = served.get("/v1/experiments?status=runing").problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["mend"], "did you mean \"running\"?");
    let problem = served.get("/v1/experiments?state=running").problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["field"], "state");
}
