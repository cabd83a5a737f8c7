//! `experiment key`: on a running server and in a folder.

use std::path::Path;

use experiment_server::client::Client;
use experiment_server::command::Exit;
use serde_json::Value;

use crate::process::{Process, complaint, fine, run};

/// What a command printed to both streams, which must have gone well.
fn both(args: &[&str]) -> (String, String) {
    let (exit, stdout, stderr) = run(args);
    assert_eq!(exit, Exit::Fine, "{stderr}");
    (stdout.trim_end().to_owned(), stderr.trim_end().to_owned())
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn id_of(key: &str) -> &str {
    key.strip_prefix("experiment_").unwrap().split_once('_').unwrap().0
}

fn status(url: &str, key: &str) -> u16 {
    Client::new(url, Some(key.to_owned()), None).get("/v1/experiments").unwrap().status
}

/// Makes, lists, rotates and revokes keys, wherever they are.
fn lives(data: &str, works: impl Fn(&str) -> Option<u16>) {
    let (admin, told) = both(&["key", "create", "ops", "--role", "admin", "--data", data]);
    assert_eq!(
        told,
        format!(
            "key ops ({}), role admin, in force until it is revoked: keep it, it is not shown again",
            id_of(&admin)
        )
    );
    let create = ["key", "create", "the shop", "--role", "analyst", "--expires", "90d", "--rate", "500/s"];
    let (shop, told) = both(&[&create[..], &["--data", data]].concat());
    assert!(
        told.starts_with(&format!("key the shop ({}), role analyst, in force until 20", id_of(&shop))),
        "{told}"
    );
    for key in [&admin, &shop] {
        assert!(works(key).is_none_or(|status| status == 200));
    }

    let listed = fine(&["key", "list", "--data", data, "--format", "json"]);
    assert!(!listed.contains(&shop[24..]) && !listed.contains(&admin[24..]), "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let keys = listed["keys"].as_array().unwrap();
    let names: Vec<&str> = keys.iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ops", "the shop"]);
    assert_eq!((&keys[1]["rate"], &keys[1]["status"]), (&"500/s".into(), &"active".into()));
    let table = fine(&["key", "list", "--data", data]);
    let first: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().take(4).collect();
    assert_eq!(first, [id_of(&admin), "ops", "admin", "active"]);
    let csv = fine(&["key", "list", "--data", data, "--format", "csv"]);
    assert_eq!(csv.lines().next(), Some("id,name,role,status,created_at,expires_at,revoked_at,rate"));
    assert_eq!(csv.lines().count(), 3);

    let (young, told) = both(&["key", "rotate", id_of(&shop), "--overlap", "24h", "--data", data]);
    assert!(told.contains(&format!("\nkey the shop ({}) is in force until 20", id_of(&shop))), "{told}");
    for key in [&shop, &young] {
        assert!(works(key).is_none_or(|status| status == 200));
    }
    let rotated = fine(&[
        "key",
        "rotate",
        id_of(&young),
        "--overlap",
        "0s",
        "--expires",
        "never",
        "--json",
        "--data",
        data,
    ]);
    let rotated: Value = serde_json::from_str(&rotated).unwrap();
    assert_eq!(rotated["replaces"]["id"], id_of(&young));
    assert_eq!((rotated.get("expires_at"), rotated["key"].as_str().unwrap().len()), (None, 88));
    assert!(works(&young).is_none_or(|status| status == 401));

    let revoked = fine(&["key", "revoke", id_of(&shop), "--data", data]);
    assert!(revoked.starts_with(&format!("key the shop ({}) revoked at 20", id_of(&shop))), "{revoked}");
    assert!(works(&shop).is_none_or(|status| status == 401));
    assert!(works(&admin).is_none_or(|status| status == 200));
    let refused = |args: &[&str]| complaint(&[args, &["--data", data]].concat());
    assert!(
        refused(&["key", "rotate", id_of(&shop), "--overlap", "1h"])
            .contains("is not in force any more; mend: make a new one")
    );
    for id in ["00000000000f", "no id", "../x"] {
        assert!(refused(&["key", "revoke", id]).contains(&format!("no key has the id {id}")), "{id}");
    }
    assert!(
        refused(&["key", "create", "x", "--role", "client", "--expires", "2020-01-01T00:00:00Z"])
            .contains("is not later than now")
    );
}

#[test]
fn keys_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that is not there yet: the first key may come before the first start.
    let data = text(&folder.path().join("data"));
    lives(&data, |_| None);
    let (audit, _) = both(&["audit", "--data", &data, "--format", "csv"]);
    assert_eq!(audit.lines().filter(|line| line.contains(",command,key_")).count(), 7, "{audit}");
    assert_eq!(run(&["audit", "--data", &data, "--verify"]).0, Exit::Fine);
}

#[test]
fn keys_of_a_running_server_by_its_start_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = Process::start(&data);
    let url = process.client.url().to_owned();
    assert_eq!(process.client.get("/v1/experiments").unwrap().status, 200, "open until there is a key");
    lives(&text(&data), |key| Some(status(&url, key)));
    assert_eq!(process.client.get("/v1/experiments").unwrap().status, 401);
    assert!(process.terminate().success());
    // The same keys open the next server.
    let listed = fine(&["key", "list", "--data", &text(&data)]);
    assert_eq!(listed.lines().count(), 5, "{listed}");
    let again = Process::start(&data);
    assert_eq!(again.client.get("/v1/experiments").unwrap().status, 401);
}

#[test]
fn a_restored_backup_has_its_keys_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name));
    let (data, file, restored) = (path("data"), path("copy.backup"), path("restored"));
    let (key, _) = both(&["key", "create", "shop", "--role", "client", "--data", &data]);
    fine(&["backup", "--data", &data, "--to", &file]);
    fine(&["key", "revoke", id_of(&key), "--data", &data]);
    let told = fine(&["restore", &file, "--data", &restored]);
    let last = format!(
        "1 keys are as they were then, those revoked since too: see `experiment key list --data {restored}`"
    );
    assert_eq!(told.lines().nth(2), Some(last.as_str()));
    let listed = fine(&["key", "list", "--data", &restored]);
    assert!(listed.contains(&format!("{}  shop  client  active", id_of(&key))), "{listed}");
}

#[test]
fn what_is_wrong_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let refused = |args: &[&str]| complaint(&[args, &["--data", &data]].concat());
    assert!(refused(&["key", "create", "x"]).contains("--role"));
    assert!(
        refused(&["key", "create", "x", "--role", "root"])
            .contains("\"root\" is not client, analyst or admin")
    );
    assert!(
        refused(&["key", "create", "x", "--role", "client", "--rate", "5"]).contains("\"5\" is not a rate")
    );
    assert!(refused(&["key", "create", "x", "--role", "client", "--expires", "soon"]).contains("\"soon\""));
    assert!(refused(&["key", "create", "", "--role", "client"]).contains("is empty"));
    for args in [&["key", "list"][..], &["key", "revoke", "00000000000f"]] {
        assert!(refused(args).contains("holds no store"));
    }
    assert!(!Path::new(&data).exists());
}

#[test]
fn settings_that_are_wrong_refuse_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    for (args, words) in [
        (["--cors-origin", "*"], "\"*\" is not an origin"),
        (["--cors-origin", "https://shop.example/"], "without a path"),
        (["--rate-limit", "500"], "\"500\" is not a rate"),
    ] {
        let refused = complaint(&[&["serve", "--data", &data][..], &args].concat());
        assert!(refused.contains(words), "{refused}");
    }
    assert!(!Path::new(&data).exists());
}

#[test]
fn a_server_takes_origins_and_a_rate_from_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_with(&folder.path().join("data"), |command| {
        command.env("EXPERIMENT_CORS_ORIGINS", "https://a.example, https://b.example");
        command.env("EXPERIMENT_RATE_LIMIT", "100/s").args(["--cors-origin", "https://c.example"]);
    });
    for origin in ["https://a.example", "https://b.example", "https://c.example"] {
        let answer = ureq::get(format!("{}/v1/experiments", process.client.url()))
            .header("origin", origin)
            .call()
            .unwrap();
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("access-control-allow-origin"), origin);
        assert_eq!(header("ratelimit-policy"), "\"default\";q=100;w=1");
    }
}
