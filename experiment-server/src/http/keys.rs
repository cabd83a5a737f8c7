//! `/v1/keys`: who may call. A key is shown once, in the answer that makes it.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use experiment_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::Caller;
use super::body::read_json_body;
use super::extract::{InPath, Query};
use super::fields::Fields;
use super::openapi::parts;
use super::problem::{FieldError, Kind, Problem};
use super::reply;
use super::state::AppState;
use crate::rate::Rate;
use crate::store::{ApiKey, ApiKeys, Expires, KeyChanged, KeyError, KeyId, KeyState, NewKey, Role, Rotation};

/// A key, as it may be shown to whoever manages keys.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyView<'a> {
    #[schema(value_type = String, pattern = "^[0-9a-f]{12}$")]
    id: KeyId,
    /// Whose key it is.
    name: &'a str,
    role: Role,
    status: KeyState,
    created_at: Timestamp,
    /// From then on it opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// How many requests it may send; the server's rate where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[0-9]+/[smhd]$")]
    rate: Option<Rate>,
    /// The key itself, where it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The one whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    replaces: Option<Box<KeyView<'a>>>,
}

/// Every key.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeys)]
pub(crate) struct KeysView<'a> {
    /// The first one made first.
    keys: Vec<KeyView<'a>>,
}

impl<'a> KeyView<'a> {
    /// As it is at `now`.
    pub(crate) fn of(key: &'a ApiKey, now: Timestamp) -> KeyView<'a> {
        KeyView {
            id: key.id,
            name: &key.name,
            role: key.role,
            status: key.state(now),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            rate: key.rate,
            key: None,
            replaces: None,
        }
    }

    /// All of them, the first one made first.
    pub(crate) fn of_all(keys: &'a ApiKeys, now: Timestamp) -> KeysView<'a> {
        let mut keys: Vec<_> = keys.iter().map(|key| KeyView::of(key, now)).collect();
        keys.sort_by_key(|key| (key.created_at, key.id));
        KeysView { keys }
    }

    /// With its text, and the key that it replaces.
    pub(crate) fn of_change(changed: &'a KeyChanged, now: Timestamp) -> KeyView<'a> {
        KeyView {
            key: changed.text.as_ref().map(|text| text.reveal()),
            replaces: changed.replaces.as_ref().map(|old| Box::new(KeyView::of(old, now))),
            ..KeyView::of(&changed.key, now)
        }
    }
}

const EXPIRES_MEND: &str =
    "send a span such as \"90d\", a time such as \"2027-01-01T00:00:00Z\", or \"never\"";
const ROLE: &str = "what it is for: \"client\", \"analyst\" or \"admin\"";

/// What [`create_key`] reads.
pub(super) fn create_schema() -> Value {
    let mut name = parts::event_name();
    name["description"] = "Whose key it is: 1 to 128 bytes without control characters.".into();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "role"],
        "properties": {
            "name": name,
            "role": {"enum": ["client", "analyst", "admin"]},
            "expires": expires_schema(),
            "rate": {
                "type": "string",
                "pattern": "^0*([1-9][0-9]{0,5}|1000000)/[smhd]$",
                "description": "Most requests in a second, minute, hour or day.",
                "examples": ["500/s"],
            },
        },
        "examples": [{"name": "shop", "role": "client", "expires": "90d", "rate": "500/s"}],
    })
}

/// What [`rotate_key`] reads.
pub(super) fn rotate_schema() -> Value {
    let mut overlap = parts::span();
    overlap["description"] = "For how long both are in force.".into();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["overlap"],
        "properties": {"overlap": overlap, "expires": expires_schema()},
        "examples": [{"overlap": "24h"}],
    })
}

fn expires_schema() -> Value {
    let description = "A span from now, a time, or `never`.";
    json!({"description": description, "anyOf": [parts::span(), parts::instant(), {"enum": ["never"]}]})
}

/// Makes a key.
pub(super) async fn create_key(
    State(app): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_body(read_json_body(request, app.settings.timeouts.body).await?)?;
    let role = if fields.needs("role", ROLE) { fields.parsed("role", "name one of the three") } else { None };
    let name = fields.required("name", "whose key it is, such as \"shop\"");
    let new = name.map(|name| NewKey::new(name, role.unwrap_or(Role::Client)));
    if let Some(Err(error)) = &new {
        fields.wrong("name", error.to_string(), "use 1 to 128 bytes without control characters");
    }
    let expires = fields.parsed("expires", EXPIRES_MEND).unwrap_or(Expires::Never);
    let rate = fields.parsed("rate", "send a rate such as \"500/s\", or leave it out");
    fields.end()?;
    let Some(Ok(mut new)) = new else {
        return Err(Problem::internal("a name was neither taken nor refused"));
    };
    (new.expires, new.rate) = (expires, rate);
    let made = app.store.acting(&caller.name()).create_key(new).await?;
    reply::json_with(StatusCode::CREATED, &KeyView::of_change(&made, app.now()))
}

/// Every key, ended ones too, the first one made first.
pub(super) async fn list_keys(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    query.end()?;
    reply::json(&KeyView::of_all(&app.store.api_keys(), app.now()))
}

/// Takes a key back: the next request with it is refused.
pub(super) async fn revoke_key(
    State(app): State<AppState>,
    InPath([id]): InPath<1>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let revoked = app.store.acting(&caller.name()).revoke_key(KeyId::find(&id)?).await?;
    reply::json(&KeyView::of_change(&revoked, app.now()))
}

/// Makes a key in the place of another, which ends after `overlap`.
pub(super) async fn rotate_key(
    State(app): State<AppState>,
    InPath([id]): InPath<1>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_body(read_json_body(request, app.settings.timeouts.body).await?)?;
    let overlap = match fields.needs("overlap", "for how long both are in force, such as \"24h\"") {
        true => fields.parsed("overlap", "send a span such as \"24h\", or \"0s\""),
        false => None,
    };
    let expires = fields.parsed("expires", EXPIRES_MEND);
    fields.end()?;
    // One that is missing has been refused.
    let rotation = Rotation { old: KeyId::find(&id)?, overlap: overlap.unwrap_or_default(), expires };
    let rotated = app.store.acting(&caller.name()).rotate_key(rotation).await?;
    reply::json_with(StatusCode::CREATED, &KeyView::of_change(&rotated, app.now()))
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Problem {
        let detail = error.to_string();
        match error {
            KeyError::Intake(error) => error.into(),
            KeyError::Unknown { .. } => Problem::new(Kind::UnknownKey, detail),
            KeyError::Ended { .. } => Problem::new(Kind::KeyEnded, detail),
            KeyError::TooMany { .. } => Problem::new(Kind::LimitReached, detail),
            KeyError::AlreadyOver { at, now } => {
                let detail = format!("{at} is not later than now, {now}");
                Problem::of_field(Kind::InvalidRequest, FieldError::new("expires", detail, EXPIRES_MEND))
            }
            KeyError::IdTaken => Problem::busy(detail),
            KeyError::NoRandom { .. } => Problem::internal(detail),
        }
    }
}
