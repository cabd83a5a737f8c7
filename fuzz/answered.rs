//! A server's HTTP face in this process, asked by the targets whose names end in `_body`.

use std::cell::OnceCell;

use experiment_server::http::{Face, START_TOKEN};
use serde_json::Value;
use tempfile::TempDir;

const DEFINITION: &str = r#"{"key": "winback", "variants": [{"key": "control"}, {"key": "discount", "payload": {"percent": 20}}],
  "dimensions": ["plan"], "expose": "on_evaluate", "audience": {"country": {"$ne": "XX"}},
  "metrics": [{"key": "retained", "kind": "retention", "event": "order", "window": {"from": "1d", "to": "10d"}, "role": "primary"}],
  "plan": {"method": "fixed", "target": {"customers_per_arm": 1000}}}"#;

struct Served {
    face: Face,
    _folder: TempDir,
}

thread_local! {
    static SERVED: OnceCell<Served> = const { OnceCell::new() };
}

/// Sends a body. The answer must be one that a client can do something with: no fault of the server's, and JSON, or
/// a JSON value a line.
pub fn answered(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    SERVED.with(|served| {
        let served = served.get_or_init(serve);
        let headers = [headers, &[("x-start-token", START_TOKEN)]].concat();
        let Some((status, answer)) = served.face.call(method, path, &headers, body) else { return };
        assert!((200..500).contains(&status), "{status}: {}", String::from_utf8_lossy(&answer));
        for value in serde_json::Deserializer::from_slice(&answer).into_iter::<Value>() {
            value.expect("JSON");
        }
    });
}

fn serve() -> Served {
    let folder = tempfile::tempdir().expect("a folder");
    let face = Face::new(folder.path()).expect("a store");
    for (path, body) in [("/v1/experiments", DEFINITION), ("/v1/experiments/winback/start", "")] {
        let (status, answer) = face.call("POST", path, &[], body.as_bytes()).expect("a request");
        assert!(status < 300, "{}", String::from_utf8_lossy(&answer));
    }
    Served { face, _folder: folder }
}
