//! Fixed point: values as whole multiples of 10^-places, so that sums are exact.

use crate::decimal::Decimal;

/// Digits kept behind the point unless a metric states another scale: millionths.
pub const DEFAULT_PLACES: u32 = 6;
/// Most digits behind the point that a metric may ask for.
pub const MAX_PLACES: u32 = 9;
/// Largest magnitude of a single value; anything beyond is refused at the door.
pub const MAX_VALUE: f64 = 1e9;
/// Largest magnitude of one customer's total, in steps: 10⁸ units in millionths. A total beyond it is
/// clamped and counted, so that 10⁸ customers' squares still fit 128 bits.
pub const CLAMP: i64 = 100_000_000_000_000;

/// A whole number of steps of 10^-places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fixed(pub i64);

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// NaN or an infinity.
    #[error("{0} is not a finite number")]
    NotFinite(f64),
    /// Beyond [`MAX_VALUE`].
    #[error("{0:e} is beyond ±1e9; send the value in a larger unit")]
    TooLarge(f64),
}

/// Checks a value at the door.
///
/// # Errors
/// [`ValueError`] for NaN, infinities and magnitudes beyond [`MAX_VALUE`].
pub fn check_value(value: f64) -> Result<(), ValueError> {
    if !value.is_finite() {
        Err(ValueError::NotFinite(value))
    } else if value.abs() > MAX_VALUE {
        Err(ValueError::TooLarge(value))
    } else {
        Ok(())
    }
}

impl Fixed {
    /// `value` (checked at the door) in steps of 10^-`places`, ties to even on the decimal that the
    /// value's shortest text spells, and whether digits were lost.
    ///
    /// ```
    /// use experiment_core::measure::Fixed;
    /// assert_eq!(Fixed::from_f64(11.77, 6), (Fixed(11_770_000), false));
    /// assert_eq!(Fixed::from_f64(0.0000005, 6), (Fixed(0), true));
    /// ```
    #[must_use]
    pub fn from_f64(value: f64, places: u32) -> (Fixed, bool) {
        let factor = POWERS_OF_TEN[places.min(MAX_PLACES) as usize];
        let steps = (value * factor).round_ties_even();
        // Dividing back is correctly rounded, so equality means that `steps` spells the same value.
        if steps.abs() < FIFTEEN_DIGITS && steps / factor == value {
            return (Fixed(steps as i64), false);
        }
        let exact = Decimal::from_f64(value).ok().and_then(|decimal| Fixed::from_decimal(decimal, places));
        // A value checked at the door always has an exact decimal, or is too small to reach half a step.
        exact.unwrap_or((Fixed(0), true))
    }

    /// `value` in steps of 10^-`places`, ties to even, and whether digits were lost; `None` if too large.
    #[must_use]
    pub fn from_decimal(value: Decimal, places: u32) -> Option<(Fixed, bool)> {
        let (steps, rounded) = value.scaled(places)?;
        Some((Fixed(i64::try_from(steps).ok()?), rounded))
    }
}

/// Decimals of up to fifteen digits are told apart by floats; of longer ones several spell one float.
const FIFTEEN_DIGITS: f64 = 1e15;
const POWERS_OF_TEN: [f64; MAX_PLACES as usize + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_and_rounds() {
        assert_eq!(Fixed::from_f64(1e9, 9), (Fixed(1_000_000_000_000_000_000), false));
        assert_eq!(Fixed::from_f64(0.1 + 0.2, 6), (Fixed(300_000), true));
        assert_eq!(Fixed::from_f64(1.0000015, 6), (Fixed(1_000_002), true));
        assert_eq!(Fixed::from_f64(1.0000025, 6), (Fixed(1_000_002), true));
        assert_eq!(Fixed::from_f64(-2.675, 2), (Fixed(-268), true));
        assert_eq!(Fixed::from_f64(5e-324, 6), (Fixed(0), true));
        assert_eq!(Fixed::from_f64(-0.0, 6), (Fixed(0), false));
        // Sixteen digits: this float is also that of …060, its shortest text.
        assert_eq!(
            Fixed::from_f64("-89423960.00157059".parse().unwrap(), 8),
            (Fixed(-8_942_396_000_157_060), false)
        );
    }

    #[test]
    fn door() {
        assert!(check_value(1e9).is_ok() && check_value(-1e9).is_ok());
        assert!(
            check_value(1.1e9).is_err()
                && check_value(f64::NAN).is_err()
                && check_value(f64::INFINITY).is_err()
        );
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_exact_one(value in -1e9..1e9_f64, places in 0..=MAX_PLACES) {
            let exact = Fixed::from_decimal(Decimal::from_f64(value).unwrap(), places).unwrap();
            prop_assert_eq!(Fixed::from_f64(value, places), exact);
        }

        #[test]
        fn cents_are_exact(cents in -100_000_000_000_i64..100_000_000_000) {
            prop_assert_eq!(Fixed::from_f64(cents as f64 / 100.0, 6), (Fixed(cents * 10_000), false));
        }
    }
}
