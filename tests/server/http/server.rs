//! Starting, stopping, and the file that says where the server is.

use std::io::{Read, Write};

use experiment_server::http::{Server, StartError};
use experiment_server::running::RunningServer;
use experiment_server::store::StoreError;

use super::under_test::{Served, settings};

#[test]
fn the_folder_says_where_its_server_is() {
    let mut served = Served::start();
    let told = RunningServer::read(served.data()).unwrap().unwrap();
    assert_eq!((told.url.as_str(), told.pid), (served.server().url(), std::process::id()));
    assert_eq!(told.start_token, served.token());
    assert_eq!(told.start_token.len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(served.data().join("server.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{:?}", served.server()).contains(&told.start_token));
    served.stop();
    assert_eq!(RunningServer::read(served.data()).unwrap(), None);
    served.restart_stopped();
    assert_ne!(served.token(), told.start_token);
}

#[test]
fn a_folder_has_one_server() {
    let data = tempfile::tempdir().unwrap();
    let first = Server::start(settings(&data)).unwrap();
    let error = Server::start(settings(&data)).unwrap_err();
    assert!(matches!(error, StartError::Store(StoreError::InUse { .. })), "{error}");
    assert_eq!(RunningServer::read(data.path()).unwrap().unwrap(), *first.running());
    first.stop().unwrap();
    Server::start(settings(&data)).unwrap().stop().unwrap();
}

#[test]
fn a_taken_address_is_an_error() {
    let data = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = Server::start(settings(&data[0])).unwrap();
    let mut second = settings(&data[1]);
    second.listen = first.url().strip_prefix("http://").unwrap().to_owned();
    let error = Server::start(second).unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
    let mut third = settings(&data[1]);
    third.listen = "no address".to_owned();
    assert!(matches!(Server::start(third).unwrap_err(), StartError::Listen { .. }));
    first.stop().unwrap();
}

#[test]
fn stopping_lets_requests_in_progress_end_and_keeps_what_they_say() {
    let mut served = Served::start();
    let body = r#"{"customer": "c", "event": "order", "id": "a"}"#;
    let mut request = served.connect();
    let head = format!(
        "POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    request.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    request.read_exact(&mut interim).unwrap();
    // A connection that is kept open and asks nothing must not hold the stop up.
    let idle = served.connect();
    let address = served.server().url().strip_prefix("http://").unwrap().to_owned();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| served.stop());
        // Nobody new is let in from some moment on; the request in progress is none the wiser.
        while std::net::TcpStream::connect(&address).is_ok() {
            std::thread::yield_now();
        }
        request.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\"accepted\":1"), "{answer}");
        stopping.join().unwrap();
    });
    drop(idle);
    let mut again = settings_at(served.data());
    again.listen = "127.0.0.1:0".to_owned();
    let again = Server::start(again).unwrap();
    assert_eq!(again.store().log_position(), 1);
    again.stop().unwrap();
}

fn settings_at(data: &std::path::Path) -> experiment_server::settings::Settings {
    experiment_server::settings::Settings::new(data)
}

#[test]
fn exposures_are_known_after_a_restart() {
    let mut served = Served::with_winback();
    let body = r#"{"experiment": "winback", "customer": {"id": "a"}}"#;
    let first = served.post("/v1/assign", body).json();
    served.stop();
    let mut again = settings_at(served.data());
    again.listen = "127.0.0.1:0".to_owned();
    let again = Server::start(again).unwrap();
    let mut answer = ureq::post(format!("{}/v1/assign", again.url()))
        .header("content-type", "application/json")
        .send(body)
        .unwrap();
    let answer: serde_json::Value =
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!((&answer["variant"], &answer["exposure"]), (&first["variant"], &serde_json::json!("known")));
    again.stop().unwrap();
}
