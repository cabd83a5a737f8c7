//! Who asks, and what they may do.
//!
//! As soon as there is a key, every call needs one, but for those that are open to everybody. Without, whoever
//! reaches the loopback address may do everything but destroy, work on the store as a whole and make keys; that
//! takes the start token, which only the owner of the data folder can read.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use experiment_core::time::Timestamp;
use subtle::ConstantTimeEq;

use super::problem::{Kind, Problem};
use super::rate::Told;
use super::router::Route;
use super::state::AppState;
use crate::settings::{ADMIN_KEY_VARIABLE, AdminKey, MAX_KEY_CHARS};
use crate::store::{ApiKey, ApiKeys, KeyHash, KeyState, Role};

/// Carries a key, instead of `Authorization: Bearer`.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Carries the token printed at start.
const START_TOKEN: HeaderName = HeaderName::from_static("x-start-token");

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing that anybody may not know.
    Open,
    /// Asks for variants, reports facts.
    Ingest,
    /// Reads definitions, results, plans.
    Read,
    /// Changes definitions and life cycles.
    Write,
    /// Can't be undone.
    Destroy,
    /// Works on the store as a whole, and on keys.
    Maintain,
}

/// Who may ask at all, beside the store's keys.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The key of the environment.
    pub(crate) admin_key: Option<AdminKey>,
    /// Printed at start and kept in the data folder.
    pub(crate) start_token: String,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// Whether the start token came too.
    pub(crate) start_token: bool,
}

/// What somebody is known by.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// Reaching a server without keys.
    Loopback,
    /// The start token alone, where keys are needed.
    StartToken,
    /// The key of the environment.
    AdminKey,
    /// A key of the store.
    Key(Arc<ApiKey>),
}

impl Identity {
    /// Whether both are the same one.
    pub(crate) fn is_same(&self, other: &Identity) -> bool {
        match (self, other) {
            (Identity::Key(own), Identity::Key(other)) => own.id == other.id,
            (own, other) => std::mem::discriminant(own) == std::mem::discriminant(other),
        }
    }
}

impl Gate {
    /// Whether a key is needed: as soon as one was made. That the last one ended opens nothing.
    pub(crate) fn needs_key(&self, keys: &ApiKeys) -> bool {
        self.admin_key.is_some() || !keys.is_empty()
    }

    /// Who sent these headers.
    ///
    /// # Errors
    /// 401 for a wrong key, or none where one is needed; 403 for a wrong start token.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        keys: &ApiKeys,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Caller, Problem> {
        let start_token = self.has_start_token(headers)?;
        if !self.needs_key(keys) {
            return Ok(Caller { identity: Identity::Loopback, start_token });
        }
        let identity = match sent_key(headers)? {
            Some(key) => self.identify(key, keys, now)?,
            None if start_token => Identity::StartToken,
            None => return Err(no_key()),
        };
        Ok(Caller { identity, start_token })
    }

    fn has_start_token(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        let mut sent = headers.get_all(START_TOKEN).iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(false),
            (Some(sent), None) if self.start_token.as_bytes().ct_eq(sent.as_bytes()).into() => Ok(true),
            _ => {
                let detail = "X-Start-Token is not the one printed at start; mend: read start_token in DATA/server.json";
                Err(Problem::new(Kind::StartTokenNeeded, detail))
            }
        }
    }

    /// Whose key this is. The same work for every text: one hash, and a comparison with each of what may be meant.
    fn identify(
        &self,
        sent: &[u8],
        keys: &ApiKeys,
        now: impl FnOnce() -> Timestamp,
    ) -> Result<Identity, Problem> {
        // No key is longer, and no more than that is worth hashing.
        let sent = &sent[..sent.len().min(MAX_KEY_CHARS + 1)];
        let hash = KeyHash::of(sent);
        let is_admin_key = self.admin_key.as_ref().map_or(&KeyHash::NOBODY, AdminKey::hash).matches(&hash);
        let key = keys.find(sent, &hash);
        if is_admin_key {
            return Ok(Identity::AdminKey);
        }
        let Some(key) = key else {
            return Err(Problem::unauthenticated("the key is not known; mend: send one that is in force"));
        };
        // Only who has the key is told.
        check_in_force(key, now())?;
        Ok(Identity::Key(Arc::clone(key)))
    }

    /// Whether a caller who was let in would be so still, for what goes on for long.
    ///
    /// # Errors
    /// 401 when the key has ended meanwhile, or there was none and one is needed now.
    pub(crate) fn check_again(&self, caller: &Caller, keys: &ApiKeys, now: Timestamp) -> Result<(), Problem> {
        match &caller.identity {
            Identity::Loopback if self.needs_key(keys) => Err(no_key()),
            // One that is not there any more has ended before.
            Identity::Key(key) => check_in_force(keys.get(key.id).unwrap_or(key), now),
            _ => Ok(()),
        }
    }
}

fn check_in_force(key: &ApiKey, now: Timestamp) -> Result<(), Problem> {
    match key.state(now) {
        KeyState::Active => Ok(()),
        KeyState::Expired => {
            Err(Problem::unauthenticated("the key has expired; mend: send one that is in force"))
        }
        KeyState::Revoked => {
            Err(Problem::unauthenticated("the key was revoked; mend: send one that is in force"))
        }
    }
}

fn no_key() -> Problem {
    Problem::unauthenticated("no key was sent; mend: send Authorization: Bearer KEY or X-API-Key: KEY")
}

/// The key in the headers, of which there may be one. `Authorization` of another scheme is somebody else's where
/// `X-API-Key` is there.
fn sent_key(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    let by_header = headers.get_all(API_KEY).iter().map(|key| Some(key.as_bytes()));
    let has_api_key = headers.contains_key(API_KEY);
    let bearers = headers.get_all(AUTHORIZATION).iter().map(|value| bearer(value.as_bytes()));
    let mut found = None;
    for key in by_header.chain(bearers) {
        match (key, found) {
            (None, _) if has_api_key => {}
            (None, _) => {
                return Err(Problem::unauthenticated(
                    "Authorization is not of the form Bearer KEY; mend: send Authorization: Bearer KEY",
                ));
            }
            (Some(key), None) => found = Some(key),
            (Some(key), Some(before)) if key == before => {}
            (Some(_), Some(_)) => {
                return Err(Problem::unauthenticated("two keys were sent; mend: send the one that is meant"));
            }
        }
    }
    Ok(found)
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

impl Caller {
    /// The caller's name in the audit log: of the key, or of where no key is needed.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match &self.identity {
            Identity::Loopback => "loopback".into(),
            Identity::StartToken => "start-token".into(),
            Identity::AdminKey => ADMIN_KEY_VARIABLE.into(),
            Identity::Key(key) => key.label().into(),
        }
    }

    /// Whether this caller may do that.
    ///
    /// # Errors
    /// 403, or 401 for a caller with a start token alone, who may only do what that is for.
    pub(crate) fn may(&self, access: Access) -> Result<(), Problem> {
        if access == Access::Open || (self.start_token && access == Access::Maintain) {
            return Ok(());
        }
        let needs_token = matches!(access, Access::Destroy | Access::Maintain) && !self.start_token;
        let role = match &self.identity {
            Identity::StartToken => return Err(no_key()),
            Identity::Loopback if needs_token => {
                let detail = "without keys this call needs the token printed at start; mend: send X-Start-Token with start_token from DATA/server.json";
                return Err(Problem::new(Kind::StartTokenNeeded, detail));
            }
            Identity::Loopback | Identity::AdminKey => Role::Admin,
            Identity::Key(key) => key.role,
        };
        let allowed = match role {
            Role::Client => access == Access::Ingest,
            Role::Analyst => access == Access::Read,
            Role::Admin => true,
        };
        if allowed {
            return Ok(());
        }
        let detail = "this key's role does not allow this call; mend: use a key with a role that does";
        Err(Problem::new(Kind::Forbidden, detail))
    }
}

/// What became of somebody who asks to come in.
pub(crate) struct Entry {
    /// Who it is; `None` where nobody is asked.
    pub(crate) caller: Option<Caller>,
    /// Whether they may make the call.
    pub(crate) allowed: Result<(), Problem>,
    /// What they are told about their rate, whatever comes of it.
    pub(crate) rate: Option<Told>,
}

/// Finds out who calls, whether they call too often, and whether they may, before anything is told about what there
/// is. Whatever is not said to be open needs it, addresses that are not there too.
///
/// # Errors
/// 401 and 403 for who is not known, 429 for who calls too often.
pub(crate) fn enter(app: &AppState, route: Option<Route>, request: &Request) -> Result<Entry, Problem> {
    let access = route.map(|route| route.access);
    if access == Some(Access::Open) {
        return Ok(Entry { caller: None, allowed: Ok(()), rate: None });
    }
    let keys = app.store.api_keys();
    // Who signed in reads pages, and does nothing else: a cookie comes along whoever made the browser ask.
    let signed_in =
        route.is_none_or(|route| route.page).then(|| app.sessions.caller(request.headers(), app.now()));
    let caller = match signed_in.flatten() {
        Some(caller) => app.gate.check_again(&caller, &keys, app.now()).map(|()| caller)?,
        None => app.gate.caller(request.headers(), &keys, || app.now())?,
    };
    let rate = app.rates.count(&caller, &keys)?;
    // Of what is not there, the router says so.
    let allowed = access.map_or(Ok(()), |access| caller.may(access));
    Ok(Entry { caller: Some(caller), allowed, rate })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::store::{key_with_role, work};

    const ADMIN_KEY: &str = "0123456789abcdef0123456789abcdef";

    fn gate(admin_key: Option<&str>) -> Gate {
        let admin_key = admin_key.map(|key| AdminKey::new(key).unwrap());
        Gate { admin_key, start_token: "f".repeat(64) }
    }

    fn headers(sent: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        sent.iter().map(header).collect()
    }

    #[test]
    fn roles_keep_to_their_calls() {
        use Access::{Destroy, Ingest, Maintain, Open, Read, Write};
        let may = |identity: Identity, start_token| {
            let caller = Caller { identity, start_token };
            [Open, Ingest, Read, Write, Destroy, Maintain].map(|access| caller.may(access).is_ok())
        };
        let key = |role| Identity::Key(Arc::new(key_with_role(role).0));
        let everything = [true; 6];
        assert_eq!(may(key(Role::Client), false), [true, true, false, false, false, false]);
        assert_eq!(may(key(Role::Analyst), false), [true, false, true, false, false, false]);
        assert_eq!(may(key(Role::Admin), false), everything);
        assert_eq!(may(Identity::AdminKey, false), everything);
        assert_eq!(may(Identity::Loopback, false), [true, true, true, true, false, false]);
        // What the token opens, it opens whatever else came with it, and nothing more.
        assert_eq!(may(Identity::Loopback, true), everything);
        assert_eq!(may(Identity::StartToken, true), [true, false, false, false, false, true]);
        assert_eq!(may(key(Role::Client), true), [true, true, false, false, false, true]);
    }

    #[test]
    fn whatever_is_sent_costs_the_same_work() {
        let (key, text) = key_with_role(Role::Client);
        let known = text.reveal();
        let mut keys = ApiKeys::default();
        keys.insert(key);
        let wrong_secret = format!("{}{}", &known[..known.len() - 64], "0".repeat(64));
        let unknown_id = format!("experiment_000000000000_{}", "0".repeat(64));
        let too_long = "k".repeat(30_000);
        for admin_key in [None, Some(ADMIN_KEY)] {
            let gate = gate(admin_key);
            for sent in [known, &wrong_secret, &unknown_id, ADMIN_KEY, &ADMIN_KEY[1..], "", "x", &too_long] {
                let sent = headers(&[("x-api-key", sent)]);
                let found = work::of(|| gate.caller(&sent, &keys, || Timestamp(5)).is_ok());
                assert_eq!(found, (1, 2), "{sent:?}: one hash, one comparison with each");
            }
        }
    }

    #[test]
    fn one_key_is_taken_from_wherever_it_stands() {
        let found = |sent: &[(&'static str, &str)]| {
            sent_key(&headers(sent)).map(|key| key.map(|key| String::from_utf8(key.to_vec()).unwrap())).ok()
        };
        let key = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(found(&[]), Some(None));
        assert_eq!(found(&[("authorization", "Bearer a")]), key("a"));
        assert_eq!(found(&[("authorization", "bEaReR   a ")]), key("a"));
        assert_eq!(found(&[("x-api-key", "a")]), key("a"));
        assert_eq!(found(&[("x-api-key", "a"), ("authorization", "Bearer a")]), key("a"));
        // A proxy in front may want its own.
        assert_eq!(found(&[("x-api-key", "a"), ("authorization", "Basic eDp5")]), key("a"));
        for wrong in [
            vec![("authorization", "Basic eDp5")],
            vec![("authorization", "Bearer")],
            vec![("authorization", "")],
            vec![("x-api-key", "a"), ("authorization", "Bearer b")],
        ] {
            assert_eq!(found(&wrong), None, "{wrong:?}");
        }
        for name in ["authorization", "x-api-key"] {
            let mut twice = HeaderMap::new();
            twice.append(name, HeaderValue::from_static("Bearer a"));
            twice.append(name, HeaderValue::from_static("Bearer b"));
            assert!(sent_key(&twice).is_err(), "{name}");
        }
    }

    #[test]
    fn a_key_that_ended_opens_nothing_and_leaves_the_gate_closed() {
        let (mut key, text) = key_with_role(Role::Admin);
        key.expires_at = Some(Timestamp(10));
        let gate = gate(None);
        let sent = headers(&[("x-api-key", text.reveal())]);
        let state = |key: &ApiKey, now| {
            let mut keys = ApiKeys::default();
            keys.insert(key.clone());
            assert!(gate.needs_key(&keys));
            assert!(gate.caller(&headers(&[]), &keys, || Timestamp(now)).is_err());
            gate.caller(&sent, &keys, || Timestamp(now)).is_ok()
        };
        assert!(state(&key, 9));
        assert!(!state(&key, 10));
        key.revoked_at = Some(Timestamp(5));
        assert!(!state(&key, 9));
        assert!(!gate.needs_key(&ApiKeys::default()));
    }
}
