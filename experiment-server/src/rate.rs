//! How many requests somebody may send: so many a second, minute, hour or day.

use std::fmt;
use std::str::FromStr;

/// Most requests of a [`Rate`].
pub const MAX_RATE_REQUESTS: u32 = 1_000_000;

/// The units there are, with their seconds.
const UNITS: [(&str, u32); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

/// So many requests in a second, minute, hour or day: `500/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    requests: u32,
    seconds: u32,
}

/// A text is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate such as 500/s, 30000/m, 100/h or 10/d (1 to {MAX_RATE_REQUESTS} requests)")]
pub struct RateError(String);

impl Rate {
    /// So many requests in so many seconds; `None` for others than a text can spell.
    pub(crate) fn new(requests: u32, seconds: u32) -> Option<Rate> {
        let is_unit = UNITS.iter().any(|(_, unit)| *unit == seconds);
        let fits = is_unit && (1..=MAX_RATE_REQUESTS).contains(&requests);
        fits.then_some(Rate { requests, seconds })
    }

    /// Requests in one window, from 1 to [`MAX_RATE_REQUESTS`].
    #[must_use]
    pub fn requests(self) -> u32 {
        self.requests
    }

    /// The window in seconds: 1, 60, 3,600 or 86,400.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.seconds
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let rate = text.split_once('/').and_then(|(requests, unit)| {
            // A sign would be read too.
            let is_number = requests.bytes().all(|byte| byte.is_ascii_digit());
            let requests = requests.parse().ok().filter(|_| is_number)?;
            let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
            Rate::new(requests, *seconds)
        });
        rate.ok_or_else(|| RateError(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, seconds)| *seconds == self.seconds);
        write!(f, "{}/{}", self.requests, unit.map_or("s", |(name, _)| name))
    }
}

impl serde::Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["1/s", "500/s", "30000/m", "100/h", "1000000/d"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("90/m".parse(), Ok(Rate { requests: 90, seconds: 60 }));
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["", "5", "5/", "/s", "0/s", "1000001/s", "-5/s", "+5/s", "5/w", "5/S", "5 /s", "1.5/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
