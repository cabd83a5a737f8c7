//! Who may make which call: every call of the router, with every kind of credential.

use experiment_server::http::{Access, Route, routes};
use experiment_server::store::Role;

use super::under_test::{Answer, KEY, Served, with_key};

use Access::{Destroy, Ingest, Maintain, Open, Read, Write};

/// Every call with what it needs, a request of it that changes nothing, and the status of that for whoever may.
const CALLS: [(&str, &str, Access, &str, &str, u16); 60] = [
    ("POST", "/v1/assign", Ingest, "/v1/assign", "{}", 422),
    ("POST", "/v1/exposures", Ingest, "/v1/exposures", "{}", 200),
    ("POST", "/v1/conversions", Ingest, "/v1/conversions", "{}", 200),
    ("GET", "/v1/experiments", Read, "/v1/experiments", "", 200),
    ("POST", "/v1/experiments", Write, "/v1/experiments", "{}", 422),
    ("GET", "/v1/experiments/{key}", Read, "/v1/experiments/none", "", 404),
    ("PUT", "/v1/experiments/{key}", Write, "/v1/experiments/none", "{}", 404),
    ("POST", "/v1/experiments/{key}/start", Write, "/v1/experiments/none/start", "", 404),
    ("POST", "/v1/experiments/{key}/stop", Write, "/v1/experiments/none/stop", "", 404),
    (
        "POST",
        "/v1/experiments/{key}/conclude",
        Write,
        "/v1/experiments/none/conclude",
        "{\"variant\": \"a\"}",
        404,
    ),
    ("POST", "/v1/experiments/{key}/archive", Destroy, "/v1/experiments/none/archive", "", 404),
    ("POST", "/v1/experiments/{key}/phase", Write, "/v1/experiments/none/phase", "", 404),
    ("GET", "/v1/experiments/{key}/versions", Read, "/v1/experiments/none/versions", "", 404),
    ("GET", "/v1/experiments/{key}/results", Read, "/v1/experiments/none/results", "", 404),
    ("GET", "/v1/experiments/{key}/customers/{id}", Read, "/v1/experiments/none/customers/c", "", 404),
    ("DELETE", "/v1/customers/{id}", Destroy, "/v1/customers/c?wrong", "", 400),
    ("GET", "/v1/customers/{id}/erasure", Maintain, "/v1/customers/c/erasure", "", 200),
    ("GET", "/v1/erasures", Maintain, "/v1/erasures", "", 200),
    ("GET", "/v1/keys", Maintain, "/v1/keys", "", 200),
    ("POST", "/v1/keys", Maintain, "/v1/keys", "{}", 422),
    ("DELETE", "/v1/keys/{id}", Maintain, "/v1/keys/none", "", 404),
    ("POST", "/v1/keys/{id}/rotate", Maintain, "/v1/keys/none/rotate", "{}", 422),
    ("GET", "/v1/audit", Maintain, "/v1/audit", "", 200),
    ("GET", "/v1/catalog", Read, "/v1/catalog", "", 200),
    ("PUT", "/v1/catalog", Write, "/v1/catalog", "{}", 428),
    ("GET", "/v1/definitions", Ingest, "/v1/definitions", "", 200),
    ("GET", "/v1/kpis", Read, "/v1/kpis", "", 400),
    ("POST", "/v1/power", Read, "/v1/power", "{}", 422),
    ("POST", "/v1/verify", Maintain, "/v1/verify", "", 200),
    ("POST", "/v1/backup", Maintain, "/v1/backup", "", 200),
    ("POST", "/v1/export", Maintain, "/v1/export", "", 200),
    ("POST", "/ofrep/v1/evaluate/flags", Ingest, "/ofrep/v1/evaluate/flags", "{}", 400),
    ("POST", "/ofrep/v1/evaluate/flags/{key}", Ingest, "/ofrep/v1/evaluate/flags/none", "{}", 404),
    ("GET", "/healthz", Open, "/healthz", "", 200),
    ("GET", "/readyz", Open, "/readyz", "", 200),
    ("GET", "/metrics", Open, "/metrics", "", 200),
    ("GET", "/openapi.json", Open, "/openapi.json", "", 200),
    ("GET", "/docs", Open, "/docs", "", 200),
    ("GET", "/docs/swagger-ui.css", Open, "/docs/swagger-ui.css", "", 200),
    ("GET", "/docs/swagger-ui-bundle.js", Open, "/docs/swagger-ui-bundle.js", "", 200),
    ("GET", "/docs/start.js", Open, "/docs/start.js", "", 200),
    ("GET", "/", Read, "/", "", 200),
    ("GET", "/experiments/{key}", Read, "/experiments/none", "", 404),
    ("GET", "/experiments/{key}/results.csv", Read, "/experiments/none/results.csv", "", 404),
    ("GET", "/experiments/{key}/results.json", Read, "/experiments/none/results.json", "", 404),
    ("GET", "/experiments/{key}/daily.csv", Read, "/experiments/none/daily.csv", "", 404),
    ("GET", "/experiments/{key}/weekly.csv", Read, "/experiments/none/weekly.csv", "", 404),
    ("GET", "/experiments/{key}/survival.csv", Read, "/experiments/none/survival.csv", "", 404),
    ("GET", "/experiments/{key}/whom.csv", Read, "/experiments/none/whom.csv", "", 404),
    ("GET", "/experiments/{key}/definition", Read, "/experiments/none/definition", "", 404),
    ("GET", "/experiments/{key}/customer", Read, "/experiments/none/customer", "", 404),
    ("GET", "/company", Read, "/company", "", 200),
    ("GET", "/company.csv", Read, "/company.csv", "", 400),
    ("GET", "/segments", Read, "/segments", "", 200),
    ("GET", "/layers", Read, "/layers", "", 200),
    ("GET", "/layers.csv", Read, "/layers.csv", "", 200),
    ("GET", "/sign-in", Open, "/sign-in?wrong", "", 400),
    // A form that names no key.
    ("POST", "/sign-in", Open, "/sign-in", "", NO_KEY),
    ("POST", "/sign-out", Open, "/sign-out", "", 303),
    ("GET", "/assets/{name}", Open, "/assets/none.css", "", 404),
];

/// Of a form without a key: 401 where one is needed, and the way to the first page where none is.
const NO_KEY: u16 = 1;

/// What becomes of calls, in the order Open, Ingest, Read, Write, Destroy, Maintain: 0 where they are let through.
type Expected = [u16; 6];

#[test]
fn every_call_is_in_the_table() {
    let mut known: Vec<(&str, &str, String)> = CALLS
        .iter()
        .map(|(method, address, access, ..)| (*method, *address, format!("{access:?}")))
        .collect();
    let told = routes();
    let mut told: Vec<(&str, &str, String)> = told
        .iter()
        .map(|Route { method, address, access, .. }| (*method, *address, format!("{access:?}")))
        .collect();
    known.sort();
    told.sort();
    assert_eq!(told, known, "a call that is new belongs into this table, with who may make it");
}

fn column(access: Access) -> usize {
    [Open, Ingest, Read, Write, Destroy, Maintain].iter().position(|known| *known == access).unwrap()
}

/// Makes every call with these headers, `HEAD` for `GET` too.
fn check(served: &Served, who: &str, headers: &[(&str, &str)], expected: Expected) {
    let needs_key = served.get("/sign-in").status == 200;
    for Route { method, address, access, page, .. } in routes() {
        let call = CALLS.iter().find(|call| (call.0, call.1) == (method, address)).unwrap();
        let (.., path, body, status) = *call;
        let expected = match (expected[column(access)], status) {
            (0, NO_KEY) => {
                if needs_key {
                    401
                } else {
                    303
                }
            }
            (0, status) => status,
            // People are led to where they sign in.
            (401, _) if page && method == "GET" => 303,
            (refused, _) => refused,
        };
        let with_type = [headers, &[("content-type", "application/json")]].concat();
        let call = |method: &str| served.call(method, path, &with_type, body);
        let answer = call(method);
        assert_eq!(answer.status, expected, "{who}: {method} {address}: {}", answer.text);
        if expected == 401 || expected == 403 {
            assert!(
                !answer.text.contains("\"experiments"),
                "{who}: {method} {address} tells: {}",
                answer.text
            );
        }
        if page && answer.status >= 400 {
            assert_eq!(
                answer.header("content-type"),
                "text/html; charset=utf-8",
                "{who}: {method} {address}"
            );
            assert!(!answer.headers.contains_key("www-authenticate"), "{who}: {method} {address}");
        }
        if page && answer.status == 303 && access == Read {
            let form = format!("/sign-in?next={}", path.replace('/', "%2F"));
            assert_eq!(answer.header("location"), form, "{who}: {method} {address}");
            assert_eq!(answer.text, "", "{who}: {method} {address}");
        }
        if method == "GET" {
            assert_eq!(call("HEAD").status, expected, "{who}: HEAD {address}");
        }
    }
    // An address that is not there, and a method that is not.
    let or = |through: u16| if expected[1..].contains(&0) { through } else { expected[1] };
    let unknown: fn(&Answer) -> u16 = |answer| answer.status;
    assert_eq!(unknown(&served.call("GET", "/v1/nothing", headers, "")), or(404), "{who}: unknown address");
    assert_eq!(unknown(&served.call("PUT", "/v1/keys", headers, "")), or(405), "{who}: unknown method");
    assert_eq!(
        served.call("PUT", "/readyz", headers, "").status,
        405,
        "{who}: unknown method of an open address"
    );
}

#[test]
fn with_keys_every_role_may_make_its_calls_and_no_others() {
    let served = Served::start_with(with_key);
    let token = served.token();
    let token = ("x-start-token", token.as_str());
    let [client, analyst, admin] = Role::ALL.map(|role| served.make_key(role.name(), role).1);
    let (revoked, revoked_key) = served.make_key("revoked", Role::Admin);
    served.revoke(&revoked);
    let expired = served.make_expiring_key("expired", Role::Admin, "1s");
    served.pass("1s");
    let unknown = format!("experiment_000000000000_{}", "a".repeat(64));
    let wrong_secret = format!("{}{}", &admin[..admin.len() - 64], &client[client.len() - 64..]);
    fn by(key: &str) -> (&'static str, &str) {
        ("x-api-key", key)
    }

    let all = [0; 6];
    let none: Expected = [0, 401, 401, 401, 401, 401];
    check(&served, "admin", &[by(&admin)], all);
    check(&served, "the key of the environment", &[by(KEY)], all);
    check(&served, "client", &[by(&client)], [0, 0, 403, 403, 403, 403]);
    check(&served, "analyst", &[by(&analyst)], [0, 403, 0, 403, 403, 403]);
    check(&served, "nobody", &[], none);
    check(&served, "unknown key", &[by(&unknown)], none);
    check(&served, "wrong secret", &[by(&wrong_secret)], none);
    check(&served, "start of a key", &[by(&admin[..40])], none);
    check(&served, "expired key", &[by(&expired)], none);
    check(&served, "revoked key", &[by(&revoked_key)], none);
    check(&served, "start token", &[token], [0, 401, 401, 401, 401, 0]);
    check(&served, "client with start token", &[by(&client), token], [0, 0, 403, 403, 403, 0]);
    check(&served, "start token with wrong key", &[by(&unknown), token], none);
    // A token that is wrong is told at once, by whomever it is sent.
    check(&served, "wrong start token", &[by(&admin), ("x-start-token", "f")], [0, 403, 403, 403, 403, 403]);
}

#[test]
fn without_keys_this_machine_may_do_all_that_can_be_undone() {
    let served = Served::start();
    let token = served.token();
    check(&served, "nobody", &[], [0, 0, 0, 0, 403, 403]);
    check(&served, "start token", &[("x-start-token", &token)], [0; 6]);
    check(&served, "a key that is none", &[("x-api-key", KEY)], [0, 0, 0, 0, 403, 403]);
    check(&served, "wrong start token", &[("x-start-token", &token[1..])], [0, 403, 403, 403, 403, 403]);
}
