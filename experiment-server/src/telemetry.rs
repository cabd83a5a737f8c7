//! What the server tells its operator: lines on stderr, never keys, customer ids or attributes.

use tracing::level_filters::LevelFilter;

/// The environment variable that says how much is told.
pub const LOG_VARIABLE: &str = "EXPERIMENT_LOG";

/// The variable says something else than a level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{LOG_VARIABLE} is {0:?}; mend: set it to off, error, warn, info, debug or trace, or leave it unset")]
pub struct LogLevelError(String);

/// Writes what happens to stderr from now on, one line each with its fields; [`LOG_VARIABLE`] says how much
/// (info unless set). Once a process: later calls change nothing.
///
/// # Errors
/// [`LogLevelError`] when the variable holds something else than a level.
pub fn log_to_stderr() -> Result<(), LogLevelError> {
    let level = match std::env::var(LOG_VARIABLE) {
        Ok(text) => text.parse().map_err(|_| LogLevelError(text))?,
        Err(std::env::VarError::NotPresent) => LevelFilter::INFO,
        Err(std::env::VarError::NotUnicode(text)) => {
            return Err(LogLevelError(text.to_string_lossy().into_owned()));
        }
    };
    let subscriber =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(false);
    // Fails only when somebody has set a subscriber before, who then keeps it.
    let _ = subscriber.try_init();
    Ok(())
}
