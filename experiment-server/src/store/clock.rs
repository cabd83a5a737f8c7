//! Where the store gets the time from.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use experiment_core::time::Timestamp;

/// Reads the time. The store never lets it go back: see [`received_at`](super::Version::received_at).
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    })
}
