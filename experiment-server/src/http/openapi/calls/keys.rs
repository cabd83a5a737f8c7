//! Who may call.

use axum::http::StatusCode;
use serde_json::json;

use crate::http::keys::{KeyView, KeysView, create_schema, rotate_schema};
use crate::http::openapi::call::Call;
use crate::http::problem::Kind;

pub(super) fn calls() -> Vec<Call> {
    let list = Call::new("GET", "/v1/keys", "list_keys", "Every key")
        .explained("Without what opens anything.")
        .answers::<KeysView<'_>>(StatusCode::OK, "The keys, the first one made first.");
    let create = Call::new("POST", "/v1/keys", "create_key", "Make a key")
        .json_body("NewKeyRequest", create_schema())
        .answers::<KeyView<'_>>(StatusCode::CREATED, "The key, which is shown this once.")
        .refuses(&[Kind::LimitReached])
        .writes();
    let revoke = Call::new("DELETE", "/v1/keys/{id}", "revoke_key", "Take a key back")
        .explained("The next request with it is refused. It may be repeated.");
    let revoke = of_one(revoke).answers::<KeyView<'_>>(StatusCode::OK, "The key as it was.").writes();
    let rotate =
        Call::new("POST", "/v1/keys/{id}/rotate", "rotate_key", "Make a key in the place of another")
            .explained("The old one ends after a while, in which both are in force.");
    let rotate = of_one(rotate)
        .json_body("RotateKeyRequest", rotate_schema())
        .answers::<KeyView<'_>>(StatusCode::CREATED, "The new key, which is shown this once.")
        .refuses(&[Kind::KeyEnded, Kind::LimitReached])
        .writes();
    vec![list, create, revoke, rotate]
}

fn of_one(call: Call) -> Call {
    let id = json!({"type": "string", "examples": ["d261be89a397"]});
    call.path("id", id, "The key's id.").refuses(&[Kind::UnknownKey])
}
