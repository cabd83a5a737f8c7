//! Instants as people read them.

use experiment_core::time::{SECOND, Span, Timestamp};

/// An instant to the second: 2026-03-01 09:30:00.
pub(super) fn second(at: Timestamp) -> String {
    to_whole(at, Span(SECOND), "Z")
}

/// An instant to the minute: 2026-03-01 09:30.
pub(super) fn minute(at: Timestamp) -> String {
    to_whole(at, Span(60 * SECOND), ":00Z")
}

fn to_whole(at: Timestamp, unit: Span, end: &str) -> String {
    let whole = Timestamp(at.0 - at.0.rem_euclid(unit.0)).to_string();
    whole.replace('T', " ").replace(end, "")
}

#[cfg(test)]
mod tests {
    use super::{minute, second};

    #[test]
    fn finer_digits_are_left_out() {
        assert_eq!(second("2026-03-01T09:30:07.9Z".parse().unwrap()), "2026-03-01 09:30:07");
        assert_eq!(minute("2026-03-01T09:30:07.9Z".parse().unwrap()), "2026-03-01 09:30");
        assert_eq!(second("1969-12-31T23:59:59.5Z".parse().unwrap()), "1969-12-31 23:59:59");
    }
}
