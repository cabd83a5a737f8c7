//! Addresses and methods.

use super::under_test::Served;

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
    assert_eq!(detail("/"), "nothing is at /; mend: see docs/http.md for those there are");
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
fn every_answer_forbids_caching_and_guessing() {
    let served = Served::start();
    for answer in [served.get("/v1/experiments"), served.get("/v1/nothing")] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
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
