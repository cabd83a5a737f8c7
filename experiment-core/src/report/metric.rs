//! One metric in one slice: arms, comparisons, and what each comparison decides.

use super::family::Adjusted;
use super::quantile;
use super::reading::{Pair, alternative, better, count, mean_of, pair_of, proportion_of};
use super::sums::ArmSums;
use super::survival;
use super::{
    Arm, ArmSoFar, Comparison, Decision, Design, Distribution, Estimand, MetricDesign, MetricReport,
    NotEstimableReason, Reading, SoFar,
};
use crate::definition::{Direction, Role};
use crate::measure::Moments;
use crate::stats::ratio::delta_method;
use crate::stats::{NotEstimable, TestOptions};

/// Below this a p-value is better read as a logarithm.
const SMALL_P_VALUE: f64 = 1e-300;

/// A metric's report with the sums behind it, from which decisions are made.
pub(crate) struct MetricAnalysis<'a> {
    design: &'a Design,
    metric: &'a MetricDesign,
    sums: Vec<ArmSums>,
    pub(crate) report: MetricReport,
}

impl<'a> MetricAnalysis<'a> {
    /// Compares each arm with the control; `waits` says whether maturity plays a part.
    pub(crate) fn new(design: &'a Design, metric: &'a MetricDesign, sums: Vec<ArmSums>, waits: bool) -> Self {
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
            immature: waits.then_some(immature),
            so_far: waits.then(|| SoFar { arms: so_far.collect() }),
            arms: arms.map(|(variant, sums)| arm(metric, &variant.key, sums, design.plan.alpha)).collect(),
            comparisons: Vec::new(),
        };
        let mut analysis = MetricAnalysis { design, metric, sums, report };
        analysis.report.comparisons = design.treatments().map(|variant| analysis.compare(variant)).collect();
        analysis
    }

    /// The p-values on which the verdict rests, a comparison each.
    pub(crate) fn deciding_p_values(&self) -> Vec<Option<f64>> {
        let p_value = |comparison: &Comparison| match self.reading(comparison) {
            Reading::Cuped => comparison.cuped.as_ref().map(|cuped| cuped.p_value),
            Reading::Unadjusted => comparison.p_value,
        };
        self.report.comparisons.iter().map(p_value).collect()
    }

    /// Writes down what each comparison decides: by its family, or by the margin for a guardrail.
    pub(crate) fn decide(&mut self, family: &[Adjusted]) {
        let treatments: Vec<usize> = self.design.treatments().collect();
        for (place, variant) in treatments.into_iter().enumerate() {
            let reading = self.reading(&self.report.comparisons[place]);
            let decision = match (self.metric.role, family.get(place)) {
                (Role::Guardrail, _) => self.guardrail_decision(variant, reading),
                (_, Some(adjusted)) => self.family_decision(variant, reading, adjusted),
                (_, None) => None,
            };
            let comparison = &mut self.report.comparisons[place];
            let tested = comparison.p_value.is_some() || comparison.cuped.is_some();
            comparison.decision = decision;
            comparison.adjusted_p_value =
                family.get(place).filter(|_| tested).map(|adjusted| adjusted.p_value);
        }
    }

    fn family_decision(&self, variant: usize, reading: Reading, adjusted: &Adjusted) -> Option<Decision> {
        let options = TestOptions {
            alternative: alternative(&self.design.plan, self.metric.direction),
            confidence_level: adjusted.confidence_level,
        };
        let interval = self.pair(variant).decision_interval(reading, &options).ok()?;
        Some(Decision {
            reading,
            lower: Some(interval.lower).filter(|end| end.is_finite()),
            upper: Some(interval.upper).filter(|end| end.is_finite()),
            significant: adjusted.significant,
            confidence_level: adjusted.confidence_level,
        })
    }

    /// Not worse by the margin: the one-sided bound at α in the bad direction stays inside it.
    fn guardrail_decision(&self, variant: usize, reading: Reading) -> Option<Decision> {
        let confidence_level = 1.0 - self.design.plan.alpha;
        let options = TestOptions { alternative: better(self.metric.direction), confidence_level };
        let interval = self.pair(variant).guardrail_interval(reading, &options).ok()?;
        let margin = self.metric.margin?;
        let (lower, upper, significant) = match self.metric.direction {
            Direction::Up => (Some(interval.lower), None, interval.lower > -margin),
            Direction::Down => (None, Some(interval.upper), interval.upper < margin),
        };
        Some(Decision { reading, lower, upper, significant, confidence_level })
    }

    fn reading(&self, comparison: &Comparison) -> Reading {
        let adjusted = self.design.plan.cuped && comparison.cuped.is_some();
        if adjusted { Reading::Cuped } else { Reading::Unadjusted }
    }

    fn pair(&self, variant: usize) -> Pair<'_> {
        let (control, variant) = (&self.sums[self.design.control], &self.sums[variant]);
        let by_value = Some([control, variant]);
        Pair { metric: self.metric, control: &control.mature, variant: &variant.mature, by_value }
    }

    fn compare(&self, variant: usize) -> Comparison {
        let pair = self.pair(variant);
        let options = TestOptions {
            alternative: alternative(&self.design.plan, self.metric.direction),
            confidence_level: 1.0 - self.design.plan.alpha,
        };
        let (effect, test) = (pair.effect(&options), pair.test(&options));
        let reason = test.as_ref().err().or(effect.as_ref().err()).map(reason);
        let (effect, unbounded) = effect.map_or((None, Vec::new()), |(effect, ends)| (Some(effect), ends));
        let test = test.ok();
        let small = test.filter(|test| test.p_value < SMALL_P_VALUE);
        Comparison {
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
            effect,
            unbounded,
            not_estimable: reason,
        }
    }
}

fn reason(error: &NotEstimable) -> NotEstimableReason {
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
