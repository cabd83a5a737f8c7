//! Signing in and out.

use experiment_server::store::Role;

use super::super::under_test::{Answer, KEY, Served, with_key};
use super::page;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Sends the form, as the browser of somebody at this server does.
fn sign_in(served: &Served, key: &str, next: &str) -> Answer {
    served.call(
        "POST",
        "/sign-in",
        &[FORM, ("origin", served.server().url())],
        &format!("key={key}&next={next}"),
    )
}

/// The cookie that an answer gives, as it is sent back.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(served: &Served, method: &str, path: &str, cookie: &str) -> Answer {
    served.call(method, path, &[("cookie", cookie)], "")
}

#[test]
fn a_key_that_may_read_opens_the_pages_and_no_other() {
    let served = Served::start_with(with_key);
    let [client, analyst, admin] = Role::ALL.map(|role| served.make_key(role.name(), role).1);
    let form = served.get("/sign-in?next=/company");
    assert!(
        page(&form, 200).contains("<input type=\"hidden\" name=\"next\" value=\"/company\">"),
        "{}",
        form.text
    );
    for (key, name) in [(analyst.as_str(), "analyst"), (&admin, "admin"), (KEY, "EXPERIMENT_ADMIN_KEY")] {
        let answer = sign_in(&served, key, "/company");
        assert_eq!((answer.status, answer.header("location")), (303, "/company"), "{name}");
        let first = with_cookie(&served, "GET", "/", &cookie(&answer));
        assert!(page(&first, 200).contains(&format!("<span>{name}")), "{name}: {}", first.text);
    }
    let refused = sign_in(&served, &client, "/");
    assert!(page(&refused, 403).contains("role does not allow"), "{}", refused.text);
    let unknown = sign_in(&served, "experiment_x", "/");
    assert!(page(&unknown, 401).contains("the key is not known"), "{}", unknown.text);
    assert!(page(&sign_in(&served, "", "/"), 401).contains("<form method=\"post\" action=\"/sign-in\""));
    for answer in [&refused, &unknown] {
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[test]
fn without_keys_nobody_signs_in() {
    let served = Served::start();
    page(&served.get("/"), 200);
    let form = served.get("/sign-in?next=%2Flayers");
    assert_eq!((form.status, form.header("location")), (303, "/layers"));
    let answer = sign_in(&served, "x", "/layers");
    assert_eq!((answer.status, answer.header("location")), (303, "/layers"));
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[test]
fn no_script_and_no_other_site_gets_the_cookie() {
    let served = Served::start_with(with_key);
    let attributes = |answer: &Answer| answer.header("set-cookie").split_once("; ").unwrap().1.to_owned();
    let plain = sign_in(&served, KEY, "/");
    assert_eq!(attributes(&plain), "Path=/; HttpOnly; SameSite=Lax; Max-Age=43200");
    let token = cookie(&plain);
    let token = token.strip_prefix("experiment_session=").unwrap();
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    assert_ne!(cookie(&plain), cookie(&sign_in(&served, KEY, "/")), "each has its own");
    // Behind a proxy that encrypts.
    let origin = served.server().url().replace("http://", "https://");
    let encrypted = served.call("POST", "/sign-in", &[FORM, ("origin", &origin)], &format!("key={KEY}"));
    assert_eq!(attributes(&encrypted), "Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure");
}

#[test]
fn the_cookie_opens_no_call() {
    let served = Served::start_with(with_key);
    let cookie = cookie(&sign_in(&served, KEY, "/"));
    page(&with_cookie(&served, "GET", "/segments", &cookie), 200);
    for (method, path) in [
        ("GET", "/v1/experiments"),
        ("GET", "/v1/catalog"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/experiments"),
        ("POST", "/v1/assign"),
        ("DELETE", "/v1/customers/c"),
        ("POST", "/ofrep/v1/evaluate/flags"),
    ] {
        assert_eq!(with_cookie(&served, method, path, &cookie).status, 401, "{method} {path}");
    }
}

#[test]
fn a_session_ends_with_its_key_its_owner_and_its_time() {
    let served = Served::start_with(with_key);
    let (id, key) = served.make_key("ana", Role::Analyst);
    let status = |cookie: &str| with_cookie(&served, "GET", "/", cookie).status;
    let of_key = cookie(&sign_in(&served, &key, "/"));
    let [of_owner, of_time] = [(); 2].map(|()| cookie(&sign_in(&served, KEY, "/")));
    assert_eq!([&of_key, &of_owner, &of_time].map(|cookie| status(cookie)), [200; 3]);

    served.revoke(&id);
    assert_eq!([&of_key, &of_owner, &of_time].map(|cookie| status(cookie)), [303, 200, 200]);

    let headers = [("cookie", of_owner.as_str()), ("origin", served.server().url())];
    let out = served.call("POST", "/sign-out", &headers, "");
    assert_eq!((out.status, out.header("location")), (303, "/"));
    assert_eq!(out.header("set-cookie"), "experiment_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_eq!([&of_owner, &of_time].map(|cookie| status(cookie)), [303, 200]);

    served.pass("12h");
    assert_eq!(status(&of_time), 303);
    assert_eq!(status("experiment_session=0123"), 303);
}

#[test]
fn signing_in_leads_nowhere_else() {
    let served = Served::start_with(with_key);
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
        "%0d%0ax:y",
        "",
    ] {
        let answer = sign_in(&served, KEY, next);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{next}");
        let form = served.get(&format!("/sign-in?next={next}"));
        assert!(page(&form, 200).contains("name=\"next\" value=\"/\">"), "{next}: {}", form.text);
    }
    let deep = sign_in(&served, KEY, "%2Fexperiments%2Fwinback%3Fby%3Dplan%26as_of%3D2026-01-01");
    assert_eq!(deep.header("location"), "/experiments/winback?by=plan&as_of=2026-01-01");
    let led = served.get("/experiments/winback?by=plan&as_of=2026-01-01");
    let form = "/sign-in?next=%2Fexperiments%2Fwinback%3Fby%3Dplan%26as_of%3D2026-01-01";
    assert_eq!((led.status, led.header("location")), (303, form));
}

#[test]
fn no_other_site_signs_anybody_in_or_out() {
    let served = Served::start_with(with_key);
    let cookie = cookie(&sign_in(&served, KEY, "/"));
    let body = format!("key={KEY}");
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"] {
        let headers = [FORM, ("origin", origin), ("cookie", &cookie)];
        let answer = served.call("POST", "/sign-in", &headers, &body);
        assert!(page(&answer, 403).contains("another site"), "{origin}: {}", answer.text);
        assert!(!answer.headers.contains_key("set-cookie"), "{origin}");
        page(&served.call("POST", "/sign-out", &headers, ""), 403);
    }
    let hidden =
        served.call("POST", "/sign-out", &[("sec-fetch-site", "cross-site"), ("cookie", &cookie)], "");
    page(&hidden, 403);
    page(&with_cookie(&served, "GET", "/", &cookie), 200);
}
