//! Exact decimals: numbers as somebody wrote them, before any rule rounds them.
//!
//! Weights, shares, caps and money arrive as text or as JSON numbers. Both are read digit by digit, so
//! `0.1` is one tenth and three weights of `0.1` are equal shares.

use std::fmt;
use std::str::FromStr;

use crate::written_as::written_as;

/// Most digits a coefficient keeps; everything a definition or a value can sensibly hold fits.
const MAX_DIGITS: u32 = 30;
/// The first coefficient that is too long.
const COEFFICIENT_LIMIT: i128 = 10_i128.pow(MAX_DIGITS);

/// `coefficient` ÷ 10^`places`, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    coefficient: i128,
    places: u32,
}

/// Why a text is not a decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not a number in digits, such as `12.5` or `1e-6`; also NaN and infinities.
    #[error("{0:?} is not a finite decimal number")]
    NotANumber(String),
    /// More digits than any quantity here needs.
    #[error("{0:?} has more than 30 significant digits or an exponent beyond ±30")]
    TooLong(String),
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { coefficient: 0, places: 0 };
    /// One.
    pub const ONE: Decimal = Decimal { coefficient: 1, places: 0 };

    /// `coefficient` ÷ 10^`places`; trailing zeros are dropped.
    #[must_use]
    pub fn new(coefficient: i128, places: u32) -> Decimal {
        let (mut coefficient, mut places) = (coefficient, places);
        while places > 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            places -= 1;
        }
        Decimal { coefficient, places }
    }

    /// The decimal that the shortest text of `value` spells: 0.1 for `0.1_f64`.
    ///
    /// # Errors
    /// [`DecimalError`] for NaN, infinities and magnitudes beyond 10^±30.
    pub fn from_f64(value: f64) -> Result<Decimal, DecimalError> {
        format!("{value:e}").parse()
    }

    /// The decimal that `text` spells, of digits beyond the thirtieth only that there are any.
    ///
    /// The last digit kept is then never 0 or 5, so that rounding to fewer digits later comes out as if all
    /// had been kept (as `ROUND_05UP` of the General Decimal Arithmetic Specification).
    ///
    /// # Errors
    /// [`DecimalError`] when it is no number, or one of 10^30 or more.
    pub fn rounded(text: &str) -> Result<Decimal, DecimalError> {
        match text.parse() {
            Err(DecimalError::TooLong(_)) => cut(text),
            read => read,
        }
    }

    /// The integer above the line.
    #[must_use]
    pub fn coefficient(self) -> i128 {
        self.coefficient
    }

    /// How many digits stand behind the point.
    #[must_use]
    pub fn places(self) -> u32 {
        self.places
    }

    /// `self` × 10^`digits` as a whole number, ties to even, and whether it had to be rounded.
    /// `None` when the result does not fit.
    #[must_use]
    pub fn scaled(self, digits: u32) -> Option<(i128, bool)> {
        if digits >= self.places {
            let factor = 10_i128.checked_pow(digits - self.places)?;
            return Some((self.coefficient.checked_mul(factor)?, false));
        }
        let divisor = 10_i128.pow(self.places - digits);
        let quotient = self.coefficient.div_euclid(divisor);
        let twice = 2 * self.coefficient.rem_euclid(divisor);
        let up = twice > divisor || (twice == divisor && quotient % 2 != 0);
        Some((quotient + i128::from(up), true))
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // The standard parser rounds correctly, which a division of two rounded floats would not.
        format!("{}e-{}", self.coefficient, self.places).parse().unwrap_or(f64::NAN)
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.coefficient == 0
    }
}

/// Reads a number with more digits than are kept; its form has been checked.
fn cut(text: &str) -> Result<Decimal, DecimalError> {
    let too_long = || DecimalError::TooLong(text.to_owned());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().map_err(|_| too_long())?;
    let digits = mantissa.trim_start_matches(['+', '-']);
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let length = |count: usize| i64::try_from(count).map_err(|_| too_long());
    let places = length(fraction)? - exponent;
    let (most, count) = (i64::from(MAX_DIGITS), length(digits.len())?);
    let dropped = (count - most).max(places - most).max(0);
    let places = u32::try_from(places - dropped).map_err(|_| too_long())?;
    let (kept, lost) = digits.split_at(usize::try_from((count - dropped).max(0)).map_err(|_| too_long())?);
    let mut coefficient: i128 = if kept.is_empty() { 0 } else { kept.parse().map_err(|_| too_long())? };
    if lost.bytes().any(|digit| digit != b'0') && coefficient % 5 == 0 {
        coefficient += 1;
    }
    Ok(Decimal::new(if mantissa.starts_with('-') { -coefficient } else { coefficient }, places))
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Thirty digits scaled by up to sixty places do not fit one integer: compare whole parts, then rests.
        let whole = |d: &Decimal| d.coefficient.div_euclid(10_i128.pow(d.places));
        let rest = |d: &Decimal| d.coefficient.rem_euclid(10_i128.pow(d.places));
        whole(self).cmp(&whole(other)).then_with(|| {
            let places = self.places.max(other.places);
            let widen = |d: &Decimal| rest(d) * 10_i128.pow(places - d.places);
            widen(self).cmp(&widen(other))
        })
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        let not_a_number = || DecimalError::NotANumber(text.to_owned());
        let too_long = || DecimalError::TooLong(text.to_owned());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| not_a_number())?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0
            || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
        {
            return Err(not_a_number());
        }
        let fraction = fraction.trim_end_matches('0');
        let mut coefficient: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            coefficient = coefficient * 10 + i128::from(digit - b'0');
            if coefficient >= COEFFICIENT_LIMIT {
                return Err(too_long());
            }
        }
        let coefficient = if negative { -coefficient } else { coefficient };
        if coefficient == 0 {
            return Ok(Decimal::ZERO);
        }
        let places = i64::try_from(fraction.len()).map_err(|_| too_long())? - i64::from(exponent);
        if places > i64::from(MAX_DIGITS) || places < -i64::from(MAX_DIGITS) {
            return Err(too_long());
        }
        if let Ok(places) = u32::try_from(places) {
            return Ok(Decimal::new(coefficient, places));
        }
        let factor = 10_i128.pow(u32::try_from(-places).map_err(|_| too_long())?);
        let coefficient = coefficient.checked_mul(factor).ok_or_else(too_long)?;
        Ok(Decimal { coefficient, places: 0 })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.places == 0 {
            return write!(f, "{}", self.coefficient);
        }
        let divisor = 10_u128.pow(self.places);
        let magnitude = self.coefficient.unsigned_abs();
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let width = self.places as usize;
        write!(f, "{sign}{}.{:0width$}", magnitude / divisor, magnitude % divisor)
    }
}

/// Written as a JSON number, the nearest `f64`.
impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}
written_as!(Decimal, number("An exact decimal, as the nearest double."));

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_was_written() {
        for (text, shown) in
            [("0.10", "0.1"), ("-5", "-5"), ("1e-9", "0.000000001"), ("2.5E2", "250"), ("0e99", "0")]
        {
            assert_eq!(decimal(text).to_string(), shown);
        }
        assert_eq!(Decimal::from_f64(0.1), Ok(decimal("0.1")));
        assert_eq!(decimal("0.1").to_f64(), 0.1);
        assert_eq!(decimal("-12.25").to_f64(), -12.25);
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "",
            ".",
            "-",
            "NaN",
            "inf",
            "1,5",
            "1e",
            "0x10",
            " 1",
            "1e400",
            "1234567890123456789012345678901",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
        assert!(Decimal::from_f64(f64::NAN).is_err() && Decimal::from_f64(f64::INFINITY).is_err());
        assert!(Decimal::from_f64(1e300).is_err());
    }

    #[test]
    fn long_numbers_round_as_if_nothing_had_been_cut() {
        let steps = |text: &str| Decimal::rounded(text).unwrap().scaled(6);
        assert_eq!(steps("5.551115123125783e-17"), Some((0, true)));
        assert_eq!(steps("-1e-400"), Some((0, true)));
        assert_eq!(steps("0.3333333333333333333333333333333333333333"), Some((333_333, true)));
        assert_eq!(
            steps("123456789.0000005000000000000000000000000000000001"),
            Some((123_456_789_000_001, true))
        );
        assert_eq!(steps("0.00000050000000000000000000000000000000000000"), Some((0, true)));
        assert_eq!(steps("-0.0000005000000000000000000000000000000000001"), Some((-1, true)));
        assert_eq!(steps("2.50"), Some((2_500_000, false)));
        assert!(Decimal::rounded("1e31").is_err() && Decimal::rounded("1e99999999999999999999").is_err());
        assert!(Decimal::rounded("abc").is_err());
    }

    #[test]
    fn rounds_half_to_even() {
        let scaled = |text: &str| decimal(text).scaled(0);
        assert_eq!(scaled("0.5"), Some((0, true)));
        assert_eq!(scaled("1.5"), Some((2, true)));
        assert_eq!(scaled("-0.5"), Some((0, true)));
        assert_eq!(scaled("-1.5"), Some((-2, true)));
        assert_eq!(scaled("2.51"), Some((3, true)));
        assert_eq!(scaled("7"), Some((7, false)));
    }

    #[test]
    fn orders_by_value() {
        let mut sorted = ["1", "-0.5", "0.25", "-1e20", "0.3", "1e25"].map(decimal);
        sorted.sort();
        assert_eq!(
            sorted.map(|d| d.to_string()),
            ["-1e20", "-0.5", "0.25", "0.3", "1", "1e25"].map(|t| decimal(t).to_string())
        );
    }
}
