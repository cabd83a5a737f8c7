//! Value distributions as counts per bucket: three significant digits, by integers alone.
//!
//! Buckets are numbered in the order of their values: 0 is zero and nothing else, a negative value has the
//! mirrored number. Up to 999 steps each value is a bucket of its own; from there on values share one when
//! they round (half away from zero) to the same three digits. So a value that has only three digits is kept
//! as it is, and any other is off by at most 1 in 200.

/// Values below this many steps stand for themselves.
const EXACT: u64 = 1_000;
/// Buckets a power of ten: 100 to 999.
const A_DECADE: u64 = 900;

/// The bucket of a value in steps.
///
/// ```
/// use experiment_core::measure::{bucket, bucket_value};
/// assert_eq!((bucket(0), bucket(7), bucket(-7)), (0, 7, -7));
/// assert_eq!(bucket_value(bucket(19_950_000)), 20_000_000);
/// assert_eq!(bucket_value(bucket(-19_949_999)), -19_900_000);
/// ```
#[must_use]
pub fn bucket(steps: i64) -> i32 {
    let magnitude = steps.unsigned_abs();
    let number = if magnitude < EXACT {
        magnitude
    } else {
        // 10^exponent is the size of the bucket: what is left of the magnitude has three digits.
        let mut exponent = magnitude.ilog10() - 2;
        let size = 10_u64.pow(exponent);
        let mut digits = magnitude / size + u64::from(magnitude % size >= size / 2);
        if digits == EXACT {
            (digits, exponent) = (EXACT / 10, exponent + 1);
        }
        EXACT + u64::from(exponent - 1) * A_DECADE + (digits - EXACT / 10)
    };
    // Lossless: an i64 has at most 19 digits, which makes fewer than 17,000 buckets.
    number as i32 * if steps < 0 { -1 } else { 1 }
}

/// The value in steps for which a bucket stands; beyond the last one of an `i64` the largest there is.
#[must_use]
pub fn bucket_value(bucket: i32) -> i64 {
    let number = u64::from(bucket.unsigned_abs());
    let magnitude = if number < EXACT {
        Some(number)
    } else {
        let (decade, digits) = ((number - EXACT) / A_DECADE, (number - EXACT) % A_DECADE + EXACT / 10);
        u32::try_from(decade + 1).ok().and_then(|exponent| 10_u64.checked_pow(exponent)?.checked_mul(digits))
    };
    let magnitude = magnitude.and_then(|magnitude| i64::try_from(magnitude).ok()).unwrap_or(i64::MAX);
    if bucket < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn borders_by_hand() {
        // 999.5 rounds up into the next decade, 999.4 does not.
        assert_eq!(
            [999, 1_000, 1_004, 1_005, 9_994, 9_995].map(bucket),
            [999, 1_000, 1_000, 1_001, 1_899, 1_900]
        );
        assert_eq!([999, 1_000, 1_001, 1_899, 1_900].map(bucket_value), [999, 1_000, 1_010, 9_990, 10_000]);
        assert_eq!(bucket_value(bucket(crate::measure::CLAMP)), crate::measure::CLAMP);
        assert_eq!(bucket_value(bucket(i64::MAX)), 9_220_000_000_000_000_000);
        assert_eq!(bucket_value(i32::MIN), -i64::MAX);
    }

    proptest! {
        #[test]
        fn order_is_kept_and_three_digits_too(a in any::<i64>(), b in any::<i64>(), shift in 0_u32..60) {
            let (a, b) = (a >> shift, b >> shift);
            prop_assert!((a <= b) == (bucket(a) <= bucket(b)) || bucket(a) == bucket(b));
            let kept = bucket_value(bucket(a));
            prop_assert_eq!(bucket(kept), bucket(a));
            prop_assert_eq!(kept.signum(), a.signum());
            prop_assert!((i128::from(kept) - i128::from(a)).abs() * 200 <= i128::from(a).abs());
            prop_assert_eq!(bucket(-a.max(-i64::MAX)), -bucket(a.max(-i64::MAX)));
        }
    }
}
