//! One call as it is described: what is sent, what comes back, and how it may be refused.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::schemas::{Schemas, null_is_absent, refer_to};
use crate::http::auth::Access;
use crate::http::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use crate::http::problem::{Body, Kind};
use crate::http::router::Route;

/// Media types of bodies.
pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const YAML: &str = "application/yaml";
pub(super) const CSV: &str = "text/csv";
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// One call of the HTTP face.
pub(super) struct Call {
    /// As in the router.
    pub(super) method: &'static str,
    /// As in the router.
    pub(super) address: &'static str,
    id: &'static str,
    summary: &'static str,
    description: Option<&'static str>,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Map<String, Value>,
    problems: BTreeSet<Kind>,
    /// The media type and the schema of refusals.
    refusal: (&'static str, Value),
    /// What clients send.
    pub(super) sent: Schemas,
    /// What they get back.
    pub(super) answered: Schemas,
}

impl Call {
    /// A call of the router's; `id` names it in generated clients.
    pub(super) fn new(
        method: &'static str,
        address: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Call {
        let mut answered = Schemas::default();
        let refusal = (PROBLEM_JSON, answered.refer::<Body<'_>>());
        let call = Call {
            method,
            address,
            id,
            summary,
            description: None,
            parameters: Vec::new(),
            body: None,
            answers: Map::new(),
            problems: BTreeSet::new(),
            refusal,
            sent: Schemas::default(),
            answered,
        };
        call.refuses(&[Kind::Internal, Kind::ForeignOrigin])
    }

    /// More to say about it.
    pub(super) fn explained(self, description: &'static str) -> Call {
        Call { description: Some(description), ..self }
    }

    /// How it may be refused, beside what the call needs say of themselves.
    pub(super) fn refuses(mut self, kinds: &[Kind]) -> Call {
        self.problems.extend(kinds);
        self
    }

    /// How it may be refused because it writes to the disk.
    pub(super) fn writes(self) -> Call {
        self.refuses(&[Kind::StoreFailed, Kind::DiskFull])
    }

    /// Refusals are of type `T`, as JSON, instead of problems.
    pub(super) fn refused_as<T: ToSchema>(mut self) -> Call {
        self.refusal = (JSON, self.answered.refer::<T>());
        self
    }

    fn parameter(mut self, place: &str, name: &str, needed: bool, schema: Value, description: &str) -> Call {
        self.parameters.push(json!({
            "name": name, "in": place, "required": needed, "schema": schema, "description": description,
        }));
        self.refuses(&[Kind::InvalidParameter])
    }

    /// A part of the address.
    pub(super) fn path(self, name: &str, schema: Value, description: &str) -> Call {
        self.parameter("path", name, true, schema, description)
    }

    /// `{key}`, an experiment's.
    pub(super) fn experiment(self) -> Call {
        let key = json!({"type": "string", "examples": ["winback_2026"]});
        self.path("key", key, "The experiment's key.").refuses(&[Kind::UnknownExperiment])
    }

    /// A parameter of the query that may be left out.
    pub(super) fn query(self, name: &str, schema: Value, description: &str) -> Call {
        self.parameter("query", name, false, schema, description)
    }

    /// A parameter of the query that holds JSON.
    pub(super) fn json_query(mut self, name: &str, schema: Value, description: &str) -> Call {
        self.parameters.push(json!({
            "name": name,
            "in": "query",
            "required": false,
            "content": {JSON: {"schema": schema}},
            "description": description,
        }));
        self.refuses(&[Kind::InvalidParameter])
    }

    /// A parameter of the query that must be there.
    pub(super) fn needed_query(self, name: &str, schema: Value, description: &str) -> Call {
        self.parameter("query", name, true, schema, description)
    }

    /// `If-Match`, which says what a change was made from.
    pub(super) fn if_match(self) -> Call {
        let (any, tag) = (r"\*", r#"(W/)?"[!#-+\--~]*""#);
        let pattern = format!("^({any}|{tag}(, *{tag})*)$");
        let tags = json!({"type": "string", "pattern": pattern, "examples": ["\"e899ef9eddd25c56\""]});
        let description = "The ETag of the version that the change was made from, or `*`.";
        self.parameter("header", "If-Match", true, tags, description)
            .refuses(&[Kind::PreconditionFailed, Kind::PreconditionRequired])
    }

    /// `If-None-Match`, with which an answer that is known is not sent again.
    pub(super) fn unless_known(mut self) -> Call {
        let tags = json!({"type": "string", "examples": ["\"4f6542449828817a\""]});
        let description = "The ETags of the answers that are known.";
        self.answers.insert("304".to_owned(), json!({"description": "It is the one that is known."}));
        self.with_header("ETag", "Names the answer.").parameter(
            "header",
            "If-None-Match",
            false,
            tags,
            description,
        )
    }

    /// `Idempotency-Key`, under which a change is made once.
    fn idempotent(self) -> Call {
        let key = json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_IDEMPOTENCY_KEY_CHARS,
            "pattern": r#"^[!#-\[\]-~]+$"#,
        });
        let description = "A new name for this change, such as a UUID: sent again under it, it is answered as \
                           before (`Idempotency-Replayed: true`) and not made again.";
        self.parameter("header", "Idempotency-Key", false, key, description).refuses(&[Kind::InvalidRequest])
    }

    /// A body that looks like the schema `name`, which is known from elsewhere.
    pub(super) fn body(mut self, name: &str, media_types: &[&str]) -> Call {
        let content = |media: &&str| ((*media).to_owned(), json!({"schema": refer_to(name)}));
        let content: Map<String, Value> = media_types.iter().map(content).collect();
        self.body = Some(json!({"required": true, "content": content}));
        self.refuses(&[Kind::InvalidBody, Kind::BodyTimeout, Kind::TooLarge, Kind::UnsupportedMediaType])
    }

    /// A JSON body that looks like `schema`, which is called `name` from here on.
    pub(super) fn json_body(self, name: &str, schema: Value) -> Call {
        self.sends(name, schema).body(name, &[JSON]).refuses(&[Kind::InvalidRequest])
    }

    /// A schema of what is sent, called `name` from here on.
    pub(super) fn sends(mut self, name: &str, mut schema: Value) -> Call {
        null_is_absent(&mut schema);
        self.sent.insert(name.to_owned(), schema);
        self
    }

    /// A further media type of the body, that is no JSON.
    pub(super) fn body_as_text(mut self, media_type: &str, description: &str, example: &str) -> Call {
        if let Some(body) = &mut self.body {
            body["content"][media_type] =
                json!({"schema": {"type": "string", "description": description, "examples": [example]}});
        }
        self
    }

    /// The body may be left out, and so may all that is in it.
    pub(super) fn body_is_optional(mut self) -> Call {
        if let Some(body) = &mut self.body {
            body["required"] = false.into();
        }
        self
    }

    /// What comes back when nothing is wrong, as JSON.
    pub(super) fn answers<T: ToSchema>(mut self, status: StatusCode, description: &str) -> Call {
        let schema = self.answered.refer::<T>();
        self.answers_with(status, JSON, schema, description)
    }

    /// What comes back when nothing is wrong, as JSON of one of two forms.
    pub(super) fn answers_either<T: ToSchema, U: ToSchema>(
        mut self,
        status: StatusCode,
        description: &str,
    ) -> Call {
        let schema = json!({"oneOf": [self.answered.refer::<T>(), self.answered.refer::<U>()]});
        self.answers_with(status, JSON, schema, description)
    }

    /// What comes back when nothing is wrong, as lines of which each has one of two forms.
    pub(super) fn answers_lines<T: ToSchema, U: ToSchema>(
        mut self,
        status: StatusCode,
        description: &str,
    ) -> Call {
        let line = json!({"oneOf": [self.answered.refer::<T>(), self.answered.refer::<U>()]});
        let lines = json!({"type": "string", "contentMediaType": NDJSON, "contentSchema": line});
        self.answers_with(status, NDJSON, lines, description)
    }

    /// What comes back when nothing is wrong, in another media type beside those that were named before.
    pub(super) fn answers_with(
        mut self,
        status: StatusCode,
        media_type: &str,
        schema: Value,
        description: &str,
    ) -> Call {
        let answer = self.answers.entry(status.as_str()).or_insert_with(|| json!({"content": {}}));
        answer["description"] = description.into();
        answer["content"][media_type] = json!({"schema": schema});
        self
    }

    /// A header of every answer that was named so far.
    pub(super) fn with_header(mut self, name: &str, description: &str) -> Call {
        for answer in self.answers.values_mut() {
            answer["headers"][name] = header(description, true);
        }
        self
    }

    /// `ETag`, with which the next change can be made.
    pub(super) fn with_etag(self) -> Call {
        self.with_header("ETag", "Names the version, for `If-Match`.")
    }

    /// The operation as OpenAPI has it, of the group that is called `tag`.
    pub(super) fn operation(mut self, tag: &str, route: &Route) -> Value {
        if route.once {
            self = self.idempotent();
        }
        if route.access != Access::Open {
            let kinds = [
                Kind::Unauthenticated,
                Kind::Forbidden,
                Kind::StartTokenNeeded,
                Kind::RateLimited,
                Kind::Busy,
            ];
            self = self.refuses(&kinds);
        }
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [tag],
            "security": security(route.access),
            "responses": self.responses(),
        });
        if let Some(description) = self.description {
            operation["description"] = description.into();
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation
    }

    fn responses(&self) -> Map<String, Value> {
        let mut responses = self.answers.clone();
        let statuses: BTreeSet<StatusCode> = self.problems.iter().map(|kind| kind.facts().0).collect();
        for status in statuses {
            let of_status = self.problems.iter().copied().filter(|kind| kind.facts().0 == status);
            responses.insert(status.as_str().to_owned(), self.refused(&of_status.collect::<Vec<_>>()));
        }
        responses
    }

    /// The answer to a call that is refused for one of these reasons.
    fn refused(&self, kinds: &[Kind]) -> Value {
        let told = |kind: &Kind| {
            let (_, name, title) = kind.facts();
            format!("- `{name}`: {title}.")
        };
        let told: Vec<String> = kinds.iter().map(told).collect();
        let names: Vec<&str> = kinds.iter().map(|kind| kind.facts().1).collect();
        let (media_type, schema) = &self.refusal;
        let mut answer = json!({
            "description": told.join("\n"),
            "content": {*media_type: {"schema": schema}},
            "x-problems": names,
        });
        for (name, description, always) in kinds.iter().flat_map(|kind| headers_of(*kind)) {
            answer["headers"][*name] = header(description, *always && kinds.len() == 1);
        }
        answer
    }
}

/// Who may make a call that takes this, by any one of these.
fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Ingest | Access::Read | Access::Write => json!([{"bearer": []}, {"api_key": []}]),
        Access::Destroy | Access::Maintain => json!([{"bearer": []}, {"api_key": []}, {"start_token": []}]),
    }
}

/// A header of an answer.
fn header(description: &str, always: bool) -> Value {
    json!({"description": description, "required": always, "schema": {"type": "string"}})
}

/// The headers of a problem of this kind: name, description, whether it is always there.
fn headers_of(kind: Kind) -> &'static [(&'static str, &'static str, bool)] {
    match kind {
        Kind::Unauthenticated => &[("WWW-Authenticate", "How to say who calls.", true)],
        Kind::Busy => &[("Retry-After", "Seconds after which to try again.", true)],
        Kind::RateLimited => &[
            ("Retry-After", "Seconds after which to try again.", true),
            ("RateLimit", "What is left of the key's rate.", true),
            ("RateLimit-Policy", "The key's rate.", true),
        ],
        Kind::Exists | Kind::PreconditionRequired => &[("ETag", "Names the version in force.", true)],
        Kind::PreconditionFailed => &[("ETag", "Names the version in force, if there is one.", false)],
        _ => &[],
    }
}
