//! A real server on a free port, and a client that shows everything it answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use experiment_core::time::{Span, Timestamp};
use experiment_server::http::Server;
use experiment_server::settings::{AdminKey, Settings};
use experiment_server::store::{KeyId, NewKey, Role};
use serde_json::Value;
use ureq::http::{Request, Response};

/// When every test begins.
pub(super) const START: &str = "2026-03-01T12:00:00Z";
/// A definition that may be started.
pub(super) const WINBACK: &str = "
key: winback
hypothesis: A discount keeps more customers
variants:
  - {key: control}
  - {key: discount, payload: {percent: 20}, offer: {kind: discount, taken: redeemed, per_exposure: 0.02}}
overrides: {discount: [qa-1]}
dimensions: [plan]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 10d, to: 20d}, role: primary}
  - {key: revenue, kind: sum, event: order, window: {to: 20d, grace: 1d}}
plan: {method: fixed, target: {customers_per_arm: 100}}
";

/// A server on a folder of its own, whose clock stands still until a test moves it.
pub(super) struct Served {
    server: Option<Server>,
    clock: Arc<AtomicI64>,
    agent: ureq::Agent,
    data: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ureq::http::HeaderMap,
    pub(super) text: String,
}

impl Served {
    pub(super) fn start() -> Served {
        Served::start_with(|_| {})
    }

    pub(super) fn start_with(change: impl FnOnce(&mut Settings)) -> Served {
        let start: Timestamp = START.parse().unwrap();
        let clock = Arc::new(AtomicI64::new(start.0));
        let data = tempfile::tempdir().unwrap();
        let server = Some(serve(&data, &clock, change));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build();
        Served { server, clock, agent: config.into(), data }
    }

    /// One whose running experiment is [`WINBACK`].
    pub(super) fn with_winback() -> Served {
        let served = Served::start();
        served.run(WINBACK, "winback");
        served
    }

    /// Creates and starts an experiment.
    pub(super) fn run(&self, definition: &str, key: &str) {
        let made = self.post_yaml("/v1/experiments", definition);
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(self.post(&format!("/v1/experiments/{key}/start"), "").status, 200);
    }

    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(super) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Stops the server; the folder stays.
    pub(super) fn stop(&mut self) {
        self.server.take().unwrap().stop().unwrap();
    }

    /// Stops the server and starts one on the same folder by the same clock.
    pub(super) fn restart(&mut self, change: impl FnOnce(&mut Settings)) {
        self.stop();
        self.server = Some(serve(&self.data, &self.clock, change));
    }

    /// Starts the server again that was stopped.
    pub(super) fn restart_stopped(&mut self) {
        self.server = Some(serve(&self.data, &self.clock, |_| {}));
    }

    pub(super) fn pass(&self, span: &str) {
        let span: Span = span.parse().unwrap();
        self.clock.fetch_add(span.0, Ordering::SeqCst);
    }

    pub(super) fn token(&self) -> String {
        self.server().running().start_token.clone()
    }

    /// Makes a key beside HTTP; gives its id and the key.
    pub(super) fn make_key(&self, name: &str, role: Role) -> (String, String) {
        self.make(NewKey::new(name, role).unwrap())
    }

    /// Makes a key that ends after a while.
    pub(super) fn make_expiring_key(&self, name: &str, role: Role, expires: &str) -> String {
        let mut new = NewKey::new(name, role).unwrap();
        new.expires = expires.parse().unwrap();
        self.make(new).1
    }

    /// Makes a key that may send so much.
    pub(super) fn make_limited_key(&self, name: &str, role: Role, rate: &str) -> String {
        let mut new = NewKey::new(name, role).unwrap();
        new.rate = Some(rate.parse().unwrap());
        self.make(new).1
    }

    fn make(&self, new: NewKey) -> (String, String) {
        let made = self.server().store().create_key(new).wait().unwrap();
        (made.key.id.to_string(), made.text.unwrap().reveal().to_owned())
    }

    pub(super) fn revoke(&self, id: &str) {
        self.server().store().revoke_key(KeyId::parse(id).unwrap()).wait().unwrap();
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], "")
    }

    pub(super) fn post(&self, path: &str, json: &str) -> Answer {
        self.call("POST", path, &[("content-type", "application/json")], json)
    }

    pub(super) fn post_yaml(&self, path: &str, yaml: &str) -> Answer {
        self.call("POST", path, &[("content-type", "application/yaml")], yaml)
    }

    pub(super) fn post_ndjson(&self, path: &str, lines: &str) -> Answer {
        self.call("POST", path, &[("content-type", "application/x-ndjson")], lines)
    }

    /// One exposure or conversion body after another, which must all be taken in.
    pub(super) fn send(&self, path: &str, lines: &str) {
        let count = lines.lines().count();
        let answer = self.post_ndjson(path, lines);
        assert_eq!(answer.json()["accepted"], count, "{}", answer.text);
    }

    pub(super) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.call_bytes(method, path, headers, body.as_bytes())
    }

    pub(super) fn call_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let url = format!("{}{path}", self.server().url());
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match method {
            "GET" | "HEAD" | "DELETE" => self.agent.run(request.body(()).unwrap()),
            _ => self.agent.run(request.body(body.to_vec()).unwrap()),
        };
        Answer::read(response.unwrap())
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(super) fn raw(&self, request: &str) -> String {
        String::from_utf8(self.raw_bytes(request)).unwrap()
    }

    /// The same, of an answer that need not be a text.
    pub(super) fn raw_bytes(&self, request: &str) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server().url().strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().unwrap();
        }
    }
}

fn serve(data: &tempfile::TempDir, clock: &Arc<AtomicI64>, change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = settings(data);
    let read = Arc::clone(clock);
    settings.clock = Arc::new(move || Timestamp(read.load(Ordering::SeqCst)));
    change(&mut settings);
    Server::start(settings).unwrap()
}

/// Defaults for tests: a free port and no key, whatever the environment says.
pub(super) fn settings(data: &tempfile::TempDir) -> Settings {
    let mut settings = Settings::new(data.path());
    settings.listen = "127.0.0.1:0".to_owned();
    settings.threads = 2;
    settings
}

pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn with_key(settings: &mut Settings) {
    settings.admin_key = Some(AdminKey::new(KEY).unwrap());
}

impl Answer {
    fn read(mut response: Response<ureq::Body>) -> Answer {
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        // A backup is no text.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status was this one, and the body is a problem of that kind.
    pub(super) fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:experiment:problem:{kind}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }

    /// The status was 200, and this the body.
    pub(super) fn is(&self, expected: &Value) {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.json(), *expected);
    }
}

/// One entry of a problem's `errors`.
pub(super) fn error(field: &str, detail: &str, mend: &str) -> Value {
    serde_json::json!({"field": field, "detail": detail, "mend": mend})
}
