//! Pages of named origins, and of all others.

use experiment_server::settings::Settings;

use super::under_test::{Answer, KEY, Served, with_key};

const SHOP: &str = "https://shop.example";

fn named(settings: &mut Settings) {
    settings.cors_origins = vec![SHOP.parse().unwrap(), "http://localhost:3000".parse().unwrap()];
}

fn named_with_key(settings: &mut Settings) {
    named(settings);
    with_key(settings);
}

fn preflight(served: &Served, origin: &str) -> Answer {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, x-api-key"),
    ];
    served.call("OPTIONS", "/v1/assign", &asked, "")
}

fn from(served: &Served, origin: &str, more: &[(&str, &str)]) -> Answer {
    served.call("GET", "/v1/experiments", &[&[("origin", origin)], more].concat(), "")
}

fn allowed(answer: &Answer) -> &str {
    answer.header("access-control-allow-origin")
}

#[test]
fn a_named_origin_is_answered_before_it_has_a_key() {
    let served = Served::start_with(named_with_key);
    let answer = preflight(&served, SHOP);
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(allowed(&answer), SHOP);
    assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,POST,PUT,DELETE");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "authorization,x-api-key,content-type,if-none-match,if-match,idempotency-key"
    );
    assert_eq!(answer.header("access-control-max-age"), "3600");
    assert_eq!(answer.header("vary"), "origin");
    assert_eq!(allowed(&preflight(&served, "http://localhost:3000")), "http://localhost:3000");
    for answer in [answer, from(&served, SHOP, &[("x-api-key", KEY)]), from(&served, SHOP, &[])] {
        // No page may use what the browser keeps, or be any page.
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        assert!(answer.headers.iter().all(|(_, value)| value != "*"));
    }
}

#[test]
fn a_named_origin_may_read_answers_and_refusals() {
    let served = Served::start_with(named_with_key);
    for (headers, status) in [(vec![("x-api-key", KEY)], 200), (vec![], 401)] {
        let answer = from(&served, SHOP, &headers);
        assert_eq!((answer.status, allowed(&answer)), (status, SHOP));
        assert_eq!(
            answer.header("access-control-expose-headers"),
            "etag,retry-after,ratelimit,ratelimit-policy"
        );
        assert_eq!(answer.header("vary"), "origin");
    }
}

#[test]
fn other_origins_may_not() {
    let served = Served::start_with(named_with_key);
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "https://SHOP.example",
        "https://shop.example/",
        "null",
        "*",
        "",
    ] {
        assert_eq!(allowed(&preflight(&served, origin)), "", "{origin}");
        let answer = from(&served, origin, &[("x-api-key", KEY)]);
        // Whoever has a key is answered; a browser keeps the answer from the page.
        assert_eq!((answer.status, allowed(&answer)), (200, ""), "{origin}");
        assert_eq!(answer.header("vary"), "origin", "another page must not get this answer from a cache");
    }
    assert_eq!(allowed(&served.get("/healthz")), "");
}

#[test]
fn unless_origins_are_named_browsers_are_told_nothing() {
    let served = Served::start_with(with_key);
    let answer = preflight(&served, SHOP);
    answer.problem(401, "unauthenticated");
    for answer in [answer, from(&served, SHOP, &[("x-api-key", KEY)])] {
        let told = |name: &str| name.starts_with("access-control") || name == "vary";
        assert!(!answer.headers.keys().any(|name| told(name.as_str())), "{:?}", answer.headers);
    }
}

#[test]
fn without_keys_a_named_origin_passes_and_others_do_not() {
    let served = Served::start_with(named);
    let answer = from(&served, SHOP, &[("sec-fetch-site", "cross-site")]);
    assert_eq!((answer.status, allowed(&answer)), (200, SHOP));
    let answer = from(&served, "https://evil.example", &[]);
    answer.problem(403, "foreign-origin");
    assert_eq!(allowed(&answer), "");
    // A named page is none of this machine's names: rebinding one's name opens nothing.
    let rebound = served.raw(&format!(
        "GET /v1/experiments HTTP/1.1\r\nHost: shop.example\r\nOrigin: {SHOP}\r\nConnection: close\r\n\r\n"
    ));
    assert!(rebound.starts_with("HTTP/1.1 403 "), "{rebound}");
    // No page gets what needs the start token: it may not send it.
    let allowed_headers = preflight(&served, SHOP).header("access-control-allow-headers").to_owned();
    assert!(!allowed_headers.contains("start-token"), "{allowed_headers}");
}
