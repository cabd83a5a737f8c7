//! CUPED for a ratio of means, by linearisation.
//!
//! A ratio of means moves, to first order, like the mean of (y − R x)/x̄. So does the ratio of the same two values
//! before exposure, and with both linear, θ is one covariance over one variance as for means.

use crate::stats::centred::Centred;
use crate::stats::cuped::{CupedEstimate, Theta, adjust, adjust_along, compare_adjusted};
use crate::stats::not_estimable::{finite, finite_input, non_negative_input, require_that};
use crate::stats::ratio::PairSummary;
use crate::stats::{NotEstimable, TestOptions};

/// Numerator, denominator, numerator before, denominator before.
const VALUES: usize = 4;

/// Means and covariances of a ratio metric and the same ratio before exposure, for the customers of an arm.
///
/// Everything is in the order numerator, denominator, numerator before, denominator before. For a covariate that is
/// no ratio let the last be 1 for everybody: mean 1, variance and covariances 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioHistory {
    /// Customers of the arm.
    pub n: u64,
    /// Mean per customer of each value.
    pub means: [f64; VALUES],
    /// Covariances, denominator n − 1; variances on the diagonal.
    pub covariances: [[f64; VALUES]; VALUES],
}

impl RatioHistory {
    /// The summary of four values per customer; each is a column.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] below two customers, [`NotEstimable::ImpossibleInput`] for columns of
    /// different length or values that are not finite.
    pub fn from_columns(columns: [&[f64]; VALUES]) -> Result<Self, NotEstimable> {
        let n = columns[0].len();
        let mut centred = Vec::with_capacity(VALUES);
        for column in columns {
            let fits = column.len() == n;
            require_that(fits, "the length of a column", column.len() as f64, "the number of customers")?;
            centred.push(Centred::of(column)?);
        }
        let mut covariances = [[0.0; VALUES]; VALUES];
        for (row, one) in covariances.iter_mut().zip(&centred) {
            for (cell, other) in row.iter_mut().zip(&centred) {
                *cell = one.covariance(other)?;
            }
        }
        Ok(Self { n: n as u64, means: std::array::from_fn(|index| centred[index].mean), covariances })
    }

    fn check(&self) -> Result<(), NotEstimable> {
        if self.n < 2 {
            return Err(NotEstimable::TooFewCustomers { n: self.n, needed: 2 });
        }
        for value in self.means.iter().chain(self.covariances.iter().flatten()) {
            finite_input("a moment", *value)?;
        }
        for (index, row) in self.covariances.iter().enumerate() {
            non_negative_input("a variance", row[index])?;
        }
        if self.means[1] == 0.0 || self.means[3] == 0.0 {
            return Err(NotEstimable::ZeroDenominator { n: self.n });
        }
        Ok(())
    }

    /// Both ratios as linear values of a customer, around this arm's own means.
    fn linearised(&self) -> Result<PairSummary, NotEstimable> {
        self.check()?;
        let [numerator, denominator, numerator_before, denominator_before] = self.means;
        let ratio = finite("the ratio", numerator / denominator)?;
        let before = finite("the ratio before", numerator_before / denominator_before)?;
        let now = [1.0 / denominator, -ratio / denominator, 0.0, 0.0];
        let then = [0.0, 0.0, 1.0 / denominator_before, -before / denominator_before];
        let form = |one: &[f64; VALUES], other: &[f64; VALUES]| {
            let rows = one.iter().zip(&self.covariances);
            let sum = rows.map(|(weight, row)| {
                weight * other.iter().zip(row).map(|(other, cell)| other * cell).sum::<f64>()
            });
            finite("the variance of the ratio", sum.sum())
        };
        Ok(PairSummary {
            n: self.n,
            mean_y: ratio,
            mean_x: before,
            // Rounding may leave a little below 0 when a numerator is a multiple of its denominator.
            variance_y: form(&now, &now)?.max(0.0),
            variance_x: form(&then, &then)?.max(0.0),
            covariance: form(&now, &then)?,
        })
    }

    /// Both arms as one sample.
    fn together(&self, other: &Self) -> Self {
        let (n0, n1) = (self.n as f64, other.n as f64);
        let n = n0 + n1;
        let gap: [f64; VALUES] = std::array::from_fn(|index| other.means[index] - self.means[index]);
        let covariances = std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let within =
                    (n0 - 1.0) * self.covariances[row][column] + (n1 - 1.0) * other.covariances[row][column];
                (within + n0 * n1 / n * gap[row] * gap[column]) / (n - 1.0)
            })
        });
        Self {
            n: self.n.saturating_add(other.n),
            means: std::array::from_fn(|index| self.means[index] + n1 / n * gap[index]),
            covariances,
        }
    }
}

/// Compares two ratios of means after adjusting both by their ratio before exposure.
///
/// `Theta::Joint` linearises both arms as one sample (tea-tasting's definition) and centres at that sample's ratio
/// before; `Theta::Within` linearises each arm by itself and pools the slopes. The means of the answer are ratios.
///
/// # Errors
/// [`NotEstimable::ZeroDenominator`] when a denominator's mean is 0 in an arm, otherwise as
/// [`cuped`](crate::stats::cuped::cuped).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::cuped::{RatioHistory, Theta, cuped_ratio};
/// let control = RatioHistory::from_columns([
///     &[3.0, 5.0, 4.0, 6.0, 8.0, 7.0],
///     &[1.0, 2.0, 1.0, 2.0, 3.0, 2.0],
///     &[1.0, 2.0, 2.0, 3.0, 5.0, 4.0],
///     &[1.0, 1.0, 2.0, 1.0, 2.0, 1.0],
/// ])?;
/// let variant = RatioHistory::from_columns([
///     &[4.0, 7.0, 6.0, 9.0, 7.0],
///     &[1.0, 2.0, 2.0, 3.0, 2.0],
///     &[1.0, 3.0, 2.0, 5.0, 3.0],
///     &[1.0, 1.0, 2.0, 2.0, 1.0],
/// ])?;
/// let estimate = cuped_ratio(&control, &variant, Theta::Joint, &TestOptions::two_sided(0.95))?;
/// assert!((estimate.control.mean - 3.002_289_906_258_251_8).abs() < 1e-13);
/// assert!((estimate.comparison.effect - 0.295_093_058_018_031_76).abs() < 1e-13);
/// assert!((estimate.comparison.p_value - 0.275_578_928_907_773_8).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), KDD '18, section 2.3 (linearisation); Deng, Xu, Kohavi & Walker (2013); the numbers
/// of the example are tea-tasting's (`RatioOfMeans` with covariates).
pub fn cuped_ratio(
    control: &RatioHistory,
    variant: &RatioHistory,
    theta: Theta,
    options: &TestOptions,
) -> Result<CupedEstimate, NotEstimable> {
    let (one, other) = (control.linearised()?, variant.linearised()?);
    let adjusted = match theta {
        Theta::Within => adjust(&one, &other, Theta::Within)?,
        Theta::Joint => {
            let joint = control.together(variant).linearised()?;
            adjust_along(&one, &other, &joint)?
        }
    };
    compare_adjusted(&one, &other, adjusted, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cuped::cuped;

    /// With denominators that are 1 for everybody it is CUPED of means.
    #[test]
    fn denominators_of_one_are_means() {
        let (y0, x0) = ([3.0, 5.0, 4.0, 6.0], [1.0, 2.0, 2.0, 3.5]);
        let (y1, x1) = ([4.0, 7.0, 9.0, 6.0], [1.0, 3.0, 4.0, 2.0]);
        let ones = [1.0; 4];
        let ratio = |y: &[f64], x: &[f64]| RatioHistory::from_columns([y, &ones, x, &ones]).unwrap();
        let pair = |y: &[f64], x: &[f64]| PairSummary::from_values(y, x).unwrap();
        let options = TestOptions::two_sided(0.95);
        for theta in [Theta::Joint, Theta::Within] {
            let got = cuped_ratio(&ratio(&y0, &x0), &ratio(&y1, &x1), theta, &options).unwrap();
            let want = cuped(&pair(&y0, &x0), &pair(&y1, &x1), theta, &options).unwrap();
            assert!((got.theta - want.theta).abs() < 1e-13, "{got:?} {want:?}");
            assert!((got.comparison.p_value - want.comparison.p_value).abs() < 1e-12);
            assert!((got.variant.mean - want.variant.mean).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_before_is_a_reason() {
        let zero = [0.0; 3];
        let arm = RatioHistory::from_columns([&[1.0, 2.0, 3.0], &[1.0; 3], &zero, &zero]).unwrap();
        let reason = cuped_ratio(&arm, &arm, Theta::Joint, &TestOptions::two_sided(0.95)).unwrap_err();
        assert_eq!(reason.code(), "zero_denominator");
    }
}
