//! The bootstrap: percentile and BCa intervals for any statistic. Of means see
//! [`bootstrap_mean_difference`](crate::stats::resample::bootstrap_mean_difference), which is much faster.

use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::quantile::between;
use crate::stats::resample::stream::Stream;
use crate::stats::resample::{MOST_DRAWS, Resampling, check_values};
use crate::stats::{Interval, NotEstimable, TestOptions};
use rayon::prelude::*;

/// A statistic and its values over all resamples.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// The statistic of the data.
    pub estimate: f64,
    /// That of each resample, ascending.
    sorted: Vec<f64>,
}

/// Resamples one arm: as many customers, drawn with replacement.
///
/// `statistic` must depend on the values alone and be finite for any sample of them.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two values, [`NotEstimable::ImpossibleInput`] for a value that is not
/// finite or for numbers of resamples beyond their bounds, [`NotEstimable::Overflow`] for a statistic that is not
/// finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::resample::{Resampling, bootstrap};
/// let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
/// let draws = bootstrap(&[1.0, 2.0, 3.0, 4.0], mean, &Resampling { resamples: 4_000, seed: 1 })?;
/// // √(population variance / n) = √(1.25/4)
/// assert!((draws.std_error() - 0.559).abs() < 0.03);
/// let interval = draws.percentile_interval(&TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 1.5).abs() < 0.3 && (interval.upper - 3.5).abs() < 0.3);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
pub fn bootstrap(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64 + Sync,
    resampling: &Resampling,
) -> Result<Bootstrap, NotEstimable> {
    check_values(values, 2)?;
    resampling.check(values.len())?;
    let room = || vec![0.0; values.len()];
    Bootstrap::of(statistic(values), resampling, room, |drawn, stream| {
        draw(values, drawn, stream);
        statistic(drawn)
    })
}

/// Resamples each of two arms; the statistic is that of the variant minus that of the control.
///
/// # Errors
/// As [`bootstrap`].
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::{Resampling, bootstrap_difference};
/// let largest = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
/// let resampling = Resampling { resamples: 100, seed: 1 };
/// let draws = bootstrap_difference(&[1.0, 2.0], &[4.0, 7.0], largest, &resampling)?;
/// assert_eq!(draws.estimate, 5.0);
/// assert_eq!(draws, bootstrap_difference(&[1.0, 2.0], &[4.0, 7.0], largest, &resampling)?);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), section 8.3.
pub fn bootstrap_difference(
    control: &[f64],
    variant: &[f64],
    statistic: impl Fn(&[f64]) -> f64 + Sync,
    resampling: &Resampling,
) -> Result<Bootstrap, NotEstimable> {
    check_values(control, 2)?;
    check_values(variant, 2)?;
    resampling.check(control.len() + variant.len())?;
    let room = || (vec![0.0; control.len()], vec![0.0; variant.len()]);
    Bootstrap::of(statistic(variant) - statistic(control), resampling, room, |drawn, stream| {
        draw(control, &mut drawn.0, stream);
        draw(variant, &mut drawn.1, stream);
        statistic(&drawn.1) - statistic(&drawn.0)
    })
}

/// BCa's acceleration of one arm, by leaving out each customer in turn; takes n times the statistic.
///
/// # Errors
/// As [`bootstrap`], and [`NotEstimable::NoVariation`] when leaving out anyone changes nothing.
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::acceleration;
/// let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
/// // For the mean: Σ(x − x̄)³ / (6 (Σ(x − x̄)²)^1.5), here with deviations −1, −1, 2.
/// assert!((acceleration(&[0.0, 0.0, 3.0], mean)? - 6.0 / (6.0 * 6f64.powf(1.5))).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), eq. 14.15.
pub fn acceleration(values: &[f64], statistic: impl Fn(&[f64]) -> f64 + Sync) -> Result<f64, NotEstimable> {
    check_values(values, 2)?;
    let moments = Influence::of(values, &statistic)?;
    let estimate = statistic(values);
    moments.acceleration().ok_or(NotEstimable::NoVariation { control: estimate, variant: estimate })
}

/// [`acceleration`] of the difference between two arms, for [`bootstrap_difference`].
///
/// # Errors
/// As [`acceleration`].
///
/// # References
/// Efron & Tibshirani (1993), eq. 15.36.
pub fn difference_acceleration(
    control: &[f64],
    variant: &[f64],
    statistic: impl Fn(&[f64]) -> f64 + Sync,
) -> Result<f64, NotEstimable> {
    check_values(control, 2)?;
    check_values(variant, 2)?;
    let (of_control, of_variant) = (Influence::of(control, &statistic)?, Influence::of(variant, &statistic)?);
    let both = Influence {
        squares: of_variant.squares + of_control.squares,
        cubes: of_variant.cubes - of_control.cubes,
    };
    let reason = NotEstimable::NoVariation { control: statistic(control), variant: statistic(variant) };
    both.acceleration().ok_or(reason)
}

impl Bootstrap {
    /// `resample` makes one value from its own stream, in room that a thread keeps between resamples.
    pub(super) fn of<Room>(
        estimate: f64,
        resampling: &Resampling,
        room: impl Fn() -> Room + Sync + Send,
        resample: impl Fn(&mut Room, &mut Stream) -> f64 + Sync + Send,
    ) -> Result<Self, NotEstimable> {
        finite("the statistic", estimate)?;
        let draws = (0..resampling.resamples).into_par_iter().map_init(room, |room, index| {
            let value = resample(room, &mut Stream::new(resampling.seed, index));
            finite("the statistic of a resample", value)
        });
        let mut sorted = draws.collect::<Result<Vec<f64>, _>>()?;
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { estimate, sorted })
    }

    /// The statistic of each resample, ascending.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The standard deviation over the resamples; 0 for one resample.
    pub fn std_error(&self) -> f64 {
        let count = self.sorted.len() as f64;
        let mean = self.sorted.iter().map(|value| value / count).sum::<f64>();
        let squares: f64 = self.sorted.iter().map(|value| (value - mean) * (value - mean)).sum();
        (squares / (count - 1.0).max(1.0)).sqrt()
    }

    /// The interval between quantiles of the resamples (type 7).
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a confidence level outside (0, 1).
    pub fn percentile_interval(&self, options: &TestOptions) -> Result<Interval, NotEstimable> {
        let tail = options.tail()?;
        Ok(options.keep_ends(between(&self.sorted, tail), between(&self.sorted, 1.0 - tail)))
    }

    /// The percentile interval corrected for bias and for an error that changes with the statistic (BCa).
    ///
    /// `acceleration` comes from [`acceleration`] or [`difference_acceleration`].
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a level outside (0, 1), [`NotEstimable::Overflow`] when the estimate
    /// lies outside all resamples or the correction leaves its range.
    ///
    /// # References
    /// Efron & Tibshirani (1993), eqs. 14.10 and 14.14, with resamples equal to the estimate counted one half.
    pub fn bca_interval(&self, acceleration: f64, options: &TestOptions) -> Result<Interval, NotEstimable> {
        let z = normal::upper_quantile(options.tail()?);
        let below = self.sorted.partition_point(|value| *value < self.estimate) as f64;
        let at_most = self.sorted.partition_point(|value| *value <= self.estimate) as f64;
        let share = (below + at_most) / (2.0 * self.sorted.len() as f64);
        let bias = finite("the bias correction", normal::quantile(share))?;
        let level = |z: f64| {
            let shifted = bias + z;
            let stretched = 1.0 - acceleration * shifted;
            // Beyond the pole the correction has no meaning.
            if stretched <= 0.0 {
                return Err(NotEstimable::Overflow { quantity: "the corrected level" });
            }
            Ok(normal::cdf(finite("the corrected level", bias + shifted / stretched)?))
        };
        let ends = (between(&self.sorted, level(-z)?), between(&self.sorted, level(z)?));
        Ok(options.keep_ends(ends.0, ends.1))
    }
}

fn draw(values: &[f64], drawn: &mut [f64], stream: &mut Stream) {
    for slot in drawn {
        *slot = values[stream.below(values.len())];
    }
}

/// Σu² and Σu³ over the customers of an arm, u being what the statistic loses without the customer, from its mean
/// without one, times (n − 1)/n.
pub(super) struct Influence {
    pub(super) squares: f64,
    pub(super) cubes: f64,
}

impl Influence {
    fn of(values: &[f64], statistic: impl Fn(&[f64]) -> f64 + Sync) -> Result<Self, NotEstimable> {
        let n = values.len() as f64;
        // Each customer is left out once, over all the others.
        require_that(n * n <= MOST_DRAWS, "customers squared", n * n, "at most 10^10")?;
        // The first customer is put where the one to leave out is, so that the slice from 1 on is the rest.
        let without = (0..values.len()).into_par_iter().map_init(
            || values.to_vec(),
            |others, index| {
                others.swap(0, index);
                let value = statistic(&others[1..]);
                others.swap(0, index);
                finite("the statistic without a customer", value)
            },
        );
        let without = without.collect::<Result<Vec<f64>, _>>()?;
        let mean = without.iter().map(|value| value / n).sum::<f64>();
        let influences = || without.iter().map(|value| (n - 1.0) / n * (mean - value));
        Ok(Self { squares: influences().map(|u| u * u).sum(), cubes: influences().map(|u| u * u * u).sum() })
    }

    pub(super) fn acceleration(&self) -> Option<f64> {
        let acceleration = self.cubes / (6.0 * self.squares * self.squares.sqrt());
        acceleration.is_finite().then_some(acceleration)
    }
}
