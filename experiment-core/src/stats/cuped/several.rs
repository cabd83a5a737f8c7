//! CUPED with several covariates.

use crate::stats::centred::Centred;
use crate::stats::cholesky::Cholesky;
use crate::stats::cuped::Theta;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::not_estimable::{finite, finite_input, non_negative_input, require_that};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Covariates of one outcome.
const MOST_COVARIATES: usize = 50;

/// Means, variances and covariances of an outcome and several covariates of each customer of an arm.
#[derive(Clone, Debug, PartialEq)]
pub struct CovariateSummary {
    /// Customers of the arm, and mean and variance of the outcome.
    pub outcome: MeanSummary,
    /// Mean of each covariate.
    pub means: Vec<f64>,
    /// Covariance of each covariate with the outcome, denominator n − 1.
    pub with_outcome: Vec<f64>,
    /// Covariances of the covariates with each other, denominator n − 1: row by row, symmetric.
    pub among: Vec<Vec<f64>>,
}

/// Two arms adjusted by several covariates.
#[derive(Clone, Debug, PartialEq)]
pub struct SeveralAdjusted {
    /// Coefficient of each covariate; 0 for one that says nothing that those before it do not.
    pub thetas: Vec<f64>,
    /// Share of the outcome's variation that the covariates explain, R²; 0 when it does not vary.
    pub explained: f64,
    /// The control after adjustment.
    pub control: MeanSummary,
    /// The variant after adjustment.
    pub variant: MeanSummary,
}

/// A comparison adjusted by several covariates.
#[derive(Clone, Debug, PartialEq)]
pub struct SeveralEstimate {
    /// The coefficients and the adjusted arms.
    pub adjusted: SeveralAdjusted,
    /// Share of the variance of the effect that the adjustment takes away; below 0 if it adds some.
    pub variance_reduction: f64,
    /// Welch's test of the adjusted means.
    pub comparison: Comparison,
}

impl CovariateSummary {
    /// The summary of one outcome and several covariates per customer; each covariate is a column.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] below two customers, [`NotEstimable::ImpossibleInput`] for columns of
    /// another length than the outcome or values that are not finite.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::cuped::CovariateSummary;
    /// let arm = CovariateSummary::from_columns(&[1.0, 2.0, 6.0], &[&[1.0, 2.0, 3.0], &[4.0, 0.0, 2.0]])?;
    /// assert_eq!((arm.outcome.mean, arm.means[1], arm.with_outcome[0], arm.among[0][1]), (3.0, 2.0, 2.5, -1.0));
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_columns(outcome: &[f64], covariates: &[&[f64]]) -> Result<Self, NotEstimable> {
        let y = Centred::of(outcome)?;
        let mut columns = Vec::with_capacity(covariates.len());
        for column in covariates {
            let length = column.len();
            let fits = length == outcome.len();
            require_that(fits, "the length of a covariate", length as f64, "the number of customers")?;
            columns.push(Centred::of(column)?);
        }
        let mut among = Vec::with_capacity(columns.len());
        for one in &columns {
            among.push(columns.iter().map(|other| one.covariance(other)).collect::<Result<Vec<f64>, _>>()?);
        }
        Ok(Self {
            outcome: MeanSummary { n: outcome.len() as u64, mean: y.mean, variance: y.covariance(&y)? },
            means: columns.iter().map(|column| column.mean).collect(),
            with_outcome: columns.iter().map(|column| column.covariance(&y)).collect::<Result<_, _>>()?,
            among,
        })
    }

    fn check(&self, count: usize) -> Result<(), NotEstimable> {
        self.outcome.check()?;
        let allowed = "the same in all lists and both arms, at most 50";
        let lists = [self.means.len(), self.with_outcome.len(), self.among.len()];
        for length in lists.into_iter().chain(self.among.iter().map(Vec::len)) {
            let fits = length == count && count <= MOST_COVARIATES;
            require_that(fits, "the number of covariates", length as f64, allowed)?;
        }
        for value in self.means.iter().chain(&self.with_outcome).chain(self.among.iter().flatten()) {
            finite_input("a moment of a covariate", *value)?;
        }
        for (index, row) in self.among.iter().enumerate() {
            non_negative_input("the variance of a covariate", row[index])?;
        }
        Ok(())
    }

    /// Moves the arm along the slopes: its mean to where the covariates have their joint means, and its variance.
    fn moved(&self, thetas: &[f64], joint_means: &[f64]) -> Result<MeanSummary, NotEstimable> {
        let gaps = joint_means.iter().zip(&self.means).map(|(joint, own)| joint - own);
        let shift: f64 = thetas.iter().zip(gaps).map(|(theta, gap)| theta * gap).sum();
        let mut variance = self.outcome.variance;
        for (row, theta) in thetas.iter().enumerate() {
            let explained: f64 = thetas.iter().zip(&self.among[row]).map(|(other, cell)| other * cell).sum();
            variance += theta * (explained - 2.0 * self.with_outcome[row]);
        }
        Ok(MeanSummary {
            n: self.outcome.n,
            mean: finite("the adjusted mean", self.outcome.mean + shift)?,
            // Rounding may leave a little below 0 when the covariates explain all.
            variance: finite("the adjusted variance", variance)?.max(0.0),
        })
    }
}

/// Compares two means after adjusting both by several covariates.
///
/// The coefficients are those of a regression of the outcome on all covariates, over the variation that `theta`
/// names; they are taken as known in the standard error, which costs of order k/n for k covariates.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] when the arms or lists differ in the number of covariates, otherwise as
/// [`cuped`](crate::stats::cuped::cuped).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::cuped::{CovariateSummary, Theta, cuped_by_several};
/// let control = CovariateSummary::from_columns(
///     &[3.0, 5.0, 4.0, 6.0, 8.0, 7.0],
///     &[&[1.0, 2.0, 2.0, 3.0, 5.0, 4.0], &[2.0, 1.0, 3.0, 2.0, 1.0, 4.0]],
/// )?;
/// let variant = CovariateSummary::from_columns(
///     &[4.0, 7.0, 6.0, 9.0, 7.0],
///     &[&[1.0, 3.0, 2.0, 5.0, 3.0], &[3.0, 2.0, 5.0, 1.0, 4.0]],
/// )?;
/// let options = TestOptions::two_sided(0.95);
/// let joint = cuped_by_several(&control, &variant, Theta::Joint, &options)?;
/// assert!((joint.adjusted.thetas[0] - 1.279_431_849_221_524_4).abs() < 1e-13);
/// assert!((joint.adjusted.explained - 0.880_762_247_537_638_3).abs() < 1e-13);
/// assert!((joint.comparison.p_value - 0.002_942_132_339_082_228).abs() < 1e-13);
/// // The effect of an analysis of covariance.
/// let within = cuped_by_several(&control, &variant, Theta::Within, &options)?;
/// assert!((within.comparison.effect - 1.104_902_181_245_783).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Xu, Kohavi & Walker (2013), section 3.3 and appendix B (several covariates).
pub fn cuped_by_several(
    control: &CovariateSummary,
    variant: &CovariateSummary,
    theta: Theta,
    options: &TestOptions,
) -> Result<SeveralEstimate, NotEstimable> {
    let raw = welch_test(&control.outcome, &variant.outcome, options)?;
    let adjusted = adjust_by_several(control, variant, theta)?;
    let comparison = welch_test(&adjusted.control, &adjusted.variant, options)?;
    let left = comparison.std_error / raw.std_error;
    Ok(SeveralEstimate { adjusted, variance_reduction: 1.0 - left * left, comparison })
}

/// Adjusts both arms by several covariates, without comparing them: for other tests, strata and relative effects.
///
/// # Errors
/// As [`cuped_by_several`], except for want of variation.
///
/// # Examples
/// ```
/// use experiment_core::stats::cuped::{CovariateSummary, Theta, adjust_by_several};
/// // The second covariate is twice the first, so it gets no weight.
/// let arm = CovariateSummary::from_columns(&[1.0, 2.0, 6.0], &[&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]])?;
/// let adjusted = adjust_by_several(&arm, &arm, Theta::Within)?;
/// assert_eq!(adjusted.thetas, [2.5, 0.0]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn adjust_by_several(
    control: &CovariateSummary,
    variant: &CovariateSummary,
    theta: Theta,
) -> Result<SeveralAdjusted, NotEstimable> {
    let count = control.means.len();
    control.check(count)?;
    variant.check(count)?;
    let (n0, n1) = (control.outcome.n as f64, variant.outcome.n as f64);
    let between = match theta {
        Theta::Joint => n0 * n1 / (n0 + n1),
        Theta::Within => 0.0,
    };
    let sum = |of_control: f64, of_variant: f64, gaps: f64| {
        finite("the variation", (n0 - 1.0) * of_control + (n1 - 1.0) * of_variant + between * gaps)
    };
    let gaps: Vec<f64> = variant.means.iter().zip(&control.means).map(|(one, other)| one - other).collect();
    let gap_y = variant.outcome.mean - control.outcome.mean;
    let yy = sum(control.outcome.variance, variant.outcome.variance, gap_y * gap_y)?;
    let mut matrix = vec![vec![0.0; count]; count];
    let mut xy = vec![0.0; count];
    for row in 0..count {
        xy[row] = sum(control.with_outcome[row], variant.with_outcome[row], gaps[row] * gap_y)?;
        for column in 0..count {
            let cross = gaps[row] * gaps[column];
            matrix[row][column] = sum(control.among[row][column], variant.among[row][column], cross)?;
        }
    }
    let factors = Cholesky::of(matrix);
    let thetas = factors.solve(&xy);
    for value in &thetas {
        finite("theta", *value)?;
    }
    let explained = if yy == 0.0 { 0.0 } else { (factors.quadratic_form(&xy) / yy).clamp(0.0, 1.0) };
    let share = n1 / (n0 + n1);
    let joint: Vec<f64> = control.means.iter().zip(&gaps).map(|(mean, gap)| mean + share * gap).collect();
    Ok(SeveralAdjusted {
        control: control.moved(&thetas, &joint)?,
        variant: variant.moved(&thetas, &joint)?,
        thetas,
        explained,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cuped::cuped;
    use crate::stats::ratio::PairSummary;

    #[test]
    fn one_covariate_is_the_plain_form() {
        let one = PairSummary {
            n: 50,
            mean_y: 5.0,
            mean_x: 4.0,
            variance_y: 2.0,
            variance_x: 3.0,
            covariance: 1.9,
        };
        let other = PairSummary { n: 60, mean_y: 7.0, mean_x: 6.0, ..one };
        let as_list = |arm: &PairSummary| CovariateSummary {
            outcome: arm.outcome(),
            means: vec![arm.mean_x],
            with_outcome: vec![arm.covariance],
            among: vec![vec![arm.variance_x]],
        };
        let options = TestOptions::two_sided(0.95);
        for theta in [Theta::Joint, Theta::Within] {
            let want = cuped(&one, &other, theta, &options).unwrap();
            let got = cuped_by_several(&as_list(&one), &as_list(&other), theta, &options).unwrap();
            assert!((got.adjusted.thetas[0] - want.theta).abs() < 1e-14);
            assert!((got.adjusted.explained - want.correlation * want.correlation).abs() < 1e-14);
            assert!((got.comparison.p_value / want.comparison.p_value - 1.0).abs() < 1e-10);
            assert!((got.adjusted.control.mean - want.control.mean).abs() < 1e-13);
        }
    }

    #[test]
    fn lists_of_different_length_are_refused() {
        let arm = CovariateSummary::from_columns(&[1.0, 2.0], &[&[1.0, 3.0]]).unwrap();
        let none = CovariateSummary::from_columns(&[1.0, 2.0], &[]).unwrap();
        assert_eq!(adjust_by_several(&arm, &none, Theta::Joint).unwrap_err().code(), "impossible_input");
        assert_eq!(adjust_by_several(&none, &none, Theta::Joint).unwrap().explained, 0.0);
    }
}
