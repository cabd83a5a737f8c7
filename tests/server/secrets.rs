//! The server's log, at its most talkative, tells no secret and no customer.

use std::fs::File;

use experiment_server::client::Client;
use serde_json::json;

use crate::process::Process;

const ADMIN_KEY: &str = "zq-admin-key-0123456789abcdef-zq-admin-key";
const CUSTOMER: &str = "zq-customer-5b1e";
const DEFINITION: &str = "
key: winback
variants: [{key: control}, {key: discount}]
overrides: {discount: [zq-customer-5b1e-override]}
metrics: [{key: orders, kind: count, event: order, window: {to: 3d}, role: primary}]
plan: {method: fixed, target: {customers_per_arm: 100}}
";

#[test]
fn the_log_tells_no_key_no_token_and_no_customer() {
    let folder = tempfile::tempdir().unwrap();
    let (data, said) = (folder.path().join("data"), folder.path().join("stderr"));
    let log = File::create(&said).unwrap();
    let process = Process::start_with(&data, |command| {
        command.env("EXPERIMENT_ADMIN_KEY", ADMIN_KEY).env("EXPERIMENT_LOG", "trace").stderr(log);
    });
    let running = experiment_server::running::RunningServer::read(&data).unwrap().unwrap();
    let client = |key: Option<&str>, token: Option<&str>| {
        Client::new(&running.url, key.map(str::to_owned), token.map(str::to_owned))
    };
    let admin = client(Some(ADMIN_KEY), None);
    let status = |client: &Client, path: &str, body: &str| {
        client.post(path, "application/json", body.as_bytes()).unwrap().status
    };

    // Keys, used right and wrong.
    let made =
        admin.post("/v1/keys", "application/json", br#"{"name": "zq-name", "role": "client"}"#).unwrap();
    let key = made.body["key"].as_str().unwrap().to_owned();
    let id = made.body["id"].as_str().unwrap();
    let shop = client(Some(&key), None);
    assert_eq!(status(&shop, "/v1/conversions", "{}"), 200);
    assert_eq!(status(&shop, "/v1/keys", "{}"), 403);
    let wrong_key = format!("{}{}", &key[..key.len() - 8], "zqwrong0");
    for wrong in [wrong_key.as_str(), "zq-wrong-key"] {
        assert_eq!(status(&client(Some(wrong), None), "/v1/conversions", "{}"), 401);
    }
    assert_eq!(client(None, Some(&running.start_token)).get("/v1/keys").unwrap().status, 200);
    assert_eq!(client(None, Some("zq-wrong-token")).get("/v1/keys").unwrap().status, 403);

    // Customers, in every place where one can stand.
    let yaml = admin.post("/v1/experiments", "application/yaml", DEFINITION.as_bytes()).unwrap();
    assert_eq!(yaml.status, 201, "{yaml:?}");
    assert_eq!(status(&admin, "/v1/experiments/winback/start", ""), 200);
    let customer = json!({"id": CUSTOMER, "attributes": {"mail": "zq-attribute@shop.example"}});
    let ask = json!({"experiment": "winback", "customer": customer}).to_string();
    assert_eq!(status(&shop, "/v1/assign", &ask), 200);
    let event = json!({"customer": CUSTOMER, "event": "order", "id": "zq-fact-id"}).to_string();
    assert_eq!(status(&shop, "/v1/conversions", &event), 200);
    // Not JSON, and an address that is none.
    assert_eq!(status(&shop, "/v1/conversions", &format!("{CUSTOMER} {{")), 400);
    assert_eq!(admin.get(&format!("/v1/nothing/{CUSTOMER}?customer={CUSTOMER}")).unwrap().status, 404);
    assert_eq!(admin.get(&format!("/v1/experiments/winback/customers/{CUSTOMER}")).unwrap().status, 200);
    assert_eq!(admin.delete(&format!("/v1/customers/{CUSTOMER}")).unwrap().status, 202);
    while admin.get(&format!("/v1/customers/{CUSTOMER}/erasure")).unwrap().body["status"] != "erased" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(admin.delete(&format!("/v1/keys/{id}")).unwrap().status, 200);
    assert_eq!(status(&shop, "/v1/conversions", "{}"), 401);
    assert!(process.terminate().success());

    let log = std::fs::read_to_string(&said).unwrap();
    for told in [
        "listening",
        "route=\"/v1/keys\"",
        "route=\"/v1/assign\" status=200",
        "route=\"(none)\" status=404",
        "stopped",
    ] {
        assert!(log.contains(told), "the log is not the one meant, it lacks {told}: {log}");
    }
    // Whatever of them is longer than chance.
    let secret = &key[key.len() - 64..];
    for untold in
        [ADMIN_KEY, "zq", &secret[..12], &secret[52..], &running.start_token[..12], &wrong_key[40..60]]
    {
        assert!(!log.contains(untold), "the log tells {untold}: {log}");
    }
}
