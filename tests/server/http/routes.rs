//! Addresses and methods.

use experiment_server::store::Role;

use super::under_test::{KEY, Served, with_key};

#[test]
fn unknown_addresses_get_the_nearest() {
    let served = Served::start();
    let detail =
        |path: &str| served.get(path).problem(404, "unknown-route")["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail("/v1/asign"), "nothing is at /v1/asign; mend: did you mean /v1/assign?");
    assert_eq!(
        detail("/v1/experiments/winback/result"),
        "nothing is at /v1/experiments/winback/result; mend: did you mean /v1/experiments/winback/results?"
    );
    assert_eq!(detail("/x"), "nothing is at /x; mend: see docs/http.md for those there are");
}

#[test]
fn other_methods_are_405_with_those_there_are() {
    let served = Served::start();
    for (method, path, allowed) in [
        ("GET", "/v1/assign", "POST"),
        ("DELETE", "/v1/experiments/winback", "GET,HEAD,PUT"),
        ("PUT", "/v1/experiments", "GET,HEAD,POST"),
        ("POST", "/healthz", "GET,HEAD"),
    ] {
        let answer = served.call(method, path, &[], "");
        answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[test]
fn who_has_no_key_learns_no_methods() {
    let served = Served::start_with(with_key);
    for (method, path) in
        [("DELETE", "/v1/assign"), ("POST", "/v1/audit"), ("PUT", "/company"), ("GET", "/v1/none")]
    {
        let answer = served.call(method, path, &[], "");
        answer.problem(401, "unauthenticated");
        assert!(!answer.headers.contains_key("allow"), "{method} {path}");
    }
    // Of what is open anybody may know.
    assert_eq!(served.call("POST", "/healthz", &[], "").header("allow"), "GET,HEAD");
}

#[test]
fn every_answer_tells_browsers_to_keep_guess_frame_and_run_nothing() {
    let served = Served::start_with(|settings| {
        with_key(settings);
        settings.cors_origins = vec!["https://shop.example".parse().unwrap()];
    });
    let limited = served.make_limited_key("shop", Role::Client, "1/d");
    let by = |key: &'static str| [("x-api-key", key), ("content-type", "application/json")];
    let answers = [
        ("200", served.call("GET", "/v1/experiments", &by(KEY), "")),
        ("200", served.get("/healthz")),
        ("200", served.call("OPTIONS", "/v1/assign", &[("origin", "https://shop.example")], "")),
        ("200", served.call("POST", "/v1/backup", &by(KEY), "")),
        ("401", served.get("/v1/experiments")),
        ("404", served.call("GET", "/v1/nothing", &by(KEY), "")),
        ("405", served.call("DELETE", "/v1/assign", &by(KEY), "")),
        ("403", served.call("GET", "/v1/keys", &[("x-api-key", &limited)], "")),
        ("429", served.call("GET", "/v1/keys", &[("x-api-key", &limited)], "")),
        ("413", served.call("POST", "/v1/assign", &by(KEY), &" ".repeat(600_000))),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status.to_string(), status);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            let told: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(told, [value], "{status}: {name}");
        }
        // There is no TLS here that could be asked for, and nothing is told about what runs.
        for name in ["strict-transport-security", "server", "x-powered-by", "set-cookie"] {
            assert!(!answer.headers.contains_key(name), "{status}: {name}");
        }
    }
}

#[test]
fn parameters_nobody_reads_are_refused() {
    let served = Served::with_winback();
    let problem = served.get("/v1/experiments/winback?verbose=1").problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["mend"], "this call has no parameters");
    let long = format!("/v1/experiments/winback?{}", "x".repeat(5_000));
    served.get(&long).problem(400, "invalid-parameter");
}
