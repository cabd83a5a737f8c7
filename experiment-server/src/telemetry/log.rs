//! Lines on stderr.

use std::env::VarError;

use tracing::level_filters::LevelFilter;

/// The environment variable that says how much is told.
pub const LOG_VARIABLE: &str = "EXPERIMENT_LOG";
/// The environment variable that says how lines are written.
pub const LOG_FORMAT_VARIABLE: &str = "EXPERIMENT_LOG_FORMAT";

/// A variable says something that it can't.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// How much.
    #[error(
        "{LOG_VARIABLE} is {0:?}; mend: set it to off, error, warn, info, debug or trace, or leave it unset"
    )]
    Level(String),
    /// How.
    #[error("{LOG_FORMAT_VARIABLE} is {0:?}; mend: set it to text or json, or leave it unset")]
    Format(String),
}

/// Writes what happens to stderr from now on, one line each with its fields. [`LOG_VARIABLE`] says how much
/// (info unless set), [`LOG_FORMAT_VARIABLE`] whether as text (unless set) or as one JSON object a line. Once
/// a process: later calls change nothing.
///
/// # Errors
/// [`LogError`] when a variable holds something else than it may.
pub fn log_to_stderr() -> Result<(), LogError> {
    let level = match setting(LOG_VARIABLE).map_err(LogError::Level)? {
        Some(text) => text.parse().map_err(|_| LogError::Level(text))?,
        None => LevelFilter::INFO,
    };
    let format = setting(LOG_FORMAT_VARIABLE).map_err(LogError::Format)?;
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(false);
    // Setting it fails only when somebody has set a subscriber before, who then keeps it.
    let _ = match format.as_deref() {
        None | Some("text") => lines.try_init(),
        Some("json") => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
        Some(other) => return Err(LogError::Format(other.to_owned())),
    };
    Ok(())
}

/// What a variable says; what is no text comes back as one for the message.
fn setting(variable: &str) -> Result<Option<String>, String> {
    match std::env::var(variable) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(text)) => Err(text.to_string_lossy().into_owned()),
    }
}
