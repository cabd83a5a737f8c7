//! Who signed in to read pages.
//!
//! A browser keeps a random token in a cookie that no script can read; the key itself it does not keep. Sessions are
//! in memory: after a restart people sign in again. They open pages only, never the API: a cookie comes along with
//! whatever makes the browser ask, and pages change nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use experiment_core::time::{DAY, Span, Timestamp};
use sha2::{Digest, Sha256};

use super::auth::{Caller, Identity};
use crate::store::hex;

/// The cookie's name.
const COOKIE_NAME: &str = "experiment_session";
/// How long somebody stays signed in.
const LIFE: Span = Span(DAY / 2);
/// Most sessions at once; a further one ends the one that began first.
const MAX_SESSIONS: usize = 10_000;
/// Most of them by one key, which then ends its own.
const MAX_SESSIONS_OF_ONE: usize = 100;

/// A token's SHA-256. It is what is looked up by, so how long a look-up takes tells nothing of a token.
type TokenHash = [u8; 32];

/// Everybody who is signed in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<TokenHash, Session>>);

#[derive(Debug)]
struct Session {
    identity: Identity,
    ends: Timestamp,
}

impl Sessions {
    /// Signs somebody in; returns the cookie, for encrypted connections only where this one is.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn begin(
        &self,
        identity: Identity,
        now: Timestamp,
        is_encrypted: bool,
    ) -> Result<HeaderValue, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let token = hex(&bytes);
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| session.ends > now);
        }
        let own = |session: &&Session| session.identity.is_same(&identity);
        if sessions.values().filter(own).count() >= MAX_SESSIONS_OF_ONE {
            end_first(&mut sessions, |session| session.identity.is_same(&identity));
        } else if sessions.len() >= MAX_SESSIONS {
            end_first(&mut sessions, |_| true);
        }
        sessions.insert(hash(&token), Session { identity, ends: now.after(LIFE) });
        Ok(cookie(&token, LIFE, is_encrypted))
    }

    /// Who sent these headers, if they are signed in.
    pub(crate) fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Option<Caller> {
        let token = token(headers)?;
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&hash(token)).filter(|session| session.ends > now)?;
        Some(Caller { identity: session.identity.clone(), start_token: false })
    }

    /// Signs out whoever sent these headers; returns what takes the cookie away.
    pub(crate) fn end(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(token) = token(headers) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(token));
        }
        cookie("", Span(0), false)
    }
}

/// Ends the session that began first among some.
fn end_first(sessions: &mut HashMap<TokenHash, Session>, is_one: impl Fn(&Session) -> bool) {
    let some = sessions.iter().filter(|(_, session)| is_one(session));
    let first = some.min_by_key(|(_, session)| session.ends).map(|(hash, _)| *hash);
    first.and_then(|hash| sessions.remove(&hash));
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Links from elsewhere open pages, but no other site's request carries it.
fn cookie(token: &str, life: Span, is_encrypted: bool) -> HeaderValue {
    let seconds = life.0 / experiment_core::time::SECOND;
    let secure = if is_encrypted { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    // Hexadecimal digits and fixed words, so it always is one.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(COOKIE_NAME))
}

/// The token in the cookies.
fn token(headers: &HeaderMap) -> Option<&str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    fn pair(cookie: &HeaderValue) -> String {
        cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_session_ends_after_its_time_or_by_its_owner() {
        let sessions = Sessions::default();
        let cookie = sessions.begin(Identity::AdminKey, Timestamp(0), false).unwrap();
        let sent = headers(&format!("theme=dark; {}; other=1", pair(&cookie)));
        let is_in = |sent: &HeaderMap, now| sessions.caller(sent, Timestamp(now)).is_some();
        assert!(is_in(&sent, 0) && is_in(&sent, LIFE.0 - 1) && !is_in(&sent, LIFE.0));
        assert!(!is_in(&HeaderMap::new(), 0) && !is_in(&headers("experiment_session="), 0));
        sessions.end(&sent);
        assert!(!is_in(&sent, 0));
    }

    #[test]
    fn no_script_and_no_other_site_gets_the_cookie() {
        let sessions = Sessions::default();
        let attributes = |is_encrypted| {
            let cookie = sessions.begin(Identity::AdminKey, Timestamp(0), is_encrypted).unwrap();
            cookie.to_str().unwrap().split_once("; ").unwrap().1.to_owned()
        };
        assert_eq!(attributes(false), "Path=/; HttpOnly; SameSite=Lax; Max-Age=43200");
        assert_eq!(attributes(true), "Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure");
        let taken_away = sessions.end(&HeaderMap::new());
        assert_eq!(taken_away, "experiment_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn whoever_signs_in_again_and_again_signs_nobody_else_out() {
        let sessions = Sessions::default();
        let is_in =
            |cookie: &HeaderValue| sessions.caller(&headers(&pair(cookie)), Timestamp(1_000)).is_some();
        let other = sessions.begin(Identity::StartToken, Timestamp(0), false).unwrap();
        let first = sessions.begin(Identity::AdminKey, Timestamp(0), false).unwrap();
        for number in 1..MAX_SESSIONS_OF_ONE {
            sessions.begin(Identity::AdminKey, Timestamp(number as i64), false).unwrap();
        }
        assert!(is_in(&first) && is_in(&other));
        sessions.begin(Identity::AdminKey, Timestamp(999), false).unwrap();
        assert!(!is_in(&first) && is_in(&other), "the first of the same key is ended, and no other's");
        assert_eq!(sessions.0.lock().unwrap().len(), MAX_SESSIONS_OF_ONE + 1);
    }

    #[test]
    fn there_are_only_so_many() {
        let sessions = Sessions::default();
        let first = sessions.begin(Identity::AdminKey, Timestamp(0), false).unwrap();
        for number in 0..MAX_SESSIONS {
            let key = Identity::Key(std::sync::Arc::new(
                crate::store::key_with_role(crate::store::Role::Analyst).0,
            ));
            sessions.begin(key, Timestamp(1 + number as i64), false).unwrap();
        }
        assert_eq!(sessions.0.lock().unwrap().len(), MAX_SESSIONS);
        assert!(sessions.caller(&headers(&pair(&first)), Timestamp(1)).is_none(), "the one that began first");
    }
}
