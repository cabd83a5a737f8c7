//! What others wrote is text, whatever stands in it.

use serde_json::json;

use super::super::under_test::{KEY, Served, with_key};
use super::{POLICY, open};

/// Closes whatever it may stand in, and begins a script.
const HOSTILE: &str = "</textarea></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn served() -> Served {
    let served = Served::start();
    let definition = json!({
        "key": "hostile",
        "hypothesis": HOSTILE,
        "audience": {"plan": {"$ne": HOSTILE}},
        "variants": [{"key": "control"}, {"key": "discount", "payload": {"text": HOSTILE}}],
        "dimensions": [HOSTILE],
        "metrics": [{"key": "kept", "kind": "conversion", "event": HOSTILE, "window": {"to": "1d"}, "role": "primary"}],
        "plan": {"method": "fixed", "target": {"customers_per_arm": 1}},
    });
    let answer = served.post("/v1/experiments", &definition.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text);
    let etag = answer.header("etag").to_owned();
    let put = [("content-type", "application/json"), ("if-match", etag.as_str())];
    let mut changed = definition;
    changed["hypothesis"] = json!(format!("{HOSTILE}!"));
    assert_eq!(served.call("PUT", "/v1/experiments/hostile", &put, &changed.to_string()).status, 200);
    assert_eq!(served.post("/v1/experiments/hostile/start", "").status, 200);
    let etag = served.get("/v1/catalog").header("etag").to_owned();
    let put = [("content-type", "application/json"), ("if-match", etag.as_str())];
    let catalog = json!({"segments": {"odd": {HOSTILE: HOSTILE}}, "groups": {"odd": [HOSTILE]}});
    assert_eq!(served.call("PUT", "/v1/catalog", &put, &catalog.to_string()).status, 200);
    for n in 0..40 {
        let customer = format!("{HOSTILE}{n}");
        let body =
            json!({"experiment": "hostile", "customer": {"id": customer, "attributes": {HOSTILE: HOSTILE}}});
        assert_eq!(served.post("/v1/assign", &body.to_string()).json()["exposure"], "recorded");
        let event = json!({"id": format!("{n}"), "customer": customer, "event": HOSTILE});
        served.send("/v1/conversions", &event.to_string());
    }
    served.pass("3d");
    served.get("/v1/experiments/hostile/results?fresh");
    served
}

fn paths() -> Vec<(String, u16)> {
    let hostile = encoded(HOSTILE);
    let fine = [
        "/".to_owned(),
        "/experiments/hostile".to_owned(),
        format!("/experiments/hostile?by={hostile}"),
        "/experiments/hostile/definition".to_owned(),
        "/experiments/hostile/customer".to_owned(),
        format!(
            "/experiments/hostile/customer?id={hostile}0&attributes={}",
            encoded(&json!({HOSTILE: HOSTILE}).to_string())
        ),
        "/company".to_owned(),
        format!("/company?from=2026-03-01&to=2026-03-02&event={hostile}"),
        "/segments".to_owned(),
        "/layers".to_owned(),
    ];
    let wrong = [
        (format!("/experiments/{hostile}"), 404),
        (format!("/experiments/hostile?{hostile}={hostile}"), 400),
        (format!("/experiments/hostile?as_of={hostile}"), 400),
        (format!("/experiments/hostile/definition?from={hostile}"), 400),
        (format!("/experiments/hostile/customer?id={hostile}&attributes={hostile}"), 400),
        (format!("/company?event={hostile}&within={hostile}"), 400),
        (format!("/company?event=no{hostile}"), 400),
        (format!("/company.csv?from={hostile}"), 400),
        (format!("/sign-in?next=%2F{hostile}"), 303),
    ];
    fine.map(|path| (path, 200)).into_iter().chain(wrong).collect()
}

/// The page has nothing in it but its own marks: its only scripts are files, and no mark carries a style or a handler.
fn assert_inert(path: &str, html: &str) {
    assert_eq!(
        html.matches("<script").count(),
        html.matches("<script src=\"/assets/page-").count(),
        "{path}: {html}"
    );
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        // Values stand in quotes, in which a mark can't end.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let mark = &after[..end.unwrap_or_else(|| panic!("{path}: a mark does not end: {after}"))];
        let names = mark.split('"').step_by(2).flat_map(str::split_whitespace);
        for name in names {
            let name = name.trim_end_matches('=').to_ascii_lowercase();
            assert!(!name.starts_with("on") && name != "style", "{path}: <{mark}>");
        }
        assert!(!mark.starts_with("style") && !mark.starts_with("img"), "{path}: <{mark}>");
        assert!(!mark.to_ascii_lowercase().contains("javascript:"), "{path}: <{mark}>");
        rest = &after[mark.len()..];
    }
}

#[test]
fn what_others_wrote_is_text() {
    let served = served();
    for (path, status) in paths() {
        let answer = served.get(&path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(
            !answer.text.contains("<script>") && !answer.text.contains("<img"),
            "{path}: {}",
            answer.text
        );
    }
    // It is there, and can be read.
    let escaped = "&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#62;&#60;img";
    for path in ["/", "/experiments/hostile", "/experiments/hostile/definition", "/company", "/segments"] {
        assert!(open(&served, path).contains(escaped), "{path}");
    }
}

#[test]
fn no_page_holds_a_script_a_style_or_a_handler() {
    let served = served();
    for (path, status) in paths().into_iter().filter(|(_, status)| *status != 303) {
        let answer = served.get(&path);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-security-policy"), POLICY, "{path}");
        assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_inert(&path, &answer.text);
    }
    let locked = Served::start_with(with_key);
    for (method, path) in [("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/assets/none")] {
        let answer = locked.call(method, path, &[], "");
        assert_eq!(answer.header("content-security-policy"), POLICY, "{method} {path}");
        assert_inert(path, &answer.text);
    }
    let form = locked.call("POST", "/sign-in", &[], &format!("key=x&next={}", encoded(HOSTILE)));
    assert_inert("/sign-in", &form.text);
    assert!(!form.text.contains(KEY));
}
