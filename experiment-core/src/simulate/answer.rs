//! What one method says of one look at one comparison.

use super::method::{Looks, Method};
use super::plan::Case;
use super::sample::{ArmLook, Look};
use super::scenario::{Prior, Truth};
use crate::measure::{Moments, MomentsOverflow};
use crate::report::{
    self, Estimand, MetricDesign, Pair, RelativeSet, StratumPair, count, mean_of, proportion_of,
};
use crate::stats::bayes::{BetaPrior, beta_binomial, normal_effect};
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::proportion::unpooled_z_test;
use crate::stats::quantile::{exact_ranks, quantile_of, std_error_of};
use crate::stats::rank::{Continuity, RankedArms, brunner_munzel_test, mann_whitney_test};
use crate::stats::resample::{Resampling, bootstrap_difference, difference_acceleration};
use crate::stats::sequential::confidence_sequence::{LookEstimate, asymptotic};
use crate::stats::sequential::msprt::{Estimate, msprt};
use crate::stats::sequential::srm::SequentialSrm;
use crate::stats::srm::chi_square_test;
use crate::stats::survival::{log_rank_test, restricted_mean_test};
use crate::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};

/// Customers an arm needs before an anytime-valid method may decide.
const FEWEST_CUSTOMERS: u64 = 100;
/// Events, and customers without one, that a proportion needs in each arm for the same.
const FEWEST_EVENTS: u64 = 20;
/// The quantile that is compared.
const QUANTILE: f64 = 0.9;
/// Resamples of one bootstrap.
const RESAMPLES: u32 = 1_000;
/// Ships at this chance to win.
const SHIP_CHANCE: f64 = 0.95;
/// Ships up to this expected loss, over the scenario's effect.
const SHIP_LOSS: f64 = 0.03;
/// While customers enter, the check of their counts alarms at this p-value.
const SRM_RUNNING: f64 = 0.0001;
/// How near to the weights the sequential check looks for a mismatch.
const SRM_CONCENTRATION: f64 = 10_000.0;
const FLAT: BetaPrior = BetaPrior { alpha: 1.0, beta: 1.0 };

/// What a method says at one look.
pub(super) struct Answer {
    pub(super) rejects: bool,
    /// Whether its interval holds what is true.
    pub(super) covers: Option<bool>,
    /// What shipping now is expected to lose.
    pub(super) expected_loss: Option<f64>,
}

impl Answer {
    fn new(rejects: bool, interval: Interval, truth: f64) -> Answer {
        let covers = Some(interval.lower <= truth && truth <= interval.upper);
        Answer { rejects, covers, expected_loss: None }
    }

    fn without_interval(rejects: bool) -> Answer {
        Answer { rejects, covers: None, expected_loss: None }
    }

    fn of(test: &Comparison, alpha: f64, truth: f64) -> Answer {
        Answer::new(test.p_value <= alpha, test.interval, truth)
    }
}

/// Two-sided at 1 − α.
pub(super) fn two_sided(alpha: f64) -> TestOptions {
    TestOptions::two_sided(1.0 - alpha)
}

/// The sums of two arms as the report reads them.
pub(super) fn pair<'a>(metric: &'a MetricDesign, control: &'a Moments, variant: &'a Moments) -> Pair<'a> {
    Pair { metric, control, variant, by_value: None, strata: &[] }
}

/// The effect and standard error on which sequential methods rest: the report's deciding reading, for
/// proportions with the unpooled error.
pub(super) fn deciding(
    metric: &MetricDesign,
    control: &Moments,
    variant: &Moments,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let pair = pair(metric, control, variant);
    if metric.covariates > 0 {
        return Ok(pair.cuped_test(options)?.comparison);
    }
    match metric.estimand {
        Estimand::Proportion => {
            unpooled_z_test(&proportion_of(metric, control), &proportion_of(metric, variant), options)
        }
        Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival => pair.test(options),
    }
}

/// Refuses arms too small for a method that may decide on any day.
pub(super) fn check_sizes(metric: &MetricDesign, arms: [&Moments; 2]) -> Result<(), NotEstimable> {
    for arm in arms {
        let n = count(arm);
        if n < FEWEST_CUSTOMERS {
            return Err(NotEstimable::TooFewCustomers { n, needed: FEWEST_CUSTOMERS });
        }
        if metric.estimand == Estimand::Proportion {
            let summary = proportion_of(metric, arm);
            let rarer = summary.successes.min(summary.n - summary.successes);
            if rarer < FEWEST_EVENTS {
                return Err(NotEstimable::TooFewCustomers { n: rarer, needed: FEWEST_EVENTS });
            }
        }
    }
    Ok(())
}

/// What `method` says of the first variant at `look`.
///
/// # Errors
/// What the method finds wanting in the data.
pub(super) fn answer(
    method: Method,
    looks: Looks,
    look: &Look<'_>,
    case: &Case<'_>,
) -> Result<Answer, NotEstimable> {
    let reading = Reading { control: &look.arms[0], variant: &look.arms[1], look, case, method };
    match method {
        Method::PooledZ | Method::Welch | Method::RatioDelta => reading.report(),
        Method::Relative => reading.relative(),
        Method::Cuped => {
            reading.test(|reading| Ok(reading.pair().cuped_test(&reading.options())?.comparison))
        }
        Method::Stratified => reading.test(|reading| reading.stratified(report::Reading::Stratified)),
        Method::StratifiedCuped => {
            reading.test(|reading| reading.stratified(report::Reading::StratifiedCuped))
        }
        Method::Quantile => reading.quantile(),
        Method::MannWhitney => {
            let test = mann_whitney_test(&reading.ranked()?, Continuity::Uncorrected, Alternative::TwoSided)?;
            Ok(Answer::without_interval(test.p_value <= method.alpha()))
        }
        Method::BrunnerMunzel => {
            let test = brunner_munzel_test(&reading.ranked()?, &reading.options())?;
            let truth = reading.truth().superiority.unwrap_or(0.5);
            Ok(Answer::new(test.p_value <= method.alpha(), test.interval, truth))
        }
        Method::BootstrapPercentile | Method::BootstrapBca => reading.bootstrap(),
        Method::LogRank => reading.log_rank(),
        Method::RestrictedMean => reading.restricted_mean(),
        Method::Guardrail => reading.guardrail(),
        Method::AlwaysValid => reading.sequence(Alternative::TwoSided),
        Method::Harm => reading.sequence(Alternative::Less),
        Method::Msprt => reading.msprt(),
        Method::ObrienFleming => reading.group_sequential(&case.plan.obrien_fleming),
        Method::Pocock => reading.group_sequential(&case.plan.pocock),
        Method::Bayes => reading.bayes(),
        Method::SrmChiSquare => {
            let p_value = chi_square_test(&reading.exposed(), case.weights)?.p_value;
            let alarm = if looks == Looks::Daily { SRM_RUNNING } else { method.alpha() };
            Ok(Answer::without_interval(p_value < alarm))
        }
        Method::SrmSequential => {
            let mut test = SequentialSrm::new(case.weights, SRM_CONCENTRATION)?;
            let seen = test.observe(&reading.exposed())?;
            Ok(Answer::without_interval(seen.always_valid_p_value < method.alpha()))
        }
        Method::OpenWindows => reading.welch_of(|arm| Ok(arm.so_far.clone())),
        Method::AsAssigned => reading.welch_of(|arm| {
            let mut all = arm.main.clone();
            all.merge(&arm.crossed)?;
            Ok(all)
        }),
        // Several variants are read by `family`.
        Method::Unadjusted
        | Method::Bonferroni
        | Method::Holm
        | Method::BenjaminiHochberg
        | Method::BenjaminiYekutieli
        | Method::Dunnett
        | Method::AlwaysValidHolm
        | Method::GroupSequentialBonferroni => Ok(Answer::without_interval(false)),
    }
}

/// One method at one look.
struct Reading<'a> {
    control: &'a ArmLook<'a>,
    variant: &'a ArmLook<'a>,
    look: &'a Look<'a>,
    case: &'a Case<'a>,
    method: Method,
}

impl Reading<'_> {
    fn truth(&self) -> Truth {
        self.case.truths[1]
    }

    fn options(&self) -> TestOptions {
        two_sided(self.method.alpha())
    }

    fn pair(&self) -> Pair<'_> {
        pair(self.case.metric, &self.control.main, &self.variant.main)
    }

    fn test(&self, test: impl Fn(&Self) -> Result<Comparison, NotEstimable>) -> Result<Answer, NotEstimable> {
        Ok(Answer::of(&test(self)?, self.method.alpha(), self.truth().effect))
    }

    /// p and interval as the report gives them.
    fn report(&self) -> Result<Answer, NotEstimable> {
        let test = self.pair().test(&self.options())?;
        let (effect, _) = self.pair().effect(&self.options())?;
        let interval = Interval {
            lower: effect.lower.unwrap_or(f64::NEG_INFINITY),
            upper: effect.upper.unwrap_or(f64::INFINITY),
        };
        Ok(Answer::new(test.p_value <= self.method.alpha(), interval, self.truth().effect))
    }

    fn relative(&self) -> Result<Answer, NotEstimable> {
        let effect = self.pair().relative(&self.options())?;
        let (lower, upper) =
            (effect.lower.unwrap_or(f64::NEG_INFINITY), effect.upper.unwrap_or(f64::INFINITY));
        let holds = |value: f64| match effect.set {
            RelativeSet::Interval => lower <= value && value <= upper,
            RelativeSet::Outside => value <= lower || upper <= value,
            RelativeSet::All => true,
        };
        Ok(Answer { rejects: !holds(0.0), covers: Some(holds(self.truth().relative)), expected_loss: None })
    }

    fn stratified(&self, reading: report::Reading) -> Result<Comparison, NotEstimable> {
        let arms = self.control.strata.iter().zip(&self.variant.strata);
        let strata: Vec<StratumPair> =
            arms.map(|(control, variant)| [control.clone(), variant.clone()]).collect();
        Pair { strata: &strata, ..self.pair() }.estimate(reading, &self.options())
    }

    fn quantile(&self) -> Result<Answer, NotEstimable> {
        let options = self.options();
        let summary = |arm: &ArmLook<'_>| {
            let n = arm.values.len() as u64;
            let estimate = quantile_of(arm.values, QUANTILE, &options)?;
            // Ranks are whole, so the interval covers more than its level says.
            let coverage = exact_ranks(n, QUANTILE, &options)?.coverage;
            let std_error = std_error_of(&estimate.interval, coverage)?;
            let variance = (n.saturating_sub(1)) as f64 * std_error * std_error;
            Ok(MeanSummary { n, mean: estimate.estimate, variance })
        };
        let test = welch_test(&summary(self.control)?, &summary(self.variant)?, &options)?;
        Ok(Answer::of(&test, self.method.alpha(), self.truth().quantile.unwrap_or(0.0)))
    }

    fn ranked(&self) -> Result<RankedArms, NotEstimable> {
        RankedArms::from_values(self.control.values, self.variant.values)
    }

    fn bootstrap(&self) -> Result<Answer, NotEstimable> {
        let (control, variant) = (self.control.values, self.variant.values);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let resampling = Resampling { resamples: RESAMPLES, seed: self.case.seed };
        let draws = bootstrap_difference(control, variant, mean, &resampling)?;
        let interval = if self.method == Method::BootstrapBca {
            draws.bca_interval(difference_acceleration(control, variant, mean)?, &self.options())?
        } else {
            draws.percentile_interval(&self.options())?
        };
        let rejects = interval.lower > 0.0 || interval.upper < 0.0;
        Ok(Answer::new(rejects, interval, self.truth().effect))
    }

    fn log_rank(&self) -> Result<Answer, NotEstimable> {
        let tables: Vec<_> =
            [self.control, self.variant].iter().filter_map(|arm| arm.survival.clone()).collect();
        Ok(Answer::without_interval(log_rank_test(&tables)?.test.p_value <= self.method.alpha()))
    }

    fn restricted_mean(&self) -> Result<Answer, NotEstimable> {
        let nobody = NotEstimable::TooFewCustomers { n: 0, needed: 1 };
        let (control, variant) =
            self.control.survival.as_ref().zip(self.variant.survival.as_ref()).ok_or(nobody)?;
        let horizon = self.case.metric.window.to.map_or(0.0, |to| (to.0 / crate::time::DAY) as f64);
        let test = restricted_mean_test(control, variant, horizon, &self.options())?;
        Ok(Answer::of(&test.comparison, self.method.alpha(), self.truth().effect))
    }

    /// Fewer are better, and so many more are still acceptable.
    fn guardrail(&self) -> Result<Answer, NotEstimable> {
        let options = TestOptions::less(1.0 - self.method.alpha());
        let interval = self.pair().guardrail_interval(report::Reading::Unadjusted, &options)?;
        Ok(Answer::new(interval.upper < self.case.plan.effect, interval, self.truth().effect))
    }

    fn deciding(&self) -> Result<Comparison, NotEstimable> {
        let arms = [&self.control.main, &self.variant.main];
        check_sizes(self.case.metric, arms)?;
        deciding(self.case.metric, arms[0], arms[1], &self.options())
    }

    fn sequence(&self, alternative: Alternative) -> Result<Answer, NotEstimable> {
        let test = self.deciding()?;
        let n = count(&self.control.main) + count(&self.variant.main);
        let estimate = LookEstimate { n, effect: test.effect, std_error: test.std_error };
        let options = TestOptions { alternative, confidence_level: 1.0 - self.method.alpha() };
        let sequence = asymptotic(&estimate, self.case.plan.tuning, &options)?;
        let rejects = sequence.always_valid_p_value <= self.method.alpha();
        Ok(Answer::new(rejects, sequence.interval, self.truth().effect))
    }

    fn msprt(&self) -> Result<Answer, NotEstimable> {
        let test = self.deciding()?;
        let alpha = self.method.alpha();
        let looks = [Estimate { effect: test.effect, std_error: test.std_error }];
        let look = msprt(&looks, self.case.plan.effect, alpha)?[0];
        let interval =
            Interval { lower: test.effect - look.half_width, upper: test.effect + look.half_width };
        Ok(Answer::new(look.always_valid_p_value <= alpha, interval, self.truth().effect))
    }

    /// Rejects by the statistic that decides in a fixed test; the interval is the estimate ± z · error.
    fn group_sequential(&self, bounds: &[f64]) -> Result<Answer, NotEstimable> {
        let z = bounds[self.look.index];
        let metric = self.case.metric;
        let test = deciding(metric, &self.control.main, &self.variant.main, &self.options())?;
        let statistic = if metric.covariates > 0 || metric.estimand != Estimand::Proportion {
            test.statistic
        } else {
            self.pair().test(&self.options())?.statistic
        };
        let half_width = z * test.std_error;
        let interval = Interval { lower: test.effect - half_width, upper: test.effect + half_width };
        Ok(Answer::new(statistic.abs() >= z, interval, self.truth().effect))
    }

    fn bayes(&self) -> Result<Answer, NotEstimable> {
        let metric = self.case.metric;
        let level = 1.0 - self.method.alpha();
        let (chance, loss, interval) = if metric.estimand == Estimand::Proportion {
            let prior = match &self.case.prior {
                Some(Prior::Beta(prior)) => *prior,
                _ => FLAT,
            };
            let (control, variant) =
                (proportion_of(metric, &self.control.main), proportion_of(metric, &self.variant.main));
            let posterior = beta_binomial(&control, &variant, &prior, level)?;
            (posterior.chance_to_win, posterior.loss_if_variant, posterior.difference.interval)
        } else {
            let prior = match &self.case.prior {
                Some(Prior::Normal(prior)) => Some(prior),
                _ => None,
            };
            let test = self.deciding()?;
            let posterior = normal_effect(test.effect, test.std_error, prior, level)?;
            (posterior.chance_to_win, posterior.loss_if_variant, posterior.interval)
        };
        let ships = chance >= SHIP_CHANCE && loss <= SHIP_LOSS * self.case.plan.effect;
        Ok(Answer { expected_loss: Some(loss), ..Answer::new(ships, interval, self.truth().effect) })
    }

    fn exposed(&self) -> Vec<u64> {
        self.look.arms.iter().map(|arm| arm.exposed).collect()
    }

    fn welch_of(
        &self,
        moments: impl Fn(&ArmLook<'_>) -> Result<Moments, MomentsOverflow>,
    ) -> Result<Answer, NotEstimable> {
        let overflow = |_| NotEstimable::Overflow { quantity: "the sums" };
        let control = mean_of(self.case.metric, &moments(self.control).map_err(overflow)?)?;
        let variant = mean_of(self.case.metric, &moments(self.variant).map_err(overflow)?)?;
        Ok(Answer::of(
            &welch_test(&control, &variant, &self.options())?,
            self.method.alpha(),
            self.truth().effect,
        ))
    }
}
