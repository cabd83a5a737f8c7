//! Ways of writing an address, and of putting more into a header than belongs there.

use experiment_server::store::Role;

use super::under_test::{KEY, Served, with_key};

/// Ways to write `GET /v1/keys`, with what a key that may not gets for it.
const SPELLINGS: [(&str, &str); 30] = [
    ("/v1/keys", "403"),
    ("/v1/keys?", "403"),
    ("/v1/keys?/healthz", "403"),
    ("http://localhost/v1/keys", "403"),
    ("http://evil.example/v1/keys", "403"),
    ("//v1/keys", "404"),
    ("/v1//keys", "404"),
    ("/v1/./keys", "404"),
    ("/./v1/keys", "404"),
    ("/v1/../v1/keys", "404"),
    ("/healthz/../v1/keys", "404"),
    ("/healthz/%2e%2e/v1/keys", "404"),
    ("/healthz%2f..%2fv1%2fkeys", "404"),
    ("/healthz;/v1/keys", "404"),
    ("/healthz/", "404"),
    ("//healthz", "404"),
    ("/healthz%00", "404"),
    ("/v1/keys/", "404"),
    ("/V1/keys", "404"),
    ("/v1/KEYS", "404"),
    ("/%76%31/keys", "404"),
    ("/v1/%6beys", "404"),
    ("/v1%2Fkeys", "404"),
    ("/v1%2fkeys", "404"),
    ("/v1/keys;x", "404"),
    ("/v1;x/keys", "404"),
    ("/v1/keys%00", "404"),
    ("/v1/keys%20", "404"),
    ("/v1/keys%3f", "404"),
    ("*", "404"),
];

fn status(served: &Served, method: &str, target: &str, more: &str) -> String {
    let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{more}Connection: close\r\n\r\n");
    served.raw(&request).split(' ').nth(1).unwrap_or("none").to_owned()
}

#[test]
fn no_spelling_of_an_address_goes_around_the_key() {
    let served = Served::start_with(with_key);
    let (_, client) = served.make_key("shop", Role::Client);
    for (target, expected) in SPELLINGS {
        for (method, through) in
            [("GET", true), ("HEAD", true), ("OPTIONS", false), ("get", false), ("TRACE", false)]
        {
            assert_eq!(status(&served, method, target, ""), "401", "{method} {target}");
            let answered = status(&served, method, target, &format!("X-API-Key: {client}\r\n"));
            if through {
                assert_eq!(answered, expected, "{method} {target}");
            } else {
                assert!(["404", "405"].contains(&answered.as_str()), "{method} {target}: {answered}");
            }
        }
    }
}

#[test]
fn a_parameter_of_an_address_stays_one() {
    let served = Served::start_with(with_key);
    let (_, analyst) = served.make_key("ana", Role::Analyst);
    // A key of an experiment that looks like the rest of an address is a key.
    for target in
        ["/v1/experiments/a%2Farchive", "/v1/experiments/..%2f..%2fv1%2fkeys", "/v1/experiments/%2e%2e"]
    {
        let answer = served.raw(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {analyst}\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("unknown-experiment"), "{answer}");
    }
    for target in ["/v1/experiments/%ff", "/v1/keys/%ff%fe/rotate"] {
        let refused = status(
            &served,
            if target.contains("keys") { "POST" } else { "GET" },
            target,
            &format!("X-API-Key: {KEY}\r\n"),
        );
        assert_eq!(refused, "400", "{target}");
    }
}

#[test]
fn no_value_puts_a_header_into_the_answer() {
    let served = Served::start_with(|settings| {
        with_key(settings);
        settings.cors_origins = vec!["https://shop.example".parse().unwrap()];
    });
    let key = format!("X-API-Key: {KEY}\r\n");
    let injected = "%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a";
    for target in [
        format!("/v1/experiments/{injected}"),
        format!("/v1/experiments/x/results?as_of={injected}"),
        format!("/v1/customers/{injected}/erasure"),
        format!("/{injected}"),
    ] {
        let answer = served
            .raw(&format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{key}Connection: close\r\n\r\n"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_ascii_lowercase().contains("set-cookie"), "{answer}");
        assert!(!body.contains("\r\n"), "{answer}");
    }
    // A key of an experiment stands in `Location`; it has no such characters.
    let definition = "{\"key\": \"a\\r\\nSet-Cookie: a=b\"}";
    let answer = served.call(
        "POST",
        "/v1/experiments",
        &[("x-api-key", KEY), ("content-type", "application/json")],
        definition,
    );
    assert_eq!(answer.status, 422);
    assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("location"));
    // A bare carriage return or a folded line is no header.
    for broken in [
        "X-API-Key: a\rX-Start-Token: b\r\n",
        "Origin: https://shop.example\r\n x: y\r\n",
        "X-API-Key : a\r\n",
        "X\0: y\r\n",
    ] {
        assert_eq!(status(&served, "GET", "/healthz", broken), "400", "{broken:?}");
    }
}

#[test]
fn one_request_is_one_whatever_its_length_is_said_to_be() {
    let served = Served::start_with(with_key);
    let smuggled = format!("GET /v1/keys HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    for lengths in [
        "Content-Length: 4\r\nContent-Length: 5\r\n".to_owned(),
        "Content-Length: +4\r\n".to_owned(),
        "Content-Length: 4, 5\r\n".to_owned(),
        "Transfer-Encoding: gzip\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
    ] {
        let request = format!("POST /v1/power HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\nabcd{smuggled}");
        let answer = served.raw(&request);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lengths:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{lengths:?}: {answer}");
    }
}
