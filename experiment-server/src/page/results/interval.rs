//! Intervals in words.

use experiment_core::report::{Effect, RelativeSet};

use crate::page::text::{ENGLISH, fill};

/// What lies between two ends, of which an absent one is infinite.
pub(super) fn in_words(
    lower: Option<f64>,
    upper: Option<f64>,
    set: RelativeSet,
    number: impl Fn(f64) -> String,
) -> String {
    let text = &ENGLISH;
    let words = match (set, lower, upper) {
        (RelativeSet::All, ..) | (_, None, None) => text.interval_all,
        (RelativeSet::Interval, Some(_), Some(_)) => text.interval,
        (RelativeSet::Outside, Some(_), Some(_)) => text.interval_outside,
        (_, Some(_), None) => text.interval_from,
        (_, None, Some(_)) => text.interval_to,
    };
    let end = |end: Option<f64>| end.map(&number).unwrap_or_default();
    fill(words, &[("lower", &end(lower)), ("upper", &end(upper))])
}

/// The interval of an effect.
pub(super) fn of_effect(effect: &Effect, number: impl Fn(f64) -> String) -> String {
    in_words(effect.lower, effect.upper, RelativeSet::Interval, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::number::plain;

    #[test]
    fn says_what_lies_between() {
        use RelativeSet::{All, Interval, Outside};
        let told = |lower, upper, set| in_words(lower, upper, set, plain);
        assert_eq!(told(Some(1.0), Some(2.5), Interval), "1.000 to 2.500");
        assert_eq!(told(Some(1.0), None, Interval), "1.000 or more");
        assert_eq!(told(None, Some(2.5), Interval), "2.500 or less");
        assert_eq!(told(Some(-1.0), Some(2.5), Outside), "anything but \u{2212}1.000 to 2.500");
        assert_eq!(told(None, None, Interval), "the data allow any number");
        assert_eq!(told(Some(1.0), Some(2.5), All), "the data allow any number");
    }
}
