//! Every setting of the server, with unit and bound. `docs/configuration.md` lists them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use subtle::ConstantTimeEq;

use crate::store::{Clock, Pace, system_clock};

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8016";
/// The environment variable that holds the admin key.
pub const ADMIN_KEY_VARIABLE: &str = "EXPERIMENT_ADMIN_KEY";
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
    /// The key that may do everything; `None` leaves the server open to this machine alone.
    pub admin_key: Option<AdminKey>,
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
    /// What `serve` and `demo` start with: the defaults, this address, and the key of the environment.
    ///
    /// # Errors
    /// [`KeyError`] when [`ADMIN_KEY_VARIABLE`] is set to something that can't be a key.
    pub fn from_environment(data: impl Into<PathBuf>, listen: &str) -> Result<Settings, KeyError> {
        let admin_key = AdminKey::from_environment()?;
        Ok(Settings { listen: listen.to_owned(), admin_key, ..Settings::new(data) })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The clock is a function, and keys hide themselves.
        f.debug_struct("Settings")
            .field("data", &self.data)
            .field("listen", &self.listen)
            .field("admin_key", &self.admin_key)
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .field("max_requests", &self.max_requests)
            .field("threads", &self.threads)
            .field("catch_signals", &self.catch_signals)
            .field("disk_reserve", &self.disk_reserve)
            .finish_non_exhaustive()
    }
}

/// A key that may do everything. Never shown.
#[derive(Clone)]
pub struct AdminKey(String);

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
}

impl AdminKey {
    /// The key that this text is.
    ///
    /// # Errors
    /// [`KeyError`] for fewer than [`MIN_KEY_CHARS`] or more than [`MAX_KEY_CHARS`] characters, and for any
    /// that is not visible ASCII.
    pub fn new(text: impl Into<String>) -> Result<AdminKey, KeyError> {
        let text = text.into();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::NotInHeaders);
        }
        match text.len() {
            short if short < MIN_KEY_CHARS => Err(KeyError::TooShort(short)),
            long if long > MAX_KEY_CHARS => Err(KeyError::TooLong(long)),
            _ => Ok(AdminKey(text)),
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

    /// Whether this is the key. Takes the same time wherever the first difference is.
    #[must_use]
    pub fn matches(&self, sent: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(sent).into()
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
        let key = AdminKey::new("k".repeat(32)).unwrap();
        assert!(key.matches("k".repeat(32).as_bytes()) && !key.matches(b"k") && !key.matches(&[b'j'; 32]));
        assert_eq!(format!("{key:?}"), "AdminKey(…)");
    }
}
