//! A server without keys is open to this machine, and to no web page that uses its browser.

use super::under_test::{Served, with_key};

/// The status of a request with these lines; `{own}` is the server's address.
fn status(served: &Served, target: &str, lines: &[&str]) -> String {
    let own = served.server().url().strip_prefix("http://").unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n").replace("{own}", own);
    served.raw(&request).split(' ').nth(1).unwrap_or("none").to_owned()
}

#[test]
fn a_name_that_was_pointed_at_this_machine_is_refused() {
    let served = Served::start();
    let host = |host: &str| status(&served, "/v1/experiments", &[&format!("Host: {host}")]);
    for fine in [
        "{own}",
        "localhost",
        "LocalHost:8016",
        "localhost.",
        "localhost.:80",
        "127.0.0.1.",
        "[::1]",
        "[::1]:8016",
        "[::ffff:127.0.0.1]:8016",
        "app.localhost:8016",
    ] {
        assert_eq!(host(fine), "200", "{fine}");
    }
    for foreign in [
        "evil.example",
        "evil.example:8016",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "localhost:80@evil.example",
        "evil.example#localhost",
        "0.0.0.0:8016",
        "[::]:8016",
        "[::ffff:192.168.0.1]",
        "192.168.0.1",
        "localhost..",
        "localhost:",
        "localhost:99999",
        "",
    ] {
        assert_eq!(host(foreign), "403", "{foreign}");
    }
    assert_eq!(status(&served, "/v1/experiments", &[]), "403", "no Host");
    assert_eq!(status(&served, "/v1/experiments", &["Host: localhost", "Host: evil.example"]), "403");
    assert_eq!(status(&served, "/v1/experiments", &["Host: localhost\u{e9}"]), "403");
    // Probes tell nothing, and are refused all the same.
    assert_eq!(status(&served, "/healthz", &["Host: evil.example"]), "403");
}

#[test]
fn a_target_with_an_authority_must_mean_this_machine_too() {
    let served = Served::start();
    let host = ["Host: {own}"];
    for fine in
        ["http://{own}/v1/experiments", "http://LOCALHOST/v1/experiments", "http://[::1]:8016/v1/experiments"]
    {
        assert_eq!(status(&served, fine, &host), "200", "{fine}");
    }
    for foreign in [
        "http://evil.example/v1/experiments",
        "http://localhost@evil.example/v1/experiments",
        "http://evil.example@localhost/v1/experiments",
        "https://evil.example:443/v1/experiments",
    ] {
        assert_eq!(status(&served, foreign, &host), "403", "{foreign}");
    }
    assert_eq!(status(&served, "http://{own}/v1/experiments", &["Host: evil.example"]), "403");
    assert_eq!(
        status(&served, "http://{own}/v1/experiments", &["Host: {own}", "Origin: http://evil.example"]),
        "403"
    );
}

#[test]
fn a_page_of_another_origin_is_refused() {
    let served = Served::start();
    let own = served.server().url().strip_prefix("http://").unwrap().to_owned();
    let port = own.split_once(':').unwrap().1.to_owned();
    let origin =
        |origin: &str| status(&served, "/v1/experiments", &["Host: {own}", &format!("Origin: {origin}")]);
    assert_eq!(origin("http://{own}"), "200");
    assert_eq!(origin("HTTP://{own}"), "200");
    let localhost = |origin: String| {
        status(
            &served,
            "/v1/experiments",
            &[&format!("Host: localhost:{port}"), &format!("Origin: {origin}")],
        )
    };
    assert_eq!(localhost(format!("http://localhost:{port}")), "200");
    assert_eq!(localhost(format!("http://LOCALHOST:{port}")), "200");
    assert_eq!(localhost(format!("http://127.0.0.1:{port}")), "403", "another name is another origin");
    assert_eq!(
        status(&served, "/v1/experiments", &["Host: localhost:80", "Origin: http://localhost"]),
        "200"
    );
    for foreign in [
        "http://evil.example",
        "null",
        "https://{own}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost.evil.example",
        "http://{own}.evil.example",
        "http://evil.example@{own}",
        "http://{own}/",
        "",
        "file://",
    ] {
        assert_eq!(origin(foreign), "403", "{foreign}");
    }
    assert_eq!(origin("http://{own}\r\nOrigin: http://evil.example"), "403", "two of them");
}

#[test]
fn a_page_that_hides_its_origin_is_told_by_the_browser() {
    let served = Served::start();
    let sent = |site: &str, mode: &str| {
        let lines = ["Host: {own}", &format!("Sec-Fetch-Site: {site}"), &format!("Sec-Fetch-Mode: {mode}")];
        status(&served, "/v1/experiments", &lines)
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(sent(site, "no-cors"), "403", "an image of another page");
        assert_eq!(sent(site, "navigate"), "200", "somebody follows a link");
    }
    assert_eq!(sent("same-origin", "cors"), "200");
    assert_eq!(sent("none", "navigate"), "200", "somebody types the address");
    let form = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    served.call("POST", "/v1/power", &form, "{}").problem(403, "foreign-origin");
}

#[test]
fn with_keys_any_name_will_do() {
    let served = Served::start_with(with_key);
    let key = format!("X-API-Key: {}", super::under_test::KEY);
    for host in ["ab.example.com", "evil.example", "{own}"] {
        let host = format!("Host: {host}");
        assert_eq!(status(&served, "/v1/experiments", &[&host, &key]), "200");
        assert_eq!(status(&served, "/v1/experiments", &[&host]), "401");
    }
}
