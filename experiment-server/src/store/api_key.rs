//! Keys: who may call, for what, and until when.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use experiment_core::definition::{NameError, check_event_name};
use experiment_core::time::{Span, TimeError, Timestamp};
use serde::Serialize;

use super::api_key_text::{KeyHash, KeyId, KeyText};
use super::bytes::{Reader, put_text};
use super::error::{IntakeError, StoreError};
use super::pending::FromIntake;
use crate::rate::Rate;

/// Most keys a store keeps, ended ones included. A further one takes the place of the one that ended first.
pub const MAX_KEYS: usize = 1_000;

/// The encoding's version, the first byte of every row.
const VERSION: u8 = 1;
/// Stands for "at no time".
const NEVER: i64 = i64::MAX;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = KeyRole)]
pub enum Role {
    /// Apps: asks for variants, reports exposures and conversions.
    Client,
    /// People: reads definitions, results, plans.
    Analyst,
    /// Everything.
    Admin,
}

/// A word is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not client, analyst or admin")]
pub struct RoleError(String);

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Client, Role::Analyst, Role::Admin];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Analyst => "analyst",
            Role::Admin => "admin",
        }
    }

    fn code(self) -> u8 {
        match self {
            Role::Client => 1,
            Role::Analyst => 2,
            Role::Admin => 3,
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Role, RoleError> {
        let role = Role::ALL.into_iter().find(|role| role.name() == text);
        role.ok_or_else(|| RoleError(text.chars().take(60).collect()))
    }
}

/// Until when a key is to be in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// Until it is revoked.
    Never,
    /// Until then.
    At(Timestamp),
    /// For so long, from when it is made.
    After(Span),
}

impl FromStr for Expires {
    type Err = TimeError;

    /// Reads `never`, a span such as `90d` or an RFC 3339 time.
    fn from_str(text: &str) -> Result<Expires, TimeError> {
        match text.parse() {
            _ if text == "never" => Ok(Expires::Never),
            Ok(span) => Ok(Expires::After(span)),
            Err(_) => text.parse().map(Expires::At),
        }
    }
}

impl fmt::Display for Expires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expires::Never => f.write_str("never"),
            Expires::At(at) => at.fmt(f),
            Expires::After(span) => span.fmt(f),
        }
    }
}

impl Expires {
    /// The instant, for a key made at `now`.
    ///
    /// # Errors
    /// [`KeyError::AlreadyOver`] when that is not later than `now`.
    pub(super) fn from(self, now: Timestamp) -> Result<Option<Timestamp>, KeyError> {
        let at = match self {
            Expires::Never => return Ok(None),
            Expires::At(at) => at,
            Expires::After(span) => now.after(span),
        };
        if at > now { Ok(Some(at)) } else { Err(KeyError::AlreadyOver { at, now }) }
    }
}

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    pub(super) name: String,
    /// What it is for.
    pub role: Role,
    /// Until when.
    pub expires: Expires,
    /// How many requests it may send, instead of what the server says for everybody.
    pub rate: Option<Rate>,
}

impl NewKey {
    /// A key without end and without a limit of its own. `name` says whose it is, for people.
    ///
    /// # Errors
    /// [`NameError`] when the name has not 1 to 128 bytes, or has control characters.
    pub fn new(name: impl Into<String>, role: Role) -> Result<NewKey, NameError> {
        let name = name.into();
        check_event_name(&name)?;
        Ok(NewKey { name, role, expires: Expires::Never, rate: None })
    }
}

/// A key to be made in the place of another, which it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The one in force.
    pub old: KeyId,
    /// For how long it stays so, at most.
    pub overlap: Span,
    /// Until when the new one is in force; `None` for as long as the old one was to last.
    pub expires: Option<Expires>,
}

/// A key as it is kept: everything but its text.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is, for people. Several keys may have one name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How many requests it may send, if that is its own.
    pub rate: Option<Rate>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it is not in force.
    pub expires_at: Option<Timestamp>,
    /// From then on it was not in force.
    pub revoked_at: Option<Timestamp>,
    pub(super) hash: KeyHash,
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is in force.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl ApiKey {
    /// Whether it is in force at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => KeyState::Revoked,
            (None, Some(end)) if end <= now => KeyState::Expired,
            (None, _) => KeyState::Active,
        }
    }

    /// How it is named in the audit log: its name, with its id in brackets.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.id)
    }

    /// When it ended or will end.
    pub(super) fn end(&self) -> Timestamp {
        let end = |at: Option<Timestamp>| at.unwrap_or(Timestamp(NEVER));
        end(self.revoked_at).min(end(self.expires_at))
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let time = |at: Option<Timestamp>| at.map_or(NEVER, |at| at.0).to_le_bytes();
        let (requests, seconds) = self.rate.map_or((0, 0), |rate| (rate.requests(), rate.seconds()));
        let mut out = vec![VERSION, self.role.code()];
        out.extend_from_slice(&self.created_at.0.to_le_bytes());
        out.extend_from_slice(&time(self.expires_at));
        out.extend_from_slice(&time(self.revoked_at));
        out.extend_from_slice(&requests.to_le_bytes());
        out.extend_from_slice(&seconds.to_le_bytes());
        out.extend_from_slice(&self.hash.0);
        put_text(&mut out, &self.name);
        out
    }

    pub(super) fn decode(id: u64, bytes: &[u8]) -> Result<ApiKey, StoreError> {
        let mut reader = Reader::new(bytes, "a key");
        if reader.u8()? != VERSION {
            return Err(reader.corrupt("its encoding is of an unknown version"));
        }
        let code = reader.u8()?;
        let role = Role::ALL.into_iter().find(|role| role.code() == code);
        let role = role.ok_or_else(|| reader.corrupt("it is of an unknown role"))?;
        let created_at = Timestamp(reader.i64()?);
        let mut time = || Ok::<_, StoreError>(Some(reader.i64()?).filter(|at| *at != NEVER).map(Timestamp));
        let (expires_at, revoked_at) = (time()?, time()?);
        let rate = match (reader.u32()?, reader.u32()?) {
            (0, 0) => None,
            (requests, seconds) => {
                Some(Rate::new(requests, seconds).ok_or_else(|| reader.corrupt("its rate is none"))?)
            }
        };
        let mut hash = [0; 32];
        hash.copy_from_slice(reader.bytes(32)?);
        let name = reader.text()?.to_owned();
        reader.end()?;
        let hash = KeyHash(hash);
        Ok(ApiKey { id: KeyId(id), name, role, rate, created_at, expires_at, revoked_at, hash })
    }
}

/// Every key of a store, ended ones included.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys(BTreeMap<KeyId, Arc<ApiKey>>);

impl ApiKeys {
    /// Whether no key was ever made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ApiKey>> {
        self.0.values()
    }

    /// Takes out a key that has ended at `now`: the one that did so first.
    pub(super) fn remove_ended(&mut self, now: Timestamp) -> Option<KeyId> {
        let ended = self.iter().filter(|key| key.state(now) != KeyState::Active);
        let first = ended.min_by_key(|key| key.end())?.id;
        self.0.remove(&first).map(|key| key.id)
    }

    /// The key of this id.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<&Arc<ApiKey>> {
        self.0.get(&id)
    }

    /// Puts a key in, in place of the one of its id.
    pub(crate) fn insert(&mut self, key: ApiKey) -> Arc<ApiKey> {
        let key = Arc::new(key);
        self.0.insert(key.id, Arc::clone(&key));
        key
    }

    /// Whether some key is in force at `now`.
    #[must_use]
    pub fn any_active(&self, now: Timestamp) -> bool {
        self.iter().any(|key| key.state(now) == KeyState::Active)
    }

    /// The key that this text is, in force or not. `hash` is the text's. One comparison, whether the id is known
    /// or not, and whatever the text looks like.
    #[must_use]
    pub fn find(&self, text: &[u8], hash: &KeyHash) -> Option<&Arc<ApiKey>> {
        let key = KeyId::within(text).and_then(|id| self.get(id));
        let matches = key.map_or(&KeyHash::NOBODY, |key| &key.hash).matches(hash);
        key.filter(|_| matches)
    }
}

/// What became of a key.
#[derive(Debug, Clone)]
pub struct KeyChanged {
    /// As it is now; of a rotation the new one.
    pub key: Arc<ApiKey>,
    /// Its text, where it was made just now.
    pub text: Option<KeyText>,
    /// The key whose place it takes, of a rotation.
    pub replaces: Option<Arc<ApiKey>>,
}

/// A key was not made or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not taken in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// No key has this id.
    #[error("no key has the id {id}; mend: `experiment key list` or GET /v1/keys has those there are")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// It is not in force any more.
    #[error("the key {id} is not in force any more; mend: make a new one")]
    Ended {
        /// Which.
        id: KeyId,
    },
    /// It would be over when it is made.
    #[error("{at} is not later than now, {now}; mend: name a later time, or a span such as 90d")]
    AlreadyOver {
        /// What was asked for.
        at: Timestamp,
        /// The time by the store.
        now: Timestamp,
    },
    /// There are as many keys in force as may be.
    #[error("there are {most} keys in force, which is the most; mend: revoke those that nobody uses")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// The id that was drawn is taken, once in 10^11 times.
    #[error("the id that was drawn is taken; mend: try again")]
    IdTaken,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {detail}; mend: see to the system")]
    NoRandom {
        /// What it says.
        detail: String,
    },
}

impl FromIntake for KeyError {
    fn from_intake(error: IntakeError) -> KeyError {
        KeyError::Intake(error)
    }
}

/// A key without end, and its text.
#[cfg(test)]
pub(crate) fn key_with_role(role: Role) -> (ApiKey, KeyText) {
    let Ok(text) = KeyText::draw() else { panic!("no random bytes") };
    let key = ApiKey {
        id: text.id(),
        name: "shop".to_owned(),
        role,
        rate: None,
        created_at: Timestamp(1),
        expires_at: None,
        revoked_at: None,
        hash: KeyHash::of(text.reveal().as_bytes()),
    };
    (key, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::work;

    fn made() -> (ApiKey, KeyText) {
        let (key, text) = key_with_role(Role::Analyst);
        (ApiKey { rate: "500/s".parse().ok(), expires_at: Some(Timestamp(9)), ..key }, text)
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let (mut key, _) = made();
        for (rate, expires_at, revoked_at) in
            [(key.rate, key.expires_at, None), (None, None, Some(Timestamp(-5)))]
        {
            (key.rate, key.expires_at, key.revoked_at) = (rate, expires_at, revoked_at);
            let bytes = key.encode();
            let read = ApiKey::decode(key.id.0, &bytes).unwrap();
            assert_eq!(read.encode(), bytes);
            assert_eq!(
                (read.id, read.name, read.role, read.rate, read.expires_at, read.revoked_at),
                (key.id, key.name.clone(), key.role, rate, expires_at, revoked_at)
            );
            for length in 0..bytes.len() {
                assert!(ApiKey::decode(key.id.0, &bytes[..length]).is_err());
            }
        }
    }

    #[test]
    fn every_text_costs_one_comparison() {
        let (key, text) = made();
        let other = KeyText::draw().unwrap();
        let wrong = format!("{}{}", &text.reveal()[..text.reveal().len() - 64], "0".repeat(64));
        let mut keys = ApiKeys::default();
        keys.insert(key);
        for (sent, is_known) in [
            (text.reveal(), true),
            (wrong.as_str(), false),
            (other.reveal(), false),
            ("experiment_", false),
            ("", false),
            ("\u{e9}", false),
        ] {
            let hash = KeyHash::of(sent.as_bytes());
            let mut found = None;
            assert_eq!(work::of(|| found = keys.find(sent.as_bytes(), &hash)), (0, 1), "{sent}");
            assert_eq!(found.is_some(), is_known, "{sent}");
        }
        assert!(keys.find(b"\xff\xfe", &KeyHash::of(b"\xff\xfe")).is_none());
        // What is compared with in place of an unknown key is no key's hash.
        assert!(keys.find(b"", &KeyHash::NOBODY).is_none());
    }

    #[test]
    fn ends_are_read_and_kept_to() {
        let at = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!("never".parse(), Ok(Expires::Never));
        assert_eq!("90d".parse(), Ok(Expires::After("90d".parse().unwrap())));
        for text in ["never", "90d", "36h", "2026-03-01T00:00:00Z"] {
            assert_eq!(text.parse::<Expires>().unwrap().to_string(), text);
        }
        assert_eq!("2026-03-01T00:00:00Z".parse(), Ok(Expires::At(at)));
        assert!("soon".parse::<Expires>().is_err() && "".parse::<Expires>().is_err());
        assert_eq!(Expires::At(at).from(at), Err(KeyError::AlreadyOver { at, now: at }));
        assert_eq!(Expires::Never.from(at), Ok(None));
        let (mut key, _) = made();
        assert_eq!(key.state(Timestamp(8)), KeyState::Active);
        assert_eq!(key.state(Timestamp(9)), KeyState::Expired);
        key.revoked_at = Some(Timestamp(5));
        assert_eq!((key.state(Timestamp(2)), key.end()), (KeyState::Revoked, Timestamp(5)));
    }
}
