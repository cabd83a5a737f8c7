//! Keys, and what keeps strangers out without them.

use experiment_server::http::{Server, StartError};

use super::under_test::{KEY, Served, WINBACK, settings, with_key};

#[test]
fn with_a_key_every_call_needs_it() {
    let served = Served::start_with(with_key);
    let get = |headers: &[(&str, &str)]| served.call("GET", "/v1/experiments", headers, "");
    let bearer = format!("Bearer {KEY}");
    assert_eq!(get(&[("authorization", &bearer)]).status, 200);
    assert_eq!(get(&[("authorization", &bearer.replace("Bearer", "bearer"))]).status, 200);
    assert_eq!(get(&[("x-api-key", KEY)]).status, 200);
    assert_eq!(get(&[("x-api-key", KEY), ("authorization", &bearer)]).status, 200, "twice the same");
    assert_eq!(get(&[("x-api-key", KEY), ("authorization", "Basic dXNlcjpwYXNz")]).status, 200, "a proxy's");
    let almost = format!("{}0", &KEY[..31]);
    for headers in [
        vec![],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Basic dXNlcjpwYXNz")],
        vec![("authorization", KEY)],
        vec![("x-api-key", "")],
        vec![("x-api-key", &almost)],
        vec![("x-api-key", &KEY[..31])],
        vec![("x-api-key", "wrong"), ("authorization", &bearer)],
        vec![("x-api-key", KEY), ("authorization", "Bearer wrong")],
        vec![("x-api-key", KEY), ("x-api-key", &almost)],
        vec![("authorization", &bearer), ("authorization", "Bearer wrong")],
    ] {
        let answer = get(&headers);
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"experiment\"");
    }
    // Nothing is told about addresses or methods either.
    served.get("/v1/nothing").problem(401, "unauthenticated");
    served.call("DELETE", "/v1/experiments", &[], "").problem(401, "unauthenticated");
    served.post("/v1/assign", "{").problem(401, "unauthenticated");
}

#[test]
fn an_admin_key_needs_no_start_token() {
    let served = Served::start_with(with_key);
    let call = |path: &str, body: &str| {
        served.call("POST", path, &[("x-api-key", KEY), ("content-type", "application/yaml")], body)
    };
    assert_eq!(call("/v1/experiments", WINBACK).status, 201);
    assert_eq!(call("/v1/experiments/winback/archive", "").status, 200);
}

#[test]
fn without_a_key_only_loopback_is_listened_on() {
    let data = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let mut settings = settings(&data);
        settings.listen = listen.to_owned();
        let error = Server::start(settings).unwrap_err();
        assert!(matches!(error, StartError::NotLoopback { .. }), "{error}");
        assert!(error.to_string().contains("EXPERIMENT_ADMIN_KEY"), "{error}");
    }
    assert!(!data.path().join("log.redb").exists(), "nothing was made");
    let mut settings = settings(&data);
    settings.listen = "0.0.0.0:0".to_owned();
    with_key(&mut settings);
    Server::start(settings).unwrap().stop().unwrap();
}
