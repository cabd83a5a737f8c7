//! Two arms adjusted by what was measured before exposure: by one covariate, by several, or a ratio by one.

use super::MetricDesign;
use super::design::Estimand;
use super::reading::{mean_of, pair_of};
use crate::measure::Moments;
use crate::stats::cuped::{
    CovariateSummary, CupedEstimate, RatioHistory, Theta, cuped, cuped_by_several, cuped_ratio,
};
use crate::stats::mean::MeanSummary;
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Arms adjusted by their covariates, and compared.
pub(crate) struct AdjustedArms {
    /// The slope on each covariate.
    pub(crate) thetas: Vec<f64>,
    pub(crate) variance_reduction: f64,
    /// Ratios keep theirs as means.
    pub(crate) control: MeanSummary,
    pub(crate) variant: MeanSummary,
    pub(crate) comparison: Comparison,
}

/// Adjusts by the metric's covariates; slopes are fitted on both arms as one sample.
pub(crate) fn adjust(
    metric: &MetricDesign,
    control: &Moments,
    variant: &Moments,
    options: &TestOptions,
) -> Result<AdjustedArms, NotEstimable> {
    if metric.estimand == Estimand::Ratio {
        let (control, variant) = (history_of(metric, control)?, history_of(metric, variant)?);
        return Ok(by_one(cuped_ratio(&control, &variant, Theta::Joint, options)?));
    }
    if metric.covariates == 1 {
        let (control, variant) = (pair_of(metric, control)?, pair_of(metric, variant)?);
        return Ok(by_one(cuped(&control, &variant, Theta::Joint, options)?));
    }
    let (control, variant) = (covariates_of(metric, control)?, covariates_of(metric, variant)?);
    let estimate = cuped_by_several(&control, &variant, Theta::Joint, options)?;
    Ok(AdjustedArms {
        thetas: estimate.adjusted.thetas,
        variance_reduction: estimate.variance_reduction,
        control: estimate.adjusted.control,
        variant: estimate.adjusted.variant,
        comparison: estimate.comparison,
    })
}

fn by_one(estimate: CupedEstimate) -> AdjustedArms {
    AdjustedArms {
        thetas: vec![estimate.theta],
        variance_reduction: estimate.variance_reduction,
        control: estimate.control,
        variant: estimate.variant,
        comparison: estimate.comparison,
    }
}

/// Outcome and covariates.
pub(super) fn covariates_of(
    metric: &MetricDesign,
    moments: &Moments,
) -> Result<CovariateSummary, NotEstimable> {
    let outcome = mean_of(metric, moments)?;
    let too_few = NotEstimable::TooFewCustomers { n: outcome.n, needed: 2 };
    let covariance = |i, j| moments.covariance(i, j, metric.places).ok_or(too_few);
    let entries = metric.outcomes()..metric.parts();
    let row = |i: usize| entries.clone().map(|j| covariance(i, j)).collect::<Result<Vec<f64>, _>>();
    Ok(CovariateSummary {
        means: entries
            .clone()
            .map(|i| moments.mean(i, metric.places).ok_or(too_few))
            .collect::<Result<_, _>>()?,
        with_outcome: row(0)?,
        among: entries.clone().map(row).collect::<Result<_, _>>()?,
        outcome,
    })
}

/// A ratio and its covariate, which is no ratio: its denominator is 1 for everybody.
fn history_of(metric: &MetricDesign, moments: &Moments) -> Result<RatioHistory, NotEstimable> {
    let n = u64::try_from(moments.n()).unwrap_or(0);
    let too_few = NotEstimable::TooFewCustomers { n, needed: 2 };
    let entries = metric.parts().min(3);
    let mut history = RatioHistory { n, means: [1.0; 4], covariances: [[0.0; 4]; 4] };
    for i in 0..entries {
        history.means[i] = moments.mean(i, metric.places).ok_or(too_few)?;
        for j in 0..entries {
            history.covariances[i][j] = moments.covariance(i, j, metric.places).ok_or(too_few)?;
        }
    }
    Ok(history)
}
