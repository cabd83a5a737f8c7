//! One metric in one slice: arms, comparisons, and what each comparison decides.

use super::family::Adjusted;
use super::harm::harm;
use super::judge::Judge;
use super::posterior::posterior;
use super::quantile;
use super::reading::{Pair, alternative, count, mean_of, pair_of, proportion_of};
use super::sequence::{always_valid, is_large_enough};
use super::strata::StratumPair;
use super::sums::ArmSums;
use super::survival;
use super::{
    Arm, ArmSoFar, Comparison, Design, Distribution, Estimand, IntentionToTreat, MetricDesign, MetricReport,
    NotEstimableReason, Reading, SoFar,
};
use crate::definition::{Method, Plan, Role};
use crate::measure::Moments;
use crate::stats::heterogeneity::GroupEffect;
use crate::stats::ratio::delta_method;
use crate::stats::{NotEstimable, TestOptions};

/// Below this a p-value is better read as a logarithm.
const SMALL_P_VALUE: f64 = 1e-300;

/// A metric's report with the sums behind it, from which decisions are made.
pub(crate) struct MetricAnalysis<'a> {
    design: &'a Design,
    metric: &'a MetricDesign,
    sums: Vec<ArmSums>,
    /// The strata of each comparison; of each none where nothing is stratified.
    strata: Vec<Vec<StratumPair>>,
    /// What decides each comparison.
    readings: Vec<Reading>,
    pub(crate) report: MetricReport,
}

impl<'a> MetricAnalysis<'a> {
    /// Compares each arm with the control, within the `strata` of that comparison if it has any; `waits` says whether
    /// maturity plays a part.
    pub(crate) fn new(
        design: &'a Design,
        metric: &'a MetricDesign,
        sums: Vec<ArmSums>,
        strata: Vec<Vec<StratumPair>>,
        waits: bool,
    ) -> Self {
        let arms = design.variants.iter().zip(&sums);
        let so_far = arms.clone().map(|(variant, sums)| ArmSoFar {
            variant: variant.key.clone(),
            n: count(&sums.so_far),
            estimate: estimate(metric, &sums.so_far, &sums.distribution_so_far),
        });
        let open = |sums: &ArmSums| match metric.answered {
            true => sums.asked.so_far - sums.asked.mature,
            false => count(&sums.so_far) - count(&sums.mature),
        };
        let immature: u64 = sums.iter().map(open).sum();
        let report = MetricReport {
            metric: metric.key.clone(),
            kind: metric.estimand,
            role: metric.role,
            direction: metric.direction,
            rebuilding: None,
            immature: waits.then_some(immature),
            so_far: waits.then(|| SoFar { arms: so_far.collect() }),
            arms: arms.map(|(variant, sums)| arm(metric, &variant.key, sums, design.plan.alpha)).collect(),
            comparisons: Vec::new(),
            daily: Vec::new(),
            weekly: Vec::new(),
            halves: Vec::new(),
        };
        let mut analysis = MetricAnalysis { design, metric, sums, strata, readings: Vec::new(), report };
        let compared = analysis.treatments().map(|(place, variant)| analysis.compare(place, variant));
        (analysis.report.comparisons, analysis.readings) = compared.unzip();
        analysis
    }

    /// The place of each comparison and the index of its variant.
    fn treatments(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        self.design.treatments().enumerate()
    }

    /// The p-values on which the verdict rests, a comparison each.
    pub(crate) fn deciding_p_values(&self) -> Vec<Option<f64>> {
        (0..self.report.comparisons.len()).map(|place| self.deciding_p_value(place)).collect()
    }

    fn deciding_p_value(&self, place: usize) -> Option<f64> {
        let comparison = &self.report.comparisons[place];
        match self.design.plan.method {
            Method::AlwaysValid => comparison.always_valid.map(|sequence| sequence.p_value),
            Method::Bayesian if self.metric.role == Role::Primary => None,
            _ => comparison.p_value_of(self.readings[place]),
        }
    }

    /// Writes down what each comparison decides: by its family, or by the margin for a guardrail, whose `levels` are
    /// those of its one-sided bounds, a comparison each.
    pub(crate) fn decide(&mut self, family: &[Adjusted], levels: &[f64]) {
        for (place, variant) in self.treatments() {
            let comparison = &self.report.comparisons[place];
            let judge = Judge {
                design: self.design,
                metric: self.metric,
                pair: self.pair(place, variant),
                reading: self.readings[place],
            };
            let decision = match self.metric.role {
                Role::Guardrail => levels.get(place).and_then(|level| judge.by_margin(*level)),
                Role::Primary | Role::Secondary => {
                    family.get(place).and_then(|adjusted| judge.by_family(comparison, adjusted))
                }
            };
            let tested = self.deciding_p_value(place).is_some();
            let adjusted = family.get(place).filter(|_| tested).and_then(|adjusted| adjusted.p_value);
            let comparison = &mut self.report.comparisons[place];
            (comparison.decision, comparison.adjusted_p_value) = (decision, adjusted);
        }
    }

    /// The effect with crossed customers under the variant that they saw first, beside the one without them.
    pub(crate) fn read_as_assigned(&mut self, sums: &[Moments]) {
        // Ranks and curves are read from counts by value, which are not kept for crossed customers' sake.
        if let Estimand::Quantile | Estimand::Survival = self.metric.estimand {
            return;
        }
        for (place, variant) in self.treatments() {
            let (control, variant) = (&sums[self.design.control], &sums[variant]);
            let pair = Pair { metric: self.metric, control, variant, by_value: None, strata: &[] };
            let options = self.options();
            let effect = pair.effect(&options).ok();
            let p_value = pair.test(&options).ok().map(|test| test.p_value);
            self.report.comparisons[place].intention_to_treat =
                effect.map(|(effect, _)| IntentionToTreat { effect, p_value });
        }
    }

    fn options(&self) -> TestOptions {
        TestOptions {
            alternative: alternative(&self.design.plan, self.metric.direction),
            confidence_level: 1.0 - self.design.plan.alpha,
        }
    }

    /// What only the main reading has: the alarm for harm while customers enter, and posteriors.
    pub(crate) fn read_for_everybody(&mut self) {
        for (place, variant) in self.treatments() {
            let (reading, pair) = (self.readings[place], self.pair(place, variant));
            let harm = harm(self.design, self.metric, &pair, reading);
            let bayes = posterior(self.design, self.metric, &pair, reading);
            let comparison = &mut self.report.comparisons[place];
            (comparison.harm, comparison.bayes) = (harm, bayes);
        }
    }

    /// The effect on which the arm at this place among the comparisons is decided, where both arms are large enough
    /// for a normal one.
    pub(crate) fn group_effect(&self, place: usize) -> Option<GroupEffect> {
        let (_, variant) = self.treatments().nth(place)?;
        let (pair, reading) = (self.pair(place, variant), *self.readings.get(place)?);
        if !is_large_enough(self.metric, &pair) {
            return None;
        }
        let test = pair.estimate(reading, &TestOptions::two_sided(1.0 - self.design.plan.alpha)).ok()?;
        Some(GroupEffect { effect: test.effect, std_error: test.std_error })
    }

    /// What decides: strata where the plan names them, covariates where the metric has them.
    fn reading(&self, pair: &Pair<'_>, comparison: &Comparison) -> Reading {
        // Rare outcomes are judged by a score bound, which has no strata.
        let is_rare = self.metric.role == Role::Guardrail
            && self.metric.estimand == Estimand::Proportion
            && !is_large_enough(self.metric, pair);
        if comparison.stratified.is_some() && !is_rare {
            return self.stratified_reading();
        }
        reading_without_strata(&self.design.plan, comparison)
    }

    fn stratified_reading(&self) -> Reading {
        let adjusted = self.design.plan.cuped && self.metric.covariates > 0;
        if adjusted { Reading::StratifiedCuped } else { Reading::Stratified }
    }

    fn pair(&self, place: usize, variant: usize) -> Pair<'_> {
        let (control, variant) = (&self.sums[self.design.control], &self.sums[variant]);
        let by_value = Some([control, variant]);
        let strata = self.strata.get(place).map_or(&[][..], Vec::as_slice);
        Pair { metric: self.metric, control: &control.mature, variant: &variant.mature, by_value, strata }
    }

    fn compare(&self, place: usize, variant: usize) -> (Comparison, Reading) {
        let pair = self.pair(place, variant);
        let options = self.options();
        let (effect, test) = (pair.effect(&options), pair.test(&options));
        let reason = test.as_ref().err().or(effect.as_ref().err()).map(reason);
        let (effect, unbounded) = effect.map_or((None, Vec::new()), |(effect, ends)| (Some(effect), ends));
        let test = test.ok();
        let small = test.filter(|test| test.p_value < SMALL_P_VALUE);
        let mut comparison = Comparison {
            variant: self.design.variants[variant].key.clone(),
            control: self.design.variants[self.design.control].key.clone(),
            method: pair.method(),
            relative_effect: pair.relative(&options).ok(),
            statistic: test.map(|test| test.statistic),
            degrees_of_freedom: test.and_then(|test| test.degrees_of_freedom),
            p_value: test.map(|test| test.p_value),
            log10_p_value: small.map(|test| test.log10_p_value),
            adjusted_p_value: None,
            decision: None,
            cuped: if self.metric.covariates > 0 { pair.cuped(&options).ok() } else { None },
            stratified: pair.stratified(self.stratified_reading(), &options).ok(),
            always_valid: None,
            bayes: None,
            intention_to_treat: None,
            harm: None,
            effect,
            unbounded,
            not_estimable: reason,
        };
        let reading = self.reading(&pair, &comparison);
        comparison.always_valid = always_valid(self.design, self.metric, &pair, reading);
        (comparison, reading)
    }
}

/// The reading on which a comparison is decided where nothing is stratified.
pub(crate) fn reading_without_strata(plan: &Plan, comparison: &Comparison) -> Reading {
    if plan.cuped && comparison.cuped.is_some() { Reading::Cuped } else { Reading::Unadjusted }
}

pub(crate) fn reason(error: &NotEstimable) -> NotEstimableReason {
    NotEstimableReason { code: error.code().to_owned(), detail: error.to_string() }
}

fn arm(metric: &MetricDesign, key: &str, sums: &ArmSums, alpha: f64) -> Arm {
    let moments = &sums.mature;
    let ratio = metric.estimand == Estimand::Ratio;
    let options = TestOptions::two_sided(1.0 - alpha);
    let interval = match (metric.estimand, &sums.survival) {
        (Estimand::Quantile, _) => {
            quantile::estimate(metric, &sums.distribution, &options).ok().map(|quantile| quantile.interval)
        }
        (_, Some(arm)) => survival::interval(arm, &options).ok(),
        _ => None,
    };
    let end = |end: Option<f64>| end.filter(|end| end.is_finite());
    let variance = match metric.estimand {
        Estimand::Proportion => estimate(metric, moments, &sums.distribution).map(|p| p * (1.0 - p)),
        Estimand::Mean => mean_of(metric, moments).ok().map(|mean| mean.variance),
        Estimand::Ratio => {
            pair_of(metric, moments).and_then(|pair| delta_method(&pair)).ok().map(|r| r.variance)
        }
        Estimand::Quantile | Estimand::Survival => None,
    };
    Arm {
        variant: key.to_owned(),
        n: count(moments),
        estimate: match &sums.survival {
            Some(arm) => survival::mean(arm).ok().map(|mean| mean.mean),
            None => estimate(metric, moments, &sums.distribution),
        },
        lower: end(interval.map(|interval| interval.lower)),
        upper: end(interval.map(|interval| interval.upper)),
        followed: sums.survival.as_ref().map(|arm| arm.table.rows().first().map_or(0, |row| row.at_risk)),
        survival: sums.survival.as_ref().map(|arm| survival::curve(arm, &options)).unwrap_or_default(),
        mean: (metric.estimand == Estimand::Mean).then(|| moments.mean(0, metric.places)).flatten(),
        variance,
        numerator: ratio.then(|| moments.mean(0, metric.places)).flatten(),
        denominator: ratio.then(|| moments.mean(1, metric.places)).flatten(),
        response_rate: (metric.answered && sums.asked.mature > 0)
            .then(|| count(moments) as f64 / sums.asked.mature as f64),
    }
}

/// The metric's value over some customers; `None` without customers or with a zero denominator.
fn estimate(metric: &MetricDesign, moments: &Moments, distribution: &Distribution) -> Option<f64> {
    match metric.estimand {
        Estimand::Proportion => {
            let summary = proportion_of(metric, moments);
            (summary.n > 0).then(|| summary.successes as f64 / summary.n as f64)
        }
        Estimand::Mean => moments.mean(0, metric.places),
        Estimand::Ratio => {
            let (numerator, denominator) = (moments.sums()[0], moments.sums()[1]);
            (denominator != 0).then(|| numerator as f64 / denominator as f64)
        }
        Estimand::Quantile => {
            let options = TestOptions::two_sided(0.5);
            quantile::estimate(metric, distribution, &options).ok().map(|quantile| quantile.estimate)
        }
        Estimand::Survival => None,
    }
}
