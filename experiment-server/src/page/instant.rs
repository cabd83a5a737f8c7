//! Instants as people read them.

use experiment_core::time::{SECOND, Timestamp};

/// An instant to the second: 2026-03-01 09:30:00.
pub(super) fn second(at: Timestamp) -> String {
    let whole = Timestamp(at.0 - at.0.rem_euclid(SECOND)).to_string();
    whole.replace('T', " ").replace('Z', "")
}

#[cfg(test)]
mod tests {
    use super::second;

    #[test]
    fn finer_digits_are_left_out() {
        assert_eq!(second("2026-03-01T09:30:07.9Z".parse().unwrap()), "2026-03-01 09:30:07");
        assert_eq!(second("1969-12-31T23:59:59.5Z".parse().unwrap()), "1969-12-31 23:59:59");
    }
}
