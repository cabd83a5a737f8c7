//! One effect over another, both measured on the same two arms: cost per customer kept, effect on those who took an
//! offer.
//!
//! Customers are independent; the two values of one customer need not be, and their covariance is counted.

use crate::stats::not_estimable::finite;
use crate::stats::ratio::PairSummary;
use crate::stats::relative::FiellerSet;
use crate::stats::{Interval, NotEstimable, TestOptions, distribution::normal};

/// An effect on `y` over an effect on `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectRatio {
    /// Variant − control of `y`, over variant − control of `x`.
    pub estimate: f64,
    /// Every ratio that the data do not reject; unbounded when the effect on `x` may be 0.
    pub set: FiellerSet,
}

/// The effect on `y` over the effect on `x`, with Fieller's set by the normal quantile.
///
/// With x = 1 for those who took what the variant offers and 0 for the others (in the control for everybody), this
/// is the effect on those who take it: Wald's instrumental-variable estimate with assignment as the instrument
/// (the complier average causal effect). It assumes that being offered changes nothing for those who don't take it.
/// Where the effect on `x` is near 0 the set is unbounded, which is the honest answer. One-sided: an unbounded set is
/// given as [`FiellerSet::All`].
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::NoVariation`] when neither value
/// varies in any arm, [`NotEstimable::ZeroDenominator`] when the effect on `x` is exactly 0,
/// [`NotEstimable::ImpossibleInput`] and [`NotEstimable::Overflow`] as [`ratio_test`](crate::stats::ratio::ratio_test).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::effect_ratio::effect_ratio;
/// use experiment_core::stats::ratio::PairSummary;
/// use experiment_core::stats::relative::FiellerSet;
/// // 40 % take the offer, 5 points more are kept: 12.5 points more of those who take it.
/// let control = PairSummary {
///     n: 5_000, mean_y: 0.30, mean_x: 0.0, variance_y: 0.21, variance_x: 0.0, covariance: 0.0,
/// };
/// let variant = PairSummary {
///     n: 5_000, mean_y: 0.35, mean_x: 0.4, variance_y: 0.2275, variance_x: 0.24, covariance: 0.08,
/// };
/// let found = effect_ratio(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((found.estimate - 0.125).abs() < 1e-12);
/// let FiellerSet::Interval(interval) = found.set else { panic!("bounded") };
/// assert!((interval.lower - 0.079_757_856_950_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fieller (1954), Journal of the Royal Statistical Society B 16(2), 175–185,
/// doi:10.1111/j.2517-6161.1954.tb00159.x. Angrist, Imbens & Rubin (1996), JASA 91(434), 444–455, proposition 1,
/// doi:10.1080/01621459.1996.10476902. Chaudhary & Stearns (1996), Statistics in Medicine 15(13), 1447–1458 (cost
/// over effect).
pub fn effect_ratio(
    control: &PairSummary,
    variant: &PairSummary,
    options: &TestOptions,
) -> Result<EffectRatio, NotEstimable> {
    control.check()?;
    variant.check()?;
    let q = normal::upper_quantile(options.tail()?);
    let (n0, n1) = (control.n as f64, variant.n as f64);
    let (y, x) = (variant.mean_y - control.mean_y, variant.mean_x - control.mean_x);
    let error_y = (variant.variance_y / n1 + control.variance_y / n0).sqrt();
    let error_x = (variant.variance_x / n1 + control.variance_x / n0).sqrt();
    if error_y == 0.0 && error_x == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.mean_y, variant: variant.mean_y });
    }
    if x == 0.0 {
        return Err(NotEstimable::ZeroDenominator { n: control.n + variant.n });
    }
    let estimate = finite("the ratio of the effects", y / x)?;
    // The quadratic is homogeneous in each value's (effect, error): scale both to order 1.
    let (scale_y, scale_x) = (y.abs().max(error_y), x.abs().max(error_x));
    if scale_y == 0.0 {
        return Ok(EffectRatio { estimate, set: FiellerSet::Interval(Interval { lower: 0.0, upper: 0.0 }) });
    }
    let (y, error_y, x, error_x) = (y / scale_y, error_y / scale_y, x / scale_x, error_x / scale_x);
    let covariance = (variant.covariance / n1 + control.covariance / n0) / scale_y / scale_x;
    let unit = finite("the ratio of the effects", scale_y / scale_x)?;
    let set = solve(
        (x - q * error_x) * (x + q * error_x),
        x * y - q * q * covariance,
        (y - q * error_y) * (y + q * error_y),
    );
    let ends = |ends: Interval| -> Result<Interval, NotEstimable> {
        Ok(Interval {
            lower: finite("an end of the set", unit * ends.lower)?,
            upper: finite("an end of the set", unit * ends.upper)?,
        })
    };
    let set = match set {
        FiellerSet::Interval(interval) => {
            let Interval { lower, upper } = ends(interval)?;
            FiellerSet::Interval(options.keep_ends(lower, upper))
        }
        FiellerSet::Outside(interval) => {
            let outside = ends(interval)?;
            let kept = options.keep_ends(outside.lower, outside.upper);
            if kept == outside { FiellerSet::Outside(outside) } else { FiellerSet::All }
        }
        FiellerSet::All => FiellerSet::All,
    };
    Ok(EffectRatio { estimate, set })
}

/// All θ with aθ² − 2bθ + c ≤ 0.
fn solve(a: f64, b: f64, c: f64) -> FiellerSet {
    let discriminant = b * b - a * c;
    if discriminant < 0.0 || a == 0.0 {
        // With a > 0 the set is never empty but for rounding: it has shrunk to its middle.
        return match a > 0.0 {
            true => FiellerSet::Interval(Interval { lower: b / a, upper: b / a }),
            false => FiellerSet::All,
        };
    }
    let sum = b + discriminant.sqrt().copysign(b);
    // The second root loses no digits when it is small.
    let (one, other) = (sum / a, if sum == 0.0 { 0.0 } else { c / sum });
    let ends = Interval { lower: one.min(other), upper: one.max(other) };
    if a > 0.0 { FiellerSet::Interval(ends) } else { FiellerSet::Outside(ends) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arm(n: u64, y: (f64, f64), x: (f64, f64), correlation: f64) -> PairSummary {
        let covariance = correlation * (y.1 * x.1).sqrt();
        PairSummary { n, mean_y: y.0, mean_x: x.0, variance_y: y.1, variance_x: x.1, covariance }
    }

    #[test]
    fn a_ratio_that_nothing_is_known_of() {
        let options = TestOptions::two_sided(0.95);
        let nothing = arm(100, (0.0, 1.0), (0.0, 1.0), 0.0);
        let barely = arm(100, (0.01, 1.0), (0.01, 1.0), 0.0);
        assert_eq!(effect_ratio(&nothing, &barely, &options).unwrap().set, FiellerSet::All);
        // A clear cost for an effect that may be 0: very dear or harmful, never cheap.
        let costly = arm(100, (5.0, 1.0), (0.01, 1.0), 0.0);
        let FiellerSet::Outside(gap) = effect_ratio(&nothing, &costly, &options).unwrap().set else {
            panic!("the effect may be 0")
        };
        assert!(gap.lower < 0.0 && gap.upper > 0.0, "{gap:?}");
        assert_eq!(
            effect_ratio(&nothing, &costly, &TestOptions::greater(0.95)).unwrap().set,
            FiellerSet::All
        );
        let none = effect_ratio(&nothing, &nothing, &options);
        assert_eq!(none, Err(NotEstimable::ZeroDenominator { n: 200 }));
    }

    proptest! {
        /// The ends are the ratios θ at which y − θx is just not rejected.
        #[test]
        fn the_ends_are_where_the_test_turns(
            means in prop::array::uniform4(-5.0..5.0_f64),
            variances in prop::array::uniform4(0.01..9.0_f64),
            correlations in prop::array::uniform2(-0.95..0.95_f64),
            n in prop::array::uniform2(2_u64..5_000),
        ) {
            let control = arm(n[0], (means[0], variances[0]), (means[1], variances[1]), correlations[0]);
            let variant = arm(n[1], (means[2], variances[2]), (means[3], variances[3]), correlations[1]);
            let found = effect_ratio(&control, &variant, &TestOptions::two_sided(0.95)).unwrap();
            let variance = |of: &PairSummary, theta: f64| {
                (of.variance_y - 2.0 * theta * of.covariance + theta * theta * of.variance_x) / of.n as f64
            };
            let z = |theta: f64| {
                let effect = (means[2] - means[0]) - theta * (means[3] - means[1]);
                effect / (variance(&control, theta) + variance(&variant, theta)).sqrt()
            };
            let q = normal::upper_quantile(0.025);
            match found.set {
                FiellerSet::Interval(ends) => {
                    prop_assert!(ends.lower <= found.estimate && found.estimate <= ends.upper);
                    for end in [ends.lower, ends.upper] {
                        prop_assert!((z(end).abs() - q).abs() < 1e-6, "{} at {}", z(end), end);
                    }
                }
                FiellerSet::Outside(ends) => {
                    prop_assert!(found.estimate <= ends.lower || ends.upper <= found.estimate);
                    prop_assert!(z((ends.lower + ends.upper) / 2.0).abs() >= q - 1e-6);
                }
                FiellerSet::All => prop_assert!([-1e6, -1.0, 0.0, 1.0, 1e6].iter().all(|t| z(*t).abs() <= q + 1e-6)),
            }
        }
    }
}
