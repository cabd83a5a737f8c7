//! Copies of everything: `/v1/backup` and `/v1/export`.

use experiment_server::store::{ExportFormat, check_backup};

use super::under_test::Served;

#[test]
fn copies_of_everything_are_for_admins() {
    let served = Served::with_winback();
    for path in ["/v1/backup", "/v1/export"] {
        served.post(path, "").problem(403, "start-token-needed");
        let answer = served.call("POST", path, &[("x-start-token", "wrong")], "");
        answer.problem(403, "start-token-needed");
        served.get(path).problem(405, "method-not-allowed");
    }
}

#[test]
fn an_export_is_what_the_store_gives() {
    let served = Served::with_winback();
    served.post("/v1/conversions", r#"{"id":"1","customer":"c","event":"order","value":1.5}"#);
    let token = served.token();
    let export =
        |query: &str| served.call("POST", &format!("/v1/export{query}"), &[("x-start-token", &token)], "");
    for (query, format, media_type) in [
        ("", ExportFormat::Ndjson, "application/x-ndjson"),
        ("?format=csv", ExportFormat::Csv, "text/csv; charset=utf-8; header=present"),
    ] {
        let mut expected = Vec::new();
        served.server().store().export(None, format, &mut expected, &mut |_, _| ()).unwrap();
        let answer = export(query);
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type));
        assert_eq!(answer.text.as_bytes(), expected);
    }
    assert_eq!(export("?experiment=winback").text.lines().count(), 2 + 1 + 2);
    export("?experiment=winbak").problem(404, "unknown-experiment");
    let problem = export("?format=cvs").problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["mend"], "did you mean \"csv\"?");
}

#[test]
fn a_backup_over_http_is_whole() {
    let served = Served::with_winback();
    let running = served.server().running();
    let client =
        experiment_server::client::Client::new(&running.url, None, Some(running.start_token.clone()));
    let mut bytes = Vec::new();
    client.download("/v1/backup", b"{}", &mut bytes).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    assert_eq!(check_backup(file.path()).unwrap().facts, 2);
    let refused = client.download("/v1/backups", b"{}", &mut bytes).unwrap_err().to_string();
    assert!(refused.starts_with("the server answered 404: nothing is at /v1/backups"), "{refused}");
}
