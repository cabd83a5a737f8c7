//! When a row happened: numbers, dates, local and zoned times, made comparable.

use experiment_core::decimal::Decimal;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Digits kept of a numeric time; dates have nanoseconds anyway.
const PLACES: u32 = 9;

/// When a row happened. Numbers are compared with numbers and dates with dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instant {
    /// A number on the file's own scale, in billionths.
    Number(i128),
    /// A date, in nanoseconds since 1970; without an offset it is taken as UTC.
    Date(i128),
}

/// Reads `1700000000`, `2026-03-01`, `2026-03-01 09:30:00[.5]` and RFC 3339.
pub(crate) fn read(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(number) = text.parse::<Decimal>() {
        return Some(Instant::Number(number.scaled(PLACES)?.0));
    }
    if let Ok(zoned) = text.parse::<jiff::Timestamp>() {
        return Some(Instant::Date(zoned.as_nanosecond()));
    }
    let local: DateTime = text.parse().ok()?;
    let instant = Offset::UTC.to_timestamp(local).ok()?;
    Some(Instant::Date(instant.as_nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_instant() {
        let expected = Some(Instant::Date(1_772_357_400_500_000_000));
        for text in [
            "2026-03-01T09:30:00.5Z",
            "2026-03-01T11:30:00.5+02:00",
            "2026-03-01 09:30:00.500000",
            "2026-03-01T09:30:00.5",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2026-03-01"), read("2026-03-01 00:00:00"));
        assert_eq!(read("1.5"), Some(Instant::Number(1_500_000_000)));
    }

    #[test]
    fn other_texts() {
        for text in ["", "yesterday", "2026-02-30", "01/02/2026", "2026-03-01T25:00:00Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
