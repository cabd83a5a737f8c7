//! Erasing a customer over HTTP and from the command line.

use std::time::Duration;

use experiment_server::command::Exit;
use serde_json::{Value, json};

use super::under_test::{KEY, Served, with_key};
use crate::process::run_with;

const WHO: &str = "zq-erase/me 7f3a";
const PATH: &str = "/v1/customers/zq-erase%2Fme%207f3a";

fn delete(served: &Served, path: &str) -> super::under_test::Answer {
    served.call("DELETE", path, &[("x-start-token", &served.token())], "")
}

fn erasure(served: &Served) -> Value {
    served.call("GET", &format!("{PATH}/erasure"), &[("x-start-token", &served.token())], "").json()
}

fn erased(served: &Served) -> Value {
    loop {
        let erasure = erasure(served);
        if erasure["status"] == "erased" {
            return erasure;
        }
        assert_eq!(erasure["status"], "pending");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn run(args: &[&str]) -> (Exit, String, String) {
    run_with(b"", args)
}

/// A server that knows [`WHO`], exposed and with an order, and somebody else.
fn lived() -> Served {
    let served = Served::with_winback();
    served.send(
        "/v1/exposures",
        &format!(
            "{}\n{}",
            json!({"id": "x", "customer": WHO, "experiment": "winback", "variant": "control"}),
            json!({"id": "x", "customer": "other", "experiment": "winback", "variant": "discount"}),
        ),
    );
    served.send("/v1/conversions", &json!({"id": "o", "customer": WHO, "event": "order"}).to_string());
    served
}

#[test]
fn an_erasure_is_pending_then_done_and_stays_so() {
    let served = lived();
    assert_eq!(erasure(&served), json!({"status": "not_erased"}));
    let answer = delete(&served, PATH);
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json(), json!({"status": "pending", "requested_at": "2026-03-01T12:00:00Z"}));
    let done = json!({"status": "erased", "requested_at": "2026-03-01T12:00:00Z", "erased_at": "2026-03-01T12:00:00Z"});
    assert_eq!(erased(&served), done);
    served.pass("1d");
    let again = delete(&served, PATH);
    assert_eq!((again.status, again.json()), (200, done));

    let report = served.get("/v1/experiments/winback/results?fresh").json();
    assert_eq!(report["variants"][0]["customers"], 0);
    assert_eq!(report["variants"][1]["customers"], 1);
    let listed = served.call("GET", "/v1/erasures", &[("x-start-token", &served.token())], "").json();
    assert_eq!(listed["erasures"].as_array().unwrap().len(), 1);
    assert_eq!(listed["erasures"][0]["customer"].as_str().unwrap().len(), 64);
    let verified = served.call("POST", "/v1/verify", &[("x-start-token", &served.token())], "{}").json();
    assert_eq!(verified["differences"], json!([]));
}

#[test]
fn late_retries_are_refused_one_by_one_and_assign_records_nothing() {
    let served = lived();
    assert_eq!(delete(&served, PATH).status, 202);
    let answer = served.post_ndjson(
        "/v1/conversions",
        &format!(
            "{}\n{}",
            json!({"id": "o", "customer": WHO, "event": "order"}),
            json!({"customer": "other", "event": "order"})
        ),
    );
    let body = answer.json();
    assert_eq!((answer.status, &body["accepted"], &body["rejected"]), (200, &json!(1), &json!(1)));
    assert_eq!(
        body["errors"],
        json!([{"index": 0, "id": "o", "field": "customer", "code": "erased", "detail": "this customer was erased",
            "mend": "leave the facts of erased customers out; a new customer needs a new id"}])
    );
    erased(&served);
    let assigned = served
        .post("/v1/assign", &json!({"experiment": "winback", "customer": {"id": WHO}}).to_string())
        .json();
    assert_eq!(assigned["exposure"], "not_recorded");
    assert!(assigned["variant"].is_string());
    assert!(assigned["detail"].as_str().unwrap().contains("erased"), "{assigned}");
}

#[test]
fn erasing_needs_the_start_token_or_an_admin_key() {
    let mut served = lived();
    served.call("DELETE", PATH, &[], "").problem(403, "start-token-needed");
    served.call("DELETE", PATH, &[("x-start-token", "wrong")], "").problem(403, "start-token-needed");
    for path in ["/v1/erasures", "/v1/audit", "/v1/customers/c/erasure"] {
        served.get(path).problem(403, "start-token-needed");
    }
    assert_eq!(erasure(&served)["status"], "not_erased");
    let long = format!("/v1/customers/{}", "c".repeat(257));
    delete(&served, &long).problem(400, "invalid-parameter");
    served.restart(with_key);
    served.call("DELETE", PATH, &[("x-start-token", &served.token())], "").problem(401, "unauthenticated");
    assert_eq!(served.call("DELETE", PATH, &[("x-api-key", KEY)], "").status, 202);
    let audit = served.call("GET", "/v1/audit", &[("x-api-key", KEY)], "").json();
    assert_eq!(audit["broken"], Value::Null);
    let who: Vec<_> = audit["entries"].as_array().unwrap().iter().map(|entry| entry["who"].clone()).collect();
    assert_eq!(who, ["loopback", "loopback", "EXPERIMENT_ADMIN_KEY"]);
}

#[test]
fn a_past_day_says_who_is_missing() {
    let served = lived();
    served.pass("2d");
    delete(&served, PATH);
    erased(&served);
    let check = |query: &str| {
        let report = served.get(&format!("/v1/experiments/winback/results{query}")).json();
        let checks = report["health"]["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == "erased_customers")
    };
    assert_eq!(
        check("?as_of=2026-03-01").unwrap(),
        json!({"check": "erased_customers", "level": "warn", "detail": "1 customer who was known by then has been \
            erased since and is missing: what was read at the end of 2026-03-01 may have differed."})
    );
    assert_eq!(check("?as_of=2026-03-03"), None);
    assert_eq!(check(""), None);
}

#[test]
fn a_definition_that_names_the_id_is_told() {
    let served = Served::start();
    let audience = "audience: {id: {$in: [named-9c]}}\nvariants:";
    let definition = super::under_test::WINBACK.replace("variants:", audience);
    assert_eq!(served.post_yaml("/v1/experiments", &definition).status, 201);
    let answer = delete(&served, "/v1/customers/named-9c").json();
    assert_eq!(answer["named_in"], json!(["version 1 of the definition \"winback\""]));
}

#[test]
fn commands_erase_and_audit_a_served_folder_and_a_closed_one() {
    let mut served = lived();
    let data = served.data().to_str().unwrap().to_owned();
    let (exit, stdout, stderr) = run(&["erase", WHO, "--data", &data]);
    let told = format!("erased at 2026-03-01T12:00:00Z: no byte of the customer is left in {data}\n");
    assert_eq!((exit, stdout, stderr), (Exit::Fine, told, String::new()));
    let holds = "3 entries: the chain holds and says what the facts say\n";
    let verified = run(&["audit", "--data", &data, "--verify"]);
    assert_eq!(verified, (Exit::Fine, holds.to_owned(), String::new()));
    let live = run(&["audit", "--data", &data, "--format", "csv"]);

    served.stop();
    assert_eq!(run(&["audit", "--data", &data, "--format", "csv"]), live);
    let lines: Vec<&str> = live.1.lines().collect();
    assert_eq!(lines[0], "number,received_at,who,kind,experiment,version,step,count,sequence,content,hash");
    assert!(
        lines[2].starts_with("1,2026-03-01T12:00:00Z,loopback,life_cycle,winback,0,start,0,1,"),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("2,2026-03-01T12:00:00Z,loopback,erasure,,0,,0,5,"), "{lines:?}");
    let (_, table, _) = run(&["audit", "--data", &data]);
    assert_eq!(
        table.lines().nth(2).unwrap().split_whitespace().collect::<Vec<_>>(),
        ["1", "2026-03-01T12:00:00Z", "loopback", "life_cycle", "winback", "0", "start", "0"]
    );
    let (exit, stdout, _) = run(&["erase", "other", "--data", &data]);
    assert_eq!(exit, Exit::Fine, "{stdout}");
    let (_, json, _) = run(&["audit", "--data", &data, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["entries"][3]["kind"], &json["entries"][3]["who"]),
        (&json!("erasure"), &json!("command"))
    );

    let (exit, _, stderr) = run(&["erase", "--data", &data]);
    assert_eq!(exit, Exit::WrongUse, "{stderr}");
    let (exit, _, stderr) = run(&["erase", "--reapply", &data, "--data", "/nowhere"]);
    assert_eq!((exit, stderr.contains("holds no store")), (Exit::WrongUse, true), "{stderr}");
}

#[test]
fn a_restored_backup_is_erased_again_by_command() {
    let mut served = lived();
    let data = served.data().to_str().unwrap().to_owned();
    served.stop();
    let backup = tempfile::tempdir().unwrap();
    let restored = backup.path().to_str().unwrap();
    std::fs::copy(served.data().join("log.redb"), backup.path().join("log.redb")).unwrap();
    served.restart_stopped();
    delete(&served, PATH);
    erased(&served);
    let (exit, stdout, stderr) = run(&["erase", "--reapply", &data, "--data", restored]);
    assert_eq!(stdout, format!("1 erasures in {data}, 1 of them new in {restored}\n"), "{stderr}");
    assert_eq!(exit, Exit::Fine);
    let log = std::fs::read(backup.path().join("log.redb")).unwrap();
    assert!(!log.windows(WHO.len()).any(|window| window == WHO.as_bytes()));
    let (exit, _, stderr) = run(&["erase", "--reapply", restored, "--data", &data]);
    assert_eq!((exit, stderr.contains("stop it")), (Exit::WrongUse, true), "{stderr}");
}
