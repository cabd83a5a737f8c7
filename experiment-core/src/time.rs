//! Instants, days and spans in UTC. Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use crate::written_as::written_as;

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// A point in time: microseconds since 1970-01-01T00:00:00Z; finer digits are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i32);

/// A length of time in microseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not an RFC 3339 instant.
    #[error("{0:?} is not an RFC 3339 time such as 2026-03-01T09:30:00Z")]
    Timestamp(String),
    /// Not a calendar day.
    #[error("{0:?} is not a day such as 2026-03-01")]
    Day(String),
    /// Not a whole number of a known unit.
    #[error("{0:?} is not a span such as 30d, 12h, 90m or 45s (at most 3650d)")]
    Span(String),
}

/// Longest span a definition may hold.
pub const MAX_SPAN: Span = Span(3650 * DAY);

impl Timestamp {
    /// The UTC day that holds this instant.
    #[must_use]
    pub fn day(self) -> Day {
        // An i64 of microseconds spans fewer than 2^28 days, so the quotient always fits.
        Day(i32::try_from(self.0.div_euclid(DAY)).unwrap_or(i32::MAX))
    }

    /// This instant moved later by `span`.
    #[must_use]
    pub fn after(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }

    /// This instant moved earlier by `span`.
    #[must_use]
    pub fn before(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Day {
    /// 00:00 UTC of this day.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY)
    }

    /// 24:00 UTC of this day, which is 00:00 of the next.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp((i64::from(self.0) + 1) * DAY)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimeError::Timestamp(text.to_owned()))?;
        Ok(Timestamp(parsed.as_nanosecond().div_euclid(1_000).try_into().unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Day, TimeError> {
        let date: jiff::civil::Date = text.parse().map_err(|_| TimeError::Day(text.to_owned()))?;
        // A date alone: the parser would also take the date out of a longer text.
        if text.len() != 10 {
            return Err(TimeError::Day(text.to_owned()));
        }
        let days = (date - jiff::civil::date(1970, 1, 1)).get_days();
        Ok(Day(days))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.start().0) {
            Ok(timestamp) => jiff::tz::Offset::UTC.to_datetime(timestamp).date().fmt(f),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Span {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Span, TimeError> {
        let error = || TimeError::Span(text.to_owned());
        let unit = text.chars().next_back().ok_or_else(error)?;
        let length = match unit {
            's' => SECOND,
            'm' => 60 * SECOND,
            'h' => 3_600 * SECOND,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return Err(error()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let count: i64 = digits.parse().map_err(|_| error())?;
        let span = Span(count.checked_mul(length).ok_or_else(error)?);
        if span > MAX_SPAN { Err(error()) } else { Ok(span) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(DAY, "d"), (3_600 * SECOND, "h"), (60 * SECOND, "m"), (SECOND, "s")];
        match units.iter().find(|(length, _)| self.0 % length == 0) {
            Some((length, unit)) => write!(f, "{}{unit}", self.0 / length),
            None => write!(f, "{}µs", self.0),
        }
    }
}

/// Writes and reads the text form in JSON and YAML.
macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(Timestamp, Day, Span);
written_as!(Timestamp, text("date-time", "An instant in UTC, to the microsecond.", "2026-03-01T09:30:00Z"));
written_as!(Day, text("date", "A UTC day.", "2026-03-01"));
written_as!(
    Span,
    pattern(
        "^[0-9]+(s|m|h|d|w|µs)$",
        "A length of time: a whole number and its unit, at most 3650 days.",
        "30d"
    )
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let at: Timestamp = "2026-03-01T09:30:00.123456789+02:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-03-01T07:30:00.123456Z");
        assert_eq!(at.day().to_string(), "2026-03-01");
        assert_eq!("2026-03-01".parse::<Day>().unwrap().end().to_string(), "2026-03-02T00:00:00Z");
        assert_eq!("1969-12-31".parse::<Day>(), Ok(Day(-1)));
        for text in ["30d", "36h", "90m", "45s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("2w".parse::<Span>().unwrap().to_string(), "14d");
    }

    #[test]
    fn refuses_other_texts() {
        for text in ["2026-02-30", "2026-3-1", "2026-03-01T00:00:00Z", ""] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        for text in ["30", "d", "-1d", "1.5d", "30 d", "99999d", "9é"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!("2026-03-01".parse::<Timestamp>().is_err());
    }
}
