//! The normal posterior of an effect, from its estimate and standard error.

use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input};
use crate::stats::{Interval, NotEstimable};

/// What is believed of the effect beforehand, on the scale of the effect (absolute or relative).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalPrior {
    /// Most likely effect; 0 says that neither direction is favoured.
    pub mean: f64,
    /// Standard deviation, above 0: two effects in three are within it of `mean`.
    pub std_dev: f64,
}

/// What is believed of the effect after the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalPosterior {
    /// Mean of the effect.
    pub mean: f64,
    /// Standard deviation of the effect.
    pub std_dev: f64,
    /// Probability that the effect is above 0.
    pub chance_to_win: f64,
    /// Probability that the effect is below 0, accurate where `chance_to_win` rounds to 1.
    pub chance_to_lose: f64,
    /// Equal-tailed credible interval of the effect.
    pub interval: Interval,
    /// Expected loss of shipping the variant, E[max(−effect, 0)], in the unit of the effect.
    pub loss_if_variant: f64,
    /// Expected loss of keeping the control, E[max(effect, 0)].
    pub loss_if_control: f64,
}

/// Posterior of an effect whose estimate is normal with a known standard error.
///
/// Without a prior all effects are equally likely beforehand, and the interval is the confidence interval by
/// the normal quantile. A prior on the relative effect serves an absolute one when mean and standard
/// deviation are multiplied by the control's mean.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a standard error or prior deviation that is not above 0, or anything
/// not finite; [`NotEstimable::Overflow`].
///
/// # Examples
/// ```
/// use experiment_core::stats::bayes::{NormalPrior, normal_effect};
/// let prior = NormalPrior { mean: 0.0, std_dev: 0.3 };
/// let posterior = normal_effect(0.5, 0.2, Some(&prior), 0.95)?;
/// assert!((posterior.mean - 0.346_153_846_153_846_15).abs() < 1e-15);
/// assert!((posterior.chance_to_win - 0.981_242_999_192_23).abs() < 1e-13);
/// assert!((posterior.loss_if_variant - 0.001_136_940_696_378_096_6).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., eqs. 2.11–2.12 (posterior). The expected loss is the
/// unit normal loss function: Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, 11.9.
pub fn normal_effect(
    estimate: f64,
    std_error: f64,
    prior: Option<&NormalPrior>,
    credible_level: f64,
) -> Result<NormalPosterior, NotEstimable> {
    finite_input("the estimate", estimate)?;
    positive_input("the standard error", std_error)?;
    let tail = (1.0 - open_fraction("credible level", credible_level)?) / 2.0;
    let (mean, std_dev) = match prior {
        None => (estimate, std_error),
        Some(prior) => update(estimate, std_error, prior)?,
    };
    finite("the posterior mean", mean)?;
    let z = finite("the posterior mean over its deviation", mean / std_dev)?;
    let half_width = finite("the interval", normal::upper_quantile(tail) * std_dev)?;
    Ok(NormalPosterior {
        mean,
        std_dev,
        chance_to_win: normal::cdf(z),
        chance_to_lose: normal::sf(z),
        interval: Interval { lower: mean - half_width, upper: mean + half_width },
        loss_if_variant: std_dev * unit_loss(z),
        loss_if_control: std_dev * unit_loss(-z),
    })
}

fn update(estimate: f64, std_error: f64, prior: &NormalPrior) -> Result<(f64, f64), NotEstimable> {
    finite_input("the prior mean", prior.mean)?;
    positive_input("the prior standard deviation", prior.std_dev)?;
    // Ratios of deviations, whose squares cannot both overflow.
    let ratio = std_error / prior.std_dev;
    let weight = 1.0 / (1.0 + ratio * ratio);
    let std_dev = std_error / libm::hypot(1.0, ratio);
    Ok((prior.mean + weight * (estimate - prior.mean), positive_input("the posterior deviation", std_dev)?))
}

/// E[max(Z − `z`, 0)] for a standard normal Z.
fn unit_loss(z: f64) -> f64 {
    (normal::density(z) - z * normal::sf(z)).max(0.0)
}
