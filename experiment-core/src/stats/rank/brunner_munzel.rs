//! The Brunner–Munzel test.

use crate::stats::comparison::{Reference, compare};
use crate::stats::mean::planned_degrees_of_freedom;
use crate::stats::rank::{LevelCounts, RankedArms};
use crate::stats::{Interval, NotEstimable, TestOptions};

/// The probability of superiority with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrunnerMunzel {
    /// P(variant larger) + ½ P(equal).
    pub probability_of_superiority: f64,
    /// Its standard error.
    pub std_error: f64,
    /// The probability less ½, over the standard error.
    pub statistic: f64,
    /// Degrees of freedom of the t distribution.
    pub degrees_of_freedom: f64,
    /// Probability of a statistic at least as extreme, by the t distribution.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
    /// Interval for the probability of superiority; not cut to \[0, 1\].
    pub interval: Interval,
}

/// Tests whether customers of the variant are as often larger as smaller than those of the control.
///
/// Holds its level when the arms differ in spread, unlike
/// [`mann_whitney_test`](crate::stats::rank::mann_whitney_test); wants about ten customers an arm. `Greater`
/// means that the variant tends to larger values.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::NoRankVariation`] when all
/// values of one arm lie on one side of the other's or all are equal.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::rank::{RankedArms, brunner_munzel_test};
/// let arms = RankedArms::from_values(&[0.468, -0.103], &[0.344, 0.972])?;
/// let test = brunner_munzel_test(&arms, &TestOptions::two_sided(0.95))?;
/// assert_eq!((test.probability_of_superiority, test.degrees_of_freedom), (0.75, 2.0));
/// assert!((test.p_value - 0.552_786_404_500_042_1).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Brunner & Munzel (2000), The nonparametric Behrens–Fisher problem, Biometrical Journal 42(1), 17–25,
/// doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U.
pub fn brunner_munzel_test(arms: &RankedArms, options: &TestOptions) -> Result<BrunnerMunzel, NotEstimable> {
    let smaller = arms.control.min(arms.variant);
    if smaller < 2 {
        return Err(NotEstimable::TooFewCustomers { n: smaller, needed: 2 });
    }
    let (probability, distance) = arms.probability_of_superiority();
    let flipped = |level: &LevelCounts| LevelCounts { control: level.variant, variant: level.control };
    let of_control = placement_variance(arms.levels.iter().copied(), arms.variant) / arms.control as f64;
    let of_variant = placement_variance(arms.levels.iter().map(flipped), arms.control) / arms.variant as f64;
    let std_error = (of_control + of_variant).sqrt();
    if std_error == 0.0 {
        return Err(NotEstimable::NoRankVariation { probability_of_superiority: probability });
    }
    let (n0, n1) = (arms.control as f64, arms.variant as f64);
    let degrees_of_freedom = planned_degrees_of_freedom((of_control, n0), (of_variant, n1));
    let test = compare(distance, 0.0, std_error, Reference::StudentT { degrees_of_freedom }, options)?;
    Ok(BrunnerMunzel {
        probability_of_superiority: probability,
        std_error,
        statistic: test.statistic,
        degrees_of_freedom,
        p_value: test.p_value,
        log10_p_value: test.log10_p_value,
        interval: Interval { lower: 0.5 + test.interval.lower, upper: 0.5 + test.interval.upper },
    })
}

/// Variance (n − 1) over the first of two arms of the share of the `others` that lies below a customer, ties
/// counted one half.
fn placement_variance(levels: impl Iterator<Item = LevelCounts> + Clone, others: u64) -> f64 {
    // Twice the customers below and once the equal ones is a whole number.
    let placements = levels.scan(0_u64, |below, level| {
        let placement = 2 * *below + level.variant;
        *below += level.variant;
        Some((level.control as f64, placement as f64))
    });
    let (n, sum) = placements
        .clone()
        .fold((0.0, 0.0), |(n, sum), (count, placement)| (n + count, sum + count * placement));
    let mean = sum / n;
    let squares: f64 = placements
        .map(|(count, placement)| {
            let excess = (placement - mean) / (2.0 * others as f64);
            count * (excess * excess)
        })
        .sum();
    squares / (n - 1.0)
}
