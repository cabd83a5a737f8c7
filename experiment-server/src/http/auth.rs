//! Who asks, and what they may do.
//!
//! With a key configured, every call to `/v1` and `/ofrep` needs one. Without, whoever reaches the loopback address may
//! do everything but destroy; that takes the start token, which only the owner of the data folder can read.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::MethodRouter;
use subtle::ConstantTimeEq;

use super::problem::{Kind, Problem};
use super::state::AppState;
use crate::settings::{ADMIN_KEY_VARIABLE, AdminKey};

/// Carries a key, instead of `Authorization: Bearer`.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Carries the token printed at start.
const START_TOKEN: HeaderName = HeaderName::from_static("x-start-token");

/// What a key is for. Only admin keys exist so far; the calls are sorted for all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "keys with the other roles are not made yet, and the rules are already theirs")]
pub(crate) enum Role {
    /// Apps: assign, exposures, conversions.
    Client,
    /// People who read.
    Analyst,
    /// Everything.
    Admin,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Asks for variants, reports facts.
    Ingest,
    /// Reads definitions, results, plans.
    Read,
    /// Changes definitions and life cycles.
    Write,
    /// Can't be undone.
    Destroy,
    /// Works on the store as a whole.
    Maintain,
}

/// Who may ask at all.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Without it, the server is open to this machine.
    pub(crate) admin_key: Option<AdminKey>,
    /// Printed at start and kept in the data folder.
    pub(crate) start_token: String,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// By key, or by reaching a server without keys.
    role: Option<Role>,
    by_key: bool,
    start_token: bool,
}

impl Gate {
    /// Who sent these headers.
    ///
    /// # Errors
    /// 401 for a wrong key, or none where one is needed; 403 for a wrong start token.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let start_token = match headers.get(START_TOKEN) {
            None => false,
            Some(sent) if self.start_token.as_bytes().ct_eq(sent.as_bytes()).into() => true,
            Some(_) => {
                let detail = "X-Start-Token is not the one printed at start; mend: read start_token in DATA/server.json";
                return Err(Problem::new(Kind::StartTokenNeeded, detail));
            }
        };
        let Some(admin_key) = &self.admin_key else {
            return Ok(Caller { role: Some(Role::Admin), by_key: false, start_token });
        };
        match sent_key(headers)? {
            Some(key) if admin_key.matches(key) => {
                Ok(Caller { role: Some(Role::Admin), by_key: true, start_token })
            }
            Some(_) => Err(Problem::unauthenticated("the key is not known; mend: send one that is in force")),
            None if start_token => Ok(Caller { role: None, by_key: false, start_token }),
            None => Err(no_key()),
        }
    }
}

fn no_key() -> Problem {
    Problem::unauthenticated("no key was sent; mend: send Authorization: Bearer KEY or X-API-Key: KEY")
}

fn sent_key(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    if let Some(key) = headers.get(API_KEY) {
        return Ok(Some(key.as_bytes()));
    }
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let bearer =
        value.as_bytes().split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    let key = bearer.map(|(_, key)| key.trim_ascii());
    key.map(Some).ok_or_else(|| {
        Problem::unauthenticated(
            "Authorization is not of the form Bearer KEY; mend: send Authorization: Bearer KEY",
        )
    })
}

impl Caller {
    /// The caller's name in the audit log: of the key, or of where no key is needed.
    pub(crate) fn name(self) -> &'static str {
        if self.by_key { ADMIN_KEY_VARIABLE } else { "loopback" }
    }

    /// Whether this caller may do that.
    ///
    /// # Errors
    /// 403, or 401 for a caller with a start token alone, who may only do what that is for.
    pub(crate) fn may(self, access: Access) -> Result<(), Problem> {
        let needs_token = matches!(access, Access::Destroy | Access::Maintain);
        let Some(role) = self.role else {
            return if access == Access::Maintain { Ok(()) } else { Err(no_key()) };
        };
        let allowed = match role {
            Role::Client => access == Access::Ingest,
            Role::Analyst => access == Access::Read,
            Role::Admin => true,
        };
        if !allowed {
            let detail = "this key's role does not allow this call; mend: use a key with a role that does";
            return Err(Problem::new(Kind::Forbidden, detail));
        }
        if needs_token && !self.by_key && !self.start_token {
            let detail = "without keys this call needs the token printed at start; mend: send X-Start-Token with start_token from DATA/server.json";
            return Err(Problem::new(Kind::StartTokenNeeded, detail));
        }
        Ok(())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let caller = parts.extensions.get().copied();
        caller.ok_or_else(|| Problem::internal("a route outside /v1 and /ofrep asks who the caller is"))
    }
}

/// Finds out who calls `/v1` or `/ofrep`, before anything is told about what there is.
pub(crate) async fn authenticate(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if ["/v1", "/ofrep"].iter().any(|face| request.uri().path().starts_with(face)) {
        let caller = app.gate.caller(request.headers())?;
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}

/// The same methods, for callers who may do `access`.
pub(crate) fn allow(access: Access, methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    let check = move |caller: Caller, request: Request, next: Next| async move {
        caller.may(access)?;
        Ok::<Response, Problem>(next.run(request).await)
    };
    methods.route_layer(axum::middleware::from_fn(check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_keep_to_their_calls() {
        let calls = [Access::Ingest, Access::Read, Access::Write, Access::Destroy, Access::Maintain];
        let by_key = |role| Caller { role: Some(role), by_key: true, start_token: false };
        let may = |caller: Caller| calls.map(|access| caller.may(access).is_ok());
        assert_eq!(may(by_key(Role::Client)), [true, false, false, false, false]);
        assert_eq!(may(by_key(Role::Analyst)), [false, true, false, false, false]);
        assert_eq!(may(by_key(Role::Admin)), [true; 5]);
        let open = Caller { role: Some(Role::Admin), by_key: false, start_token: false };
        assert_eq!(may(open), [true, true, true, false, false]);
        assert_eq!(may(Caller { start_token: true, ..open }), [true; 5]);
        let token_only = Caller { role: None, by_key: false, start_token: true };
        assert_eq!(may(token_only), [false, false, false, false, true]);
    }
}
