//! Every setting of the server, with unit and bound. `docs/configuration.md` lists them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::rate::{Rate, RateError};
use crate::store::{Clock, KeyHash, Pace, has_key_form, system_clock};
use crate::web_origin::{WebOrigin, WebOriginError};

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8016";
/// The environment variable that holds the admin key.
pub const ADMIN_KEY_VARIABLE: &str = "EXPERIMENT_ADMIN_KEY";
/// The environment variable that holds the origins whose pages may call, with commas or spaces between.
pub const CORS_ORIGINS_VARIABLE: &str = "EXPERIMENT_CORS_ORIGINS";
/// The environment variable that holds how many requests each key may send.
pub const RATE_LIMIT_VARIABLE: &str = "EXPERIMENT_RATE_LIMIT";
/// Fewest characters of a key.
pub const MIN_KEY_CHARS: usize = 32;
/// Most characters of a key.
pub const MAX_KEY_CHARS: usize = 512;

/// What the server is started with; see [`Settings::new`] for the defaults.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The folder that holds everything; made if it is not there.
    pub data: PathBuf,
    /// Address and port; port 0 takes a free one. Without a key only loopback addresses are taken.
    pub listen: String,
    /// A key that may do everything, beside those of the store. Without any the server is open to this machine alone.
    pub admin_key: Option<AdminKey>,
    /// Origins whose pages may call from browsers.
    pub cors_origins: Vec<WebOrigin>,
    /// How many requests each key may send that has no limit of its own, and, without keys, this machine; `None`
    /// for as many as it likes.
    pub rate_limit: Option<Rate>,
    /// How long anything may take.
    pub timeouts: Timeouts,
    /// Most connections open at once; further ones wait to be accepted. At least 1.
    pub max_connections: usize,
    /// Most requests in progress at once; further ones are answered 503. At least 1.
    pub max_requests: usize,
    /// Threads that answer requests; at least 1.
    pub threads: usize,
    /// Whether SIGTERM and SIGINT are caught from the start, for [`Server::wait`](crate::http::Server::wait).
    pub catch_signals: bool,
    /// Where the time comes from.
    pub clock: Clock,
    /// How metrics that are added while an experiment runs are counted for the customers there are.
    pub pace: Pace,
    /// Bytes of the disk that intake leaves free (folding twice as many); `None` leaves a fiftieth of the disk, from
    /// 4 MiB to 1 GiB.
    pub disk_reserve: Option<u64>,
}

/// How long anything may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request, or the end of the one before it, to the end of its headers.
    pub head: Duration,
    /// To receive a whole body.
    pub body: Duration,
    /// To answer, once the body is there; a `verify` may take longer.
    pub answer: Duration,
    /// For a client to take more of its answer once it has stopped.
    pub write: Duration,
    /// To finish requests in progress at shutdown.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            head: Duration::from_secs(30),
            body: Duration::from_secs(60),
            answer: Duration::from_secs(60),
            write: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// The defaults for a folder: loopback, no key, the machine's clock.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Settings {
        Settings {
            data: data.into(),
            listen: DEFAULT_LISTEN.to_owned(),
            admin_key: None,
            cors_origins: Vec::new(),
            rate_limit: None,
            timeouts: Timeouts::default(),
            max_connections: 4_096,
            max_requests: 1_024,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            catch_signals: false,
            clock: system_clock(),
            pace: Pace::default(),
            disk_reserve: None,
        }
    }
}

impl Settings {
    /// What `serve` and `demo` start with: the defaults, this address, and what the environment says.
    ///
    /// # Errors
    /// [`SettingError`] when a variable is set to something that it can't be.
    pub fn from_environment(data: impl Into<PathBuf>, listen: &str) -> Result<Settings, SettingError> {
        let admin_key = AdminKey::from_environment()?;
        let mut settings = Settings { listen: listen.to_owned(), admin_key, ..Settings::new(data) };
        if let Some(text) = variable(CORS_ORIGINS_VARIABLE) {
            let origins = text.split([',', ' ']).filter(|origin| !origin.is_empty()).map(str::parse);
            settings.cors_origins = origins.collect::<Result<_, _>>()?;
        }
        settings.rate_limit = variable(RATE_LIMIT_VARIABLE).map(|text| text.parse()).transpose()?;
        Ok(settings)
    }
}

/// What a variable holds; nothing for one that is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|text| text.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
}

/// A variable of the environment can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// [`ADMIN_KEY_VARIABLE`].
    #[error(transparent)]
    AdminKey(#[from] KeyError),
    /// [`CORS_ORIGINS_VARIABLE`].
    #[error("{CORS_ORIGINS_VARIABLE}: {0}; mend: name origins with commas between, or leave it unset")]
    CorsOrigins(#[from] WebOriginError),
    /// [`RATE_LIMIT_VARIABLE`].
    #[error("{RATE_LIMIT_VARIABLE}: {0}; mend: name a rate, or leave it unset for none")]
    RateLimit(#[from] RateError),
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The clock is a function, and keys hide themselves.
        f.debug_struct("Settings")
            .field("data", &self.data)
            .field("listen", &self.listen)
            .field("admin_key", &self.admin_key)
            .field("cors_origins", &self.cors_origins)
            .field("rate_limit", &self.rate_limit)
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .field("max_requests", &self.max_requests)
            .field("threads", &self.threads)
            .field("catch_signals", &self.catch_signals)
            .field("disk_reserve", &self.disk_reserve)
            .finish_non_exhaustive()
    }
}

/// A key that may do everything. Only its hash is kept.
#[derive(Clone)]
pub struct AdminKey(KeyHash);

/// Why a text can't be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Too easily guessed.
    #[error(
        "{ADMIN_KEY_VARIABLE} has {0} characters, at least {MIN_KEY_CHARS} are needed; mend: make one with `openssl rand -hex 32`"
    )]
    TooShort(usize),
    /// Longer than a header should be.
    #[error(
        "{ADMIN_KEY_VARIABLE} has {0} characters, the most is {MAX_KEY_CHARS}; mend: make one with `openssl rand -hex 32`"
    )]
    TooLong(usize),
    /// A header could not carry it.
    #[error(
        "{ADMIN_KEY_VARIABLE} has a space, a control or a non-ASCII character, which no header carries; mend: make one with `openssl rand -hex 32`"
    )]
    NotInHeaders,
    /// It could not be revoked here.
    #[error(
        "{ADMIN_KEY_VARIABLE} holds a key of a store, which is in force without that and could not be revoked with it; mend: leave the variable unset for the server"
    )]
    OfStore,
}

impl AdminKey {
    /// The key that this text is.
    ///
    /// # Errors
    /// [`KeyError`] for fewer than [`MIN_KEY_CHARS`] or more than [`MAX_KEY_CHARS`] characters, for any that is not
    /// visible ASCII, and for a key that a store made.
    pub fn new(text: impl Into<String>) -> Result<AdminKey, KeyError> {
        let text = text.into();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::NotInHeaders);
        }
        match text.len() {
            short if short < MIN_KEY_CHARS => Err(KeyError::TooShort(short)),
            long if long > MAX_KEY_CHARS => Err(KeyError::TooLong(long)),
            _ if has_key_form(&text) => Err(KeyError::OfStore),
            _ => Ok(AdminKey(KeyHash::of(text.as_bytes()))),
        }
    }

    /// The key in [`ADMIN_KEY_VARIABLE`], if that is set.
    ///
    /// # Errors
    /// [`KeyError`] when it is set to something that can't be a key; an empty text is one of those.
    pub fn from_environment() -> Result<Option<AdminKey>, KeyError> {
        match std::env::var(ADMIN_KEY_VARIABLE) {
            Ok(text) => AdminKey::new(text).map(Some),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(KeyError::NotInHeaders),
        }
    }

    /// The hash of the key.
    pub(crate) fn hash(&self) -> &KeyHash {
        &self.0
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_hidden() {
        assert_eq!(AdminKey::new("").unwrap_err(), KeyError::TooShort(0));
        assert_eq!(AdminKey::new("k".repeat(31)).unwrap_err(), KeyError::TooShort(31));
        assert_eq!(AdminKey::new("k".repeat(513)).unwrap_err(), KeyError::TooLong(513));
        assert_eq!(AdminKey::new("k y".repeat(20)).unwrap_err(), KeyError::NotInHeaders);
        let of_store = format!("experiment_00000000000f_{}", "0".repeat(64));
        assert_eq!(AdminKey::new(of_store).unwrap_err(), KeyError::OfStore);
        let key = AdminKey::new("k".repeat(32)).unwrap();
        let matches = |text: &str| key.hash().matches(&KeyHash::of(text.as_bytes()));
        assert!(matches(&"k".repeat(32)) && !matches("k") && !matches(&"j".repeat(32)));
        assert_eq!(format!("{key:?}"), "AdminKey(…)");
    }
}
