//! Extreme inputs, and what must hold of any answer: counts up to 10⁹, floats of every size, `NaN` and infinities
//! among them.

use experiment_core::stats::chi_square::ChiSquareTest;
use experiment_core::stats::mean::MeanSummary;
use experiment_core::stats::proportion::ProportionSummary;
use experiment_core::stats::ratio::PairSummary;
use experiment_core::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};
use proptest::prelude::*;

pub(super) fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..5_u64, 0..200_u64, 0..1_000_000_000_u64]
}

/// Arms with few, all but few, or any number of successes.
pub(super) fn proportion_arm() -> impl Strategy<Value = ProportionSummary> {
    (count(), count(), 0..3_u8).prop_map(|(a, b, shape)| {
        let n = a.max(1);
        let few = b % 4;
        let successes = match shape {
            0 => few.min(n),
            1 => n - few.min(n),
            _ => b % (n + 1),
        };
        ProportionSummary { successes, n }
    })
}

/// Any bits at all, with ordinary and special numbers often enough to meet.
pub(super) fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => -1e3..1e3_f64,
        2 => proptest::num::f64::ANY,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY]),
    ]
}

pub(super) fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 2..1_000_u64, 2..2_000_000_000_u64]
}

pub(super) fn mean_arm() -> impl Strategy<Value = MeanSummary> {
    (size(), any_float(), any_float().prop_map(f64::abs)).prop_map(|(n, mean, variance)| MeanSummary {
        n,
        mean,
        variance,
    })
}

pub(super) fn pair_arm() -> impl Strategy<Value = PairSummary> {
    (size(), any_float(), any_float(), any_float(), any_float(), -1.0..=1.0_f64).prop_map(
        |(n, mean_y, mean_x, variance_y, variance_x, correlation)| {
            let (variance_y, variance_x) = (variance_y.abs(), variance_x.abs());
            let covariance = correlation * variance_y.sqrt() * variance_x.sqrt();
            PairSummary { n, mean_y, mean_x, variance_y, variance_x, covariance }
        },
    )
}

pub(super) fn options() -> impl Strategy<Value = TestOptions> {
    let level = prop_oneof![0.5..0.9999_f64, prop::sample::select(vec![1e-9, 0.2, 0.95, 1.0 - 1e-12])];
    (level, 0..3_u8).prop_map(|(level, side)| match side {
        0 => TestOptions::two_sided(level),
        1 => TestOptions::greater(level),
        _ => TestOptions::less(level),
    })
}

pub(super) fn mirrored(options: &TestOptions) -> TestOptions {
    let alternative = match options.alternative {
        Alternative::TwoSided => Alternative::TwoSided,
        Alternative::Greater => Alternative::Less,
        Alternative::Less => Alternative::Greater,
    };
    TestOptions { alternative, ..*options }
}

pub(super) fn in_order(interval: &Interval) -> bool {
    !interval.lower.is_nan() && !interval.upper.is_nan() && interval.lower <= interval.upper
}

pub(super) fn sound(comparison: &Comparison) -> bool {
    comparison.effect.is_finite()
        && comparison.std_error > 0.0
        && comparison.std_error.is_finite()
        && comparison.statistic.is_finite()
        && (0.0..=1.0).contains(&comparison.p_value)
        && comparison.log10_p_value <= 0.0
        && comparison.degrees_of_freedom.is_none_or(|df| df > 0.0)
        && in_order(&comparison.interval)
}

pub(super) fn close(a: f64, b: f64, relative: f64) -> bool {
    a == b || (a - b).abs() <= relative * a.abs().max(b.abs())
}

/// The p-value and its logarithm must say the same.
pub(super) fn logarithm_agrees(p: f64, log10: f64) -> bool {
    if p > 1e-300 {
        close(p.log10(), log10, 1e-9) || (p.log10() - log10).abs() < 1e-12
    } else {
        log10 < -299.0
    }
}

/// Swapped arms under the mirrored question give the mirrored answer.
pub(super) fn mirror_images(one: &Comparison, other: &Comparison, relative: f64) -> bool {
    one.effect == -other.effect
        && close(one.statistic, -other.statistic, relative)
        && close(one.p_value, other.p_value, 1e-6)
        && (close(one.interval.lower, -other.interval.upper, relative)
            || (one.interval.lower + other.interval.upper).abs() <= relative * one.std_error)
        && (close(one.interval.upper, -other.interval.lower, relative)
            || (one.interval.upper + other.interval.lower).abs() <= relative * one.std_error)
}

/// Both sides estimable and mirrored, or both not.
pub(super) fn check_mirrored(
    one: Result<Comparison, NotEstimable>,
    other: Result<Comparison, NotEstimable>,
) -> Result<(), TestCaseError> {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            prop_assert!(sound(&one), "{one:?}");
            prop_assert!(logarithm_agrees(one.p_value, one.log10_p_value), "{one:?}");
            prop_assert!(mirror_images(&one, &other, 1e-9), "{one:?}\n{other:?}");
        }
        // Which reason comes first may depend on the arm.
        (Err(_), Err(_)) => {}
        (one, other) => prop_assert!(false, "{:?}\n{:?}", one, other),
    }
    Ok(())
}

/// A probability that is one.
pub(super) fn is_probability(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

/// A χ² test that says the same twice.
pub(super) fn sound_chi_square(test: &ChiSquareTest) -> bool {
    test.statistic >= 0.0
        && test.statistic.is_finite()
        && is_probability(test.p_value)
        && logarithm_agrees(test.p_value, test.log10_p_value)
}
