//! Post-stratification: an effect averaged over strata, such as segments or phases, by their sizes.
//!
//! Takes out the part of the noise that comes from arms holding different shares of the strata. Strata must be
//! known before exposure. [`post_stratified_cuped`] uses a covariate too, with a θ of its own in each stratum; for
//! several covariates pass arms that [`adjust_by_several`](crate::stats::cuped::adjust_by_several) adjusted.
//!
//! # References
//! Miratrix, Sekhon & Yu (2013), Adjusting treatment effect estimates by post-stratification in randomized
//! experiments, Journal of the Royal Statistical Society B 75(2), 369–396,
//! doi:10.1111/j.1467-9868.2012.01048.x.

use crate::stats::comparison::{Reference, compare};
use crate::stats::cuped::{Adjusted, Theta, adjust};
use crate::stats::mean::MeanSummary;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::ratio::PairSummary;
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Both arms within one stratum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stratum {
    /// The control's customers of the stratum.
    pub control: MeanSummary,
    /// The variant's customers of the stratum.
    pub variant: MeanSummary,
}

/// Whether the shares of the strata are those of the population or a sample of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StratumWeights {
    /// The effect is asked for on the customers that were seen, or shares are fixed by design.
    Fixed,
    /// Shares vary with the sample: the standard error gains their multinomial variance (GrowthBook).
    Random,
}

/// An effect averaged over strata.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StratifiedEstimate {
    /// The control's mean, averaged with the same weights.
    pub control_mean: f64,
    /// Variant minus control, against the normal distribution.
    pub comparison: Comparison,
}

/// Compares two arms by the average of their differences within strata, weighted by customers of both arms.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] without strata, [`NotEstimable::TooFewCustomers`] below two customers in an
/// arm of a stratum (merge small strata beforehand), [`NotEstimable::NoVariation`] when nothing varies.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::stratify::{Stratum, StratumWeights, post_stratified};
/// let arm = |n, mean, variance| MeanSummary { n, mean, variance };
/// let strata = [
///     Stratum { control: arm(213, 2.3585, 1.8827), variant: arm(200, 8.8507, 2.5108) },
///     Stratum { control: arm(206, 8.8868, 4.5254), variant: arm(214, 3.4702, 3.122) },
/// ];
/// let options = TestOptions::two_sided(0.95);
/// let fixed = post_stratified(&strata, StratumWeights::Fixed, &options)?;
/// assert!((fixed.comparison.effect - 0.487_763_025_210_084_5).abs() < 1e-13);
/// assert!((fixed.comparison.std_error - 0.120_632_353_643_884_87).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miratrix, Sekhon & Yu (2013), section 2; the variance of the weights as GrowthBook's
/// `EffectMomentsPostStratification`.
pub fn post_stratified(
    strata: &[Stratum],
    weights: StratumWeights,
    options: &TestOptions,
) -> Result<StratifiedEstimate, NotEstimable> {
    let Averages { customers, control, variant } = averages(strata)?;
    let variance = variance(strata, customers, 1.0, weights);
    let std_error = varying(variance, control, variant)?;
    let comparison = compare(variant - control, 0.0, std_error, Reference::Normal, options)?;
    Ok(StratifiedEstimate { control_mean: control, comparison })
}

/// Both arms within one stratum, with a covariate (`x`; the outcome is `y`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CovariateStratum {
    /// The control's customers of the stratum.
    pub control: PairSummary,
    /// The variant's customers of the stratum.
    pub variant: PairSummary,
}

/// [`post_stratified`] after CUPED within each stratum: θ and the covariate's mean are each stratum's own.
///
/// Takes out what the strata explain and what the covariate explains within them.
///
/// # Errors
/// As [`post_stratified`] and [`adjust`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::cuped::Theta;
/// use experiment_core::stats::ratio::PairSummary;
/// use experiment_core::stats::stratify::{CovariateStratum, StratumWeights, post_stratified_cuped};
/// let arm = |n, mean_y, mean_x, covariance| PairSummary {
///     n, mean_y, mean_x, variance_y: 4.0, variance_x: 1.0, covariance,
/// };
/// let strata = [
///     CovariateStratum { control: arm(101, 5.0, 2.0, 1.6), variant: arm(101, 6.0, 2.5, 1.6) },
///     CovariateStratum { control: arm(51, 9.0, 1.0, 0.0), variant: arm(51, 9.5, 1.0, 0.0) },
/// ];
/// let options = TestOptions::two_sided(0.95);
/// let got = post_stratified_cuped(&strata, Theta::Within, StratumWeights::Fixed, &options)?;
/// // Weights 202/304 and 102/304; by hand: 1 − 1.6 · 0.5 = 0.2 and 0.5, variances 4 − 1.6² = 1.44 and 4.
/// let (first, second) = (202.0 / 304.0, 102.0 / 304.0);
/// assert!((got.comparison.effect - (first * 0.2 + second * 0.5)).abs() < 1e-14);
/// let variance: f64 = first * first * 2.0 * 1.44 / 101.0 + second * second * 2.0 * 4.0 / 51.0;
/// assert!((got.comparison.std_error - variance.sqrt()).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miratrix, Sekhon & Yu (2013); Deng, Xu, Kohavi & Walker (2013), section 3.
pub fn post_stratified_cuped(
    strata: &[CovariateStratum],
    theta: Theta,
    weights: StratumWeights,
    options: &TestOptions,
) -> Result<StratifiedEstimate, NotEstimable> {
    post_stratified(&adjusted(strata, theta)?, weights, options)
}

/// [`post_stratified_relative`] after CUPED within each stratum; the base is the adjusted control mean.
///
/// # Errors
/// As [`post_stratified_relative`] and [`adjust`].
pub fn post_stratified_cuped_relative(
    strata: &[CovariateStratum],
    theta: Theta,
    weights: StratumWeights,
    options: &TestOptions,
) -> Result<StratifiedEstimate, NotEstimable> {
    post_stratified_relative(&adjusted(strata, theta)?, weights, options)
}

fn adjusted(strata: &[CovariateStratum], theta: Theta) -> Result<Vec<Stratum>, NotEstimable> {
    let arms = strata.iter().map(|stratum| adjust(&stratum.control, &stratum.variant, theta));
    arms.map(|arms| arms.map(|Adjusted { control, variant, .. }| Stratum { control, variant })).collect()
}

/// The relative effect of stratified arms, variant over control less 1, by the delta method.
///
/// # Errors
/// As [`post_stratified`], and [`NotEstimable::ZeroControlMean`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::mean::MeanSummary;
/// use experiment_core::stats::stratify::{Stratum, StratumWeights, post_stratified_relative};
/// let control = MeanSummary { n: 110, mean: 2.4737, variance: 4.3637 };
/// let variant = MeanSummary { n: 122, mean: 5.3078, variance: 4.3871 };
/// let strata = [Stratum { control, variant }];
/// let options = TestOptions::two_sided(0.95);
/// let relative = post_stratified_relative(&strata, StratumWeights::Random, &options)?;
/// assert!((relative.comparison.effect - 1.145_692_687_067_955).abs() < 1e-13);
/// assert!((relative.comparison.std_error - 0.189_007_243_510_419_86).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn post_stratified_relative(
    strata: &[Stratum],
    weights: StratumWeights,
    options: &TestOptions,
) -> Result<StratifiedEstimate, NotEstimable> {
    let Averages { customers, control, variant } = averages(strata)?;
    if control == 0.0 {
        return Err(NotEstimable::ZeroControlMean { variant });
    }
    let ratio = finite("the ratio of means", variant / control)?;
    let variance = variance(strata, customers, ratio, weights) / control / control;
    let std_error = varying(variance, control, variant)?;
    let comparison = compare((variant - control) / control, 0.0, std_error, Reference::Normal, options)?;
    Ok(StratifiedEstimate { control_mean: control, comparison })
}

struct Averages {
    customers: f64,
    control: f64,
    variant: f64,
}

impl Stratum {
    fn customers(&self) -> f64 {
        self.control.n as f64 + self.variant.n as f64
    }
}

fn averages(strata: &[Stratum]) -> Result<Averages, NotEstimable> {
    require_that(!strata.is_empty(), "the number of strata", 0.0, "at least 1")?;
    for stratum in strata {
        stratum.control.check()?;
        stratum.variant.check()?;
    }
    let customers: f64 = strata.iter().map(Stratum::customers).sum();
    let average = |arm: fn(&Stratum) -> f64| {
        strata.iter().map(|stratum| stratum.customers() / customers * arm(stratum)).sum::<f64>()
    };
    let control = finite("the control's mean", average(|stratum| stratum.control.mean))?;
    let variant = finite("the variant's mean", average(|stratum| stratum.variant.mean))?;
    Ok(Averages { customers, control, variant })
}

/// Variance of Σ w (variant − `ratio` · control).
fn variance(strata: &[Stratum], customers: f64, ratio: f64, weights: StratumWeights) -> f64 {
    let share = |stratum: &Stratum| stratum.customers() / customers;
    let gap = |stratum: &Stratum| stratum.variant.mean - ratio * stratum.control.mean;
    let middle: f64 = strata.iter().map(|stratum| share(stratum) * gap(stratum)).sum();
    let terms = strata.iter().map(|stratum| {
        let share = share(stratum);
        let control = ratio * ratio * stratum.control.mean_variance();
        let within = share * share * (stratum.variant.mean_variance() + control);
        let distance = gap(stratum) - middle;
        match weights {
            StratumWeights::Fixed => within,
            StratumWeights::Random => within + share * distance * distance / customers,
        }
    });
    terms.sum()
}

fn varying(variance: f64, control: f64, variant: f64) -> Result<f64, NotEstimable> {
    let std_error = finite("the standard error", variance.sqrt())?;
    if std_error == 0.0 { Err(NotEstimable::NoVariation { control, variant }) } else { Ok(std_error) }
}
