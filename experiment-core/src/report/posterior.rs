//! What a Bayesian plan believes of an effect after the data.

use super::reading::{Pair, mean_of, pair_of, proportion_of};
use super::{Bayes, Design, Estimand, MetricDesign, Reading};
use crate::definition::{Direction, Method, Prior, Role};
use crate::stats::bayes::{BetaPrior, NormalPrior, beta_binomial, normal_effect};
use crate::stats::proportion::ProportionSummary;
use crate::stats::ratio::delta_method;
use crate::stats::{NotEstimable, TestOptions};

/// Every rate is as likely as any other.
const FLAT: BetaPrior = BetaPrior { alpha: 1.0, beta: 1.0 };

/// The posterior of a primary's effect under a Bayesian plan.
///
/// Rates without a covariate: beta posteriors, exact, with the plan's beta prior or a flat one. All else, and rates
/// for which only `relative_sd` is stated: normal posterior of the deciding reading's effect.
pub(crate) fn posterior(
    design: &Design,
    metric: &MetricDesign,
    pair: &Pair<'_>,
    reading: Reading,
) -> Option<Bayes> {
    if design.plan.method != Method::Bayesian || metric.role != Role::Primary {
        return None;
    }
    let level = 1.0 - design.plan.alpha;
    let of_effect = if is_by_rates(metric, reading, &design.plan.prior) {
        by_rates(metric, pair, &design.plan.prior, level)
    } else {
        by_effect(metric, pair, reading, &design.plan.prior, level)
    };
    let of_effect = of_effect.ok()?;
    Some(match metric.direction {
        Direction::Up => of_effect,
        Direction::Down => Bayes {
            chance_to_win: of_effect.chance_to_lose,
            chance_to_lose: of_effect.chance_to_win,
            expected_loss: of_effect.expected_loss_of_control,
            expected_loss_of_control: of_effect.expected_loss,
            ..of_effect
        },
    })
}

fn is_by_rates(metric: &MetricDesign, reading: Reading, prior: &Prior) -> bool {
    metric.estimand == Estimand::Proportion
        && reading == Reading::Unadjusted
        && (prior.rate.is_some() || prior.relative_sd.is_none())
}

fn by_rates(
    metric: &MetricDesign,
    pair: &Pair<'_>,
    prior: &Prior,
    level: f64,
) -> Result<Bayes, NotEstimable> {
    let prior = prior.rate.map_or(FLAT, |shape| BetaPrior { alpha: shape.alpha, beta: shape.beta });
    let summary = |arm| -> ProportionSummary { proportion_of(metric, arm) };
    let found = beta_binomial(&summary(pair.control), &summary(pair.variant), &prior, level)?;
    Ok(Bayes {
        chance_to_win: found.chance_to_win,
        chance_to_lose: found.chance_to_lose,
        expected_loss: found.loss_if_variant,
        expected_loss_of_control: found.loss_if_control,
        lower: found.difference.interval.lower,
        upper: found.difference.interval.upper,
    })
}

fn by_effect(
    metric: &MetricDesign,
    pair: &Pair<'_>,
    reading: Reading,
    prior: &Prior,
    level: f64,
) -> Result<Bayes, NotEstimable> {
    let test = pair.estimate(reading, &TestOptions::two_sided(level))?;
    let prior = match prior.relative_sd {
        Some(sd) => Some(NormalPrior { mean: 0.0, std_dev: sd * control_level(metric, pair)?.abs() }),
        None => None,
    };
    let found = normal_effect(test.effect, test.std_error, prior.as_ref(), level)?;
    Ok(Bayes {
        chance_to_win: found.chance_to_win,
        chance_to_lose: found.chance_to_lose,
        expected_loss: found.loss_if_variant,
        expected_loss_of_control: found.loss_if_control,
        lower: found.interval.lower,
        upper: found.interval.upper,
    })
}

/// What a prior on the relative effect is relative to.
fn control_level(metric: &MetricDesign, pair: &Pair<'_>) -> Result<f64, NotEstimable> {
    match metric.estimand {
        Estimand::Ratio => Ok(delta_method(&pair_of(metric, pair.control)?)?.ratio),
        // Of the others no plan of this kind has a primary, see `Experiment::ready_to_start`.
        Estimand::Proportion | Estimand::Mean | Estimand::Quantile | Estimand::Survival => {
            Ok(mean_of(metric, pair.control)?.mean)
        }
    }
}
