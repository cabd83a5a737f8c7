//! Cells of text → numbers, digit by digit.

use experiment_core::decimal::Decimal;
use experiment_core::measure::{Fixed, MAX_VALUE};

use super::reject::Reason;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// 0/1, true/false, yes/no.
    Flag,
    /// A decimal.
    Number,
    /// A decimal, or what a flag may be: what came before may be either.
    Covariate,
    /// A decimal from 0 to 10, or nothing.
    Score,
    /// A decimal that is not negative.
    Duration,
}

/// A value in steps of a metric's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// An empty cell.
    Blank,
    /// Kept as it was.
    Exact(i64),
    /// Rounded from this decimal.
    Rounded(i64, Decimal),
}

impl Value {
    /// In steps; a blank adds nothing.
    pub(crate) fn steps(self) -> i64 {
        match self {
            Value::Blank => 0,
            Value::Exact(steps) | Value::Rounded(steps, _) => steps,
        }
    }

    /// Whether digits were lost.
    pub(crate) fn is_rounded(self) -> bool {
        matches!(self, Value::Rounded(..))
    }
}

/// Reads a cell in steps of 10^-`places`; spaces around it don't count.
pub(crate) fn read(text: &str, kind: ValueKind, places: u32) -> Result<Value, Reason> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Blank);
    }
    let one = 10_i64.pow(places);
    let flag = |text: &str| flag(text).map(|set| Value::Exact(if set { one } else { 0 }));
    match kind {
        ValueKind::Flag => flag(text).ok_or(Reason::BadValue),
        ValueKind::Number => number(text, places).ok_or(Reason::BadValue),
        ValueKind::Score => within(text, places, 0..=10 * one).ok_or(Reason::BadValue),
        ValueKind::Duration => within(text, places, 0..=i64::MAX).ok_or(Reason::BadValue),
        ValueKind::Covariate => number(text, places).or_else(|| flag(text)).ok_or(Reason::BadValue),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "1" => return Some(true),
        "0" => return Some(false),
        _ => {}
    }
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("yes") {
        return Some(true);
    }
    if is("false") || is("no") {
        return Some(false);
    }
    // 1.0 and 0.0, as tables with missing values write them.
    match text.parse::<Decimal>() {
        Ok(Decimal::ONE) => Some(true),
        Ok(number) if number.is_zero() => Some(false),
        _ => None,
    }
}

fn within(text: &str, places: u32, range: std::ops::RangeInclusive<i64>) -> Option<Value> {
    number(text, places).filter(|value| range.contains(&value.steps()))
}

fn number(text: &str, places: u32) -> Option<Value> {
    let exact = Decimal::rounded(text).ok()?;
    let limit = Decimal::new(MAX_VALUE as i128, 0);
    if exact > limit || exact < Decimal::new(-(MAX_VALUE as i128), 0) {
        return None;
    }
    let (Fixed(steps), rounded) = Fixed::from_decimal(exact, places)?;
    Some(if rounded { Value::Rounded(steps, exact) } else { Value::Exact(steps) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_in_any_case() {
        for text in ["1", "true", "TRUE", "Yes", " yes ", "1.0", "1.000", "+1"] {
            assert_eq!(read(text, ValueKind::Flag, 2), Ok(Value::Exact(100)), "{text}");
        }
        for text in ["0", "False", "NO", "0.0", "-0"] {
            assert_eq!(read(text, ValueKind::Flag, 2), Ok(Value::Exact(0)), "{text}");
        }
        for text in ["2", "y", "t", "NaN", "0.5", "-1", "NA"] {
            assert_eq!(read(text, ValueKind::Flag, 2), Err(Reason::BadValue), "{text}");
        }
        assert_eq!(read("  ", ValueKind::Flag, 2), Ok(Value::Blank));
    }

    #[test]
    fn numbers_are_exact_up_to_a_billion() {
        let read = |text: &str| read(text, ValueKind::Number, 6);
        assert_eq!(read("0.1"), Ok(Value::Exact(100_000)));
        assert_eq!(read("-1e9"), Ok(Value::Exact(-1_000_000_000_000_000)));
        assert_eq!(read("1.23e2"), Ok(Value::Exact(123_000_000)));
        // 9007199254740993 / 1e7 is no double.
        assert_eq!(
            read("900719925.4740993"),
            Ok(Value::Rounded(900_719_925_474_099, "900719925.4740993".parse().unwrap()))
        );
        for text in ["1000000000.000001", "-1e10", "NaN", "inf", "1,5", "true", "0x1", "1e400"] {
            assert_eq!(read(text), Err(Reason::BadValue), "{text}");
        }
    }

    #[test]
    fn scores_and_durations_have_their_range() {
        assert_eq!(read("10", ValueKind::Score, 0), Ok(Value::Exact(10)));
        for text in ["-1", "11", "10.6", "x"] {
            assert_eq!(read(text, ValueKind::Score, 0), Err(Reason::BadValue), "{text}");
        }
        assert_eq!(read("", ValueKind::Score, 0), Ok(Value::Blank));
        assert_eq!(read("72", ValueKind::Duration, 0), Ok(Value::Exact(72)));
        assert_eq!(read("-1", ValueKind::Duration, 0), Err(Reason::BadValue));
    }

    #[test]
    fn covariates_are_either() {
        assert_eq!(read("2.5", ValueKind::Covariate, 1), Ok(Value::Exact(25)));
        assert_eq!(read("Yes", ValueKind::Covariate, 1), Ok(Value::Exact(10)));
    }
}
