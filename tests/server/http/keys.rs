//! `/v1/keys`: made, listed, revoked and rotated over HTTP, in force at once.

use std::io::{BufRead, BufReader, Read, Write};

use experiment_server::http::{Server, StartError};
use experiment_server::store::Role;
use serde_json::{Value, json};

use super::under_test::{Answer, KEY, Served, settings, with_key};

fn by<'a>(served: &'a Served, key: &'a str) -> impl Fn(&str, &str, &Value) -> Answer + 'a {
    move |method, path, body| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        served.call(method, path, &[("x-api-key", key), ("content-type", "application/json")], &body)
    }
}

#[test]
fn a_key_is_shown_once_and_works_at_once() {
    let served = Served::start_with(with_key);
    let ask = by(&served, KEY);
    let answer = ask(
        "POST",
        "/v1/keys",
        &json!({"name": "shop", "role": "client", "expires": "90d", "rate": "500/s"}),
    );
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert_eq!(
        made,
        json!({"id": id, "name": "shop", "role": "client", "status": "active", "created_at": "2026-03-01T12:00:00Z",
            "expires_at": "2026-05-30T12:00:00Z", "rate": "500/s", "key": key})
    );
    assert!(key.starts_with(&format!("experiment_{id}_")) && key.len() == 88, "{key}");
    assert_eq!(served.call("POST", "/v1/conversions", &[("x-api-key", key)], "{}").status, 200);
    assert_eq!(served.call("GET", "/v1/experiments", &[("x-api-key", key)], "").status, 403);
    let mut listed = made.clone();
    listed.as_object_mut().unwrap().remove("key");
    ask("GET", "/v1/keys", &Value::Null).is(&json!({"keys": [listed]}));
    let audit = ask("GET", "/v1/audit", &Value::Null);
    assert_eq!(audit.json()["entries"][0]["who"], "EXPERIMENT_ADMIN_KEY");
    assert_eq!(audit.json()["entries"][0]["step"], format!("{id} client shop"));
    assert!(!audit.text.contains(&key[24..]), "{}", audit.text);
}

#[test]
fn the_next_request_after_a_revocation_fails() {
    let served = Served::start_with(with_key);
    let (id, key) = served.make_key("ops", Role::Admin);
    let mut connection = BufReader::new(served.connect());
    let request = format!("GET /v1/experiments HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n");
    let mut ask = || {
        connection.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push(line);
        }
        connection.read_exact(&mut vec![0; length]).unwrap();
        head[0].split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask(), "200");
    // By itself, which is no reason not to.
    let revoked = by(&served, &key)("DELETE", &format!("/v1/keys/{id}"), &Value::Null);
    assert_eq!((revoked.status, &revoked.json()["status"]), (200, &json!("revoked")));
    assert_eq!(revoked.json()["revoked_at"], "2026-03-01T12:00:00Z");
    // On a connection that was opened when it was in force.
    assert_eq!(ask(), "401");
    let problem =
        served.call("GET", "/v1/experiments", &[("x-api-key", &key)], "").problem(401, "unauthenticated");
    assert_eq!(problem["detail"], "the key was revoked; mend: send one that is in force");
    served.pass("1h");
    let again = by(&served, KEY)("DELETE", &format!("/v1/keys/{id}"), &Value::Null);
    assert_eq!((again.status, &again.json()["revoked_at"]), (200, &revoked.json()["revoked_at"]));
}

#[test]
fn a_key_ends_when_its_time_is_over() {
    let served = Served::start_with(with_key);
    let key = served.make_expiring_key("shop", Role::Client, "2026-03-02T00:00:00Z");
    let status = || served.call("POST", "/v1/conversions", &[("x-api-key", &key)], "{}").status;
    assert_eq!(status(), 200);
    served.pass("12h");
    assert_eq!(status(), 401);
    let answer = served.call("POST", "/v1/conversions", &[("x-api-key", &key)], "{}");
    assert!(answer.text.contains("the key has expired"), "{}", answer.text);
    let listed = by(&served, KEY)("GET", "/v1/keys", &Value::Null).json();
    assert_eq!(listed["keys"][0]["status"], "expired");
}

#[test]
fn both_keys_are_in_force_during_a_rotation() {
    let served = Served::start_with(with_key);
    let (id, old) = served.make_key("shop", Role::Analyst);
    let ask = by(&served, KEY);
    let rotated = ask("POST", &format!("/v1/keys/{id}/rotate"), &json!({"overlap": "24h", "expires": "30d"}));
    assert_eq!(rotated.status, 201, "{}", rotated.text);
    let body = rotated.json();
    assert_eq!(body["replaces"]["id"], id.as_str());
    assert_eq!(body["replaces"]["expires_at"], "2026-03-02T12:00:00Z");
    assert!(body["replaces"].get("key").is_none());
    assert_eq!((&body["name"], &body["role"]), (&json!("shop"), &json!("analyst")));
    assert_eq!(body["expires_at"], "2026-03-31T12:00:00Z");
    let new = body["key"].as_str().unwrap();
    let statuses =
        || [&old[..], new].map(|key| served.call("GET", "/v1/experiments", &[("x-api-key", key)], "").status);
    assert_eq!(statuses(), [200, 200]);
    served.pass("24h");
    assert_eq!(statuses(), [401, 200]);
    let ended = ask("POST", &format!("/v1/keys/{id}/rotate"), &json!({"overlap": "1h"}));
    ended.problem(409, "key-ended");
}

#[test]
fn wrong_requests_are_told_field_by_field() {
    let served = Served::start_with(with_key);
    let ask = by(&served, KEY);
    let fields = |answer: Answer| -> Vec<(String, String)> {
        let problem = answer.problem(422, "invalid-request");
        let text = |error: &Value, field: &str| error[field].as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(error, "field"), text(error, "detail"))).collect()
    };
    let expected = |errors: &[(&str, &str)]| -> Vec<(String, String)> {
        errors.iter().map(|(field, detail)| ((*field).to_owned(), (*detail).to_owned())).collect()
    };
    assert_eq!(
        fields(ask("POST", "/v1/keys", &json!({}))),
        expected(&[("role", "is missing"), ("name", "is missing")])
    );
    assert_eq!(
        fields(ask(
            "POST",
            "/v1/keys",
            &json!({"name": "a\nb", "role": "root", "expires": "soon", "rate": "5"})
        )),
        expected(&[
            ("role", "\"root\" is not client, analyst or admin"),
            ("name", "has the control character '\\n'"),
            ("expires", "\"soon\" is not an RFC 3339 time such as 2026-03-01T09:30:00Z"),
            ("rate", "\"5\" is not a rate such as 500/s, 30000/m, 100/h or 10/d (1 to 1000000 requests)"),
        ])
    );
    assert_eq!(
        fields(ask("POST", "/v1/keys", &json!({"name": "", "role": "client", "keys": 1}))),
        expected(&[("name", "is empty"), ("keys", "is not a field of this call")])
    );
    assert_eq!(
        fields(ask(
            "POST",
            "/v1/keys",
            &json!({"name": "shop", "role": "client", "expires": "2026-03-01T12:00:00Z"})
        )),
        expected(&[("expires", "2026-03-01T12:00:00Z is not later than now, 2026-03-01T12:00:00Z")])
    );
    assert_eq!(fields(ask("POST", "/v1/keys/x/rotate", &json!({}))), expected(&[("overlap", "is missing")]));
    for (method, path) in [("DELETE", "/v1/keys/00000000000f"), ("DELETE", "/v1/keys/%F0%9F%98%80")] {
        ask(method, path, &Value::Null).problem(404, "unknown-key");
    }
    ask("POST", "/v1/keys/00000000000f/rotate", &json!({"overlap": "1h"})).problem(404, "unknown-key");
    ask("GET", "/v1/keys", &Value::Null).is(&json!({"keys": []}));
}

#[test]
fn the_first_key_closes_the_server_and_the_end_of_the_last_does_not_open_it() {
    let mut served = Served::start();
    assert_eq!(served.get("/v1/experiments").status, 200);
    served.post("/v1/keys", "{\"name\": \"ops\", \"role\": \"admin\"}").problem(403, "start-token-needed");
    let by_token = |served: &Served, method: &str, path: &str, body: &str| {
        let token = served.token();
        served.call(method, path, &[("x-start-token", &token), ("content-type", "application/json")], body)
    };
    let made = by_token(
        &served,
        "POST",
        "/v1/keys",
        "{\"name\": \"ops\", \"role\": \"admin\", \"expires\": \"1h\"}",
    );
    let made = made.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    served.get("/v1/experiments").problem(401, "unauthenticated");
    assert_eq!(served.call("GET", "/v1/experiments", &[("x-api-key", key)], "").status, 200);

    by_token(&served, "DELETE", &format!("/v1/keys/{id}"), "");
    served.get("/v1/experiments").problem(401, "unauthenticated");
    served.restart(|_| {});
    served.get("/v1/experiments").problem(401, "unauthenticated");
    // Whoever owns the folder is not locked out, and is named.
    let again = by_token(&served, "POST", "/v1/keys", "{\"name\": \"ops\", \"role\": \"admin\"}").json();
    let key = again["key"].as_str().unwrap();
    assert_eq!(served.call("GET", "/v1/experiments", &[("x-api-key", key)], "").status, 200);
    let audit = by_token(&served, "GET", "/v1/audit", "").json();
    let who: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().map(|entry| entry["who"].as_str().unwrap()).collect();
    assert_eq!(who, ["loopback", "start-token", "start-token"]);
    assert_eq!(audit["broken"], Value::Null);
}

#[test]
fn changes_are_audited_by_the_name_and_id_of_the_key() {
    let served = Served::start();
    let (id, key) = served.make_key("Ops \u{202e}team", Role::Admin);
    let made = served.call(
        "POST",
        "/v1/experiments",
        &[("x-api-key", &key), ("content-type", "application/yaml")],
        super::under_test::WINBACK,
    );
    assert_eq!(made.status, 201);
    let audit = served.server().store().audit().unwrap();
    assert_eq!(audit.entries[1].who, format!("Ops \u{202e}team ({id})"));
}

#[test]
fn a_key_in_force_lets_the_server_listen_beyond_this_machine() {
    let data = tempfile::tempdir().unwrap();
    let start = || {
        let mut settings = settings(&data);
        settings.listen = "0.0.0.0:0".to_owned();
        Server::start(settings)
    };
    let store =
        experiment_server::store::Store::open(data.path(), experiment_server::store::system_clock()).unwrap();
    let new = experiment_server::store::NewKey::new("shop", Role::Client).unwrap();
    let id = store.create_key(new).wait().unwrap().key.id;
    drop(store);
    let server = start().unwrap();
    assert!(server.needs_key());
    server.store().revoke_key(id).wait().unwrap();
    let answer = ureq::get(format!("{}/v1/experiments", server.url().replace("0.0.0.0", "127.0.0.1")))
        .config()
        .http_status_as_error(false)
        .build()
        .call()
        .unwrap();
    assert_eq!(answer.status(), 401, "it stays closed while it runs");
    server.stop().unwrap();
    let error = start().unwrap_err();
    assert!(matches!(error, StartError::NotLoopback { .. }), "{error}");
    assert!(error.to_string().contains("no key is in force"), "{error}");
}
