//! How many requests a key may send; the exact arithmetic is tested beside it.

use experiment_server::store::Role;

use super::under_test::{Answer, KEY, Served, with_key};

fn ask(served: &Served, key: &str) -> Answer {
    served.call("GET", "/v1/experiments", &[("x-api-key", key)], "")
}

/// A refusal that says when to come again.
fn refused(answer: &Answer, name: &str, window: u64) {
    answer.problem(429, "rate-limited");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=window).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("ratelimit"), format!("\"{name}\";r=0;t={seconds}"));
}

#[test]
fn a_flood_from_one_key_stops_no_other() {
    let served = Served::start_with(with_key);
    let flood = served.make_limited_key("flood", Role::Analyst, "2/d");
    let (_, other) = served.make_key("other", Role::Analyst);
    for left in [1, 0] {
        let answer = ask(&served, &flood);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=2;w=86400");
        assert_eq!(answer.header("ratelimit"), format!("\"key\";r={left};t=43200"));
    }
    for _ in 0..20 {
        let answer = ask(&served, &flood);
        refused(&answer, "key", 43_200);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=2;w=86400");
        let answer = ask(&served, &other);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, ""));
    }
    // What is refused otherwise counts too: whoever tries doors is slowed down.
    let tries = served.make_limited_key("tries", Role::Client, "1/d");
    let answer = ask(&served, &tries);
    answer.problem(403, "forbidden");
    assert_eq!(answer.header("ratelimit"), "\"key\";r=0;t=86400");
    refused(&ask(&served, &tries), "key", 86_400);
    // Nobody's quota is spent by somebody without the key.
    let guess = format!("{}{}", &other[..24], "0".repeat(64));
    let answer = ask(&served, &guess);
    assert_eq!((answer.status, answer.header("ratelimit")), (401, ""));
}

#[test]
fn the_servers_limit_is_for_every_key_without_one_of_its_own() {
    let served = Served::start_with(|settings| {
        with_key(settings);
        settings.rate_limit = "1/d".parse().ok();
    });
    let (_, shop) = served.make_key("shop", Role::Analyst);
    let own = served.make_limited_key("own", Role::Analyst, "1000/s");
    for key in [KEY, &shop] {
        assert_eq!(ask(&served, key).header("ratelimit-policy"), "\"default\";q=1;w=86400");
        refused(&ask(&served, key), "default", 86_400);
    }
    for _ in 0..5 {
        assert_eq!(ask(&served, &own).status, 200);
    }
    // Probes are not counted, and the owner of the folder gets in.
    assert_eq!(served.get("/healthz").status, 200);
    let token = served.token();
    for _ in 0..3 {
        assert_eq!(served.call("GET", "/v1/keys", &[("x-start-token", &token)], "").status, 200);
    }
}

#[test]
fn without_keys_the_limit_is_this_machines() {
    let served = Served::start_with(|settings| settings.rate_limit = "2/d".parse().ok());
    assert_eq!([served.get("/v1/experiments").status, served.get("/v1/nothing").status], [200, 404]);
    let answer = served.get("/v1/experiments");
    refused(&answer, "default", 43_200);
    assert_eq!(served.get("/readyz").status, 200);
    let token = served.token();
    assert_eq!(served.call("GET", "/v1/experiments", &[("x-start-token", &token)], "").status, 200);
}

#[test]
fn without_a_limit_nothing_is_said_of_one() {
    let served = Served::start_with(with_key);
    let answer = ask(&served, KEY);
    assert!(!answer.headers.contains_key("ratelimit") && !answer.headers.contains_key("ratelimit-policy"));
}
