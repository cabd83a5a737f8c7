//! What to do, and why: a pure function of design, health and readings.

use super::sums;
use super::{
    Aggregates, CheckCode, Comparison, Design, Estimand, Health, Level, MetricReport, Reading, Stage,
    Verdict, VerdictCode,
};
use crate::definition::{Direction, Role, Sides, Target};
use crate::time::{DAY, Timestamp};

/// The verdict; the first rule that fits speaks.
///
/// `invalid` (the arms' sizes do not fit the weights) → `continue` (the sample is not complete: a fixed
/// plan is read once) → `ship` → `keep_control` → `inconclusive`.
pub(crate) fn verdict(
    design: &Design,
    aggregates: &Aggregates,
    health: &Health,
    metrics: &[MetricReport],
    as_of: Option<Timestamp>,
) -> Verdict {
    let failed = health.checks.iter().find(|check| check.level == Level::Fail);
    if let Some(check) = failed.filter(|check| check.check == CheckCode::Srm) {
        return Verdict {
            verdict: VerdictCode::Invalid,
            variant: None,
            reasons: vec![check.detail.clone()],
            decided_on: None,
        };
    }
    if let Some(reason) = incomplete(design, aggregates, metrics, as_of) {
        return Verdict {
            verdict: VerdictCode::Continue,
            variant: None,
            reasons: vec![reason],
            decided_on: None,
        };
    }
    let outlooks: Vec<Outlook> =
        design.treatments().map(|variant| outlook(design, metrics, variant)).collect();
    if failed.is_none()
        && let Some(best) = best(&outlooks)
    {
        return Verdict {
            verdict: VerdictCode::Ship,
            variant: Some(best.variant.clone()),
            reasons: best.better.iter().chain(&best.guarded).cloned().collect(),
            decided_on: None,
        };
    }
    if !outlooks.is_empty() && outlooks.iter().all(Outlook::ruled_out) {
        let control = design.variants[design.control].key.clone();
        let reasons = outlooks.iter().flat_map(|outlook| outlook.worse.iter().chain(&outlook.too_small));
        return Verdict {
            verdict: VerdictCode::KeepControl,
            variant: Some(control),
            reasons: reasons.cloned().collect(),
            decided_on: None,
        };
    }
    let mut reasons: Vec<String> = outlooks.into_iter().flat_map(Outlook::undecided).collect();
    reasons.extend(failed.map(|check| check.detail.clone()));
    if reasons.is_empty() {
        reasons.push("The sample is complete, and no primary metric shows a difference.".to_owned());
    }
    Verdict { verdict: VerdictCode::Inconclusive, variant: None, reasons, decided_on: None }
}

/// Why the sample is not complete; `None` when it is.
pub(super) fn incomplete(
    design: &Design,
    aggregates: &Aggregates,
    metrics: &[MetricReport],
    as_of: Option<Timestamp>,
) -> Option<String> {
    let instant = as_of?;
    let primaries = || metrics.iter().filter(|metric| metric.role == Role::Primary);
    let waiting: u64 = primaries().filter_map(|metric| metric.immature).sum();
    if let Some(day) = sums::first_day(&aggregates.exposed) {
        let days = (instant.0 - day.start().0).div_euclid(DAY);
        if days < i64::from(design.plan.min_days) {
            return Some(format!("{days} of the planned {} days have passed.", design.plan.min_days));
        }
    }
    if design.stage == Stage::Final && waiting == 0 {
        return None;
    }
    match design.plan.target {
        Some(Target::CustomersPerArm(wanted)) => {
            // Nobody is due in an arm of weight 0.
            let open = |metric: &&MetricReport| -> Option<u64> {
                let arms = metric.arms.iter().zip(&design.variants);
                arms.filter(|(_, variant)| variant.weight > 0.0).map(|(arm, _)| arm.n).min()
            };
            let smallest = primaries().filter_map(|metric| open(&metric)).min().unwrap_or(0);
            (smallest < wanted).then(|| {
                format!(
                    "The smallest arm has {smallest} of the planned {wanted} mature customers; \
                     a fixed plan is read once, when it has them all."
                )
            })
        }
        Some(Target::End(day)) => {
            let windows = design.metrics.iter().filter(|metric| metric.role == Role::Primary);
            let open = windows.map(|metric| &metric.window).any(|window| !window.is_mature(day, instant));
            open.then(|| format!("The windows of customers who enter until {day} are still open."))
        }
        None => Some("The plan states no target, so the sample is never complete while it runs.".to_owned()),
    }
}

/// What speaks for and against one variant.
struct Outlook {
    variant: String,
    better: Vec<String>,
    worse: Vec<String>,
    too_small: Vec<String>,
    /// Whether every primary's interval lies below its smallest interesting effect.
    all_too_small: bool,
    guarded: Vec<String>,
    unguarded: Vec<String>,
    /// The lower bound on the first primary in its good direction: what ranks winners.
    lower_bound: f64,
}

impl Outlook {
    fn wins(&self) -> bool {
        !self.better.is_empty() && self.worse.is_empty() && self.unguarded.is_empty()
    }

    fn ruled_out(&self) -> bool {
        !self.worse.is_empty() || self.all_too_small
    }

    fn undecided(self) -> Vec<String> {
        let Outlook { better, worse, too_small, unguarded, .. } = self;
        better.into_iter().chain(worse).chain(too_small).chain(unguarded).collect()
    }
}

fn best(outlooks: &[Outlook]) -> Option<&Outlook> {
    let winners = outlooks.iter().filter(|outlook| outlook.wins());
    // Of equal winners the first in the definition: `max_by` would take the last.
    winners.rev().max_by(|a, b| a.lower_bound.total_cmp(&b.lower_bound))
}

fn outlook(design: &Design, metrics: &[MetricReport], variant: usize) -> Outlook {
    let key = &design.variants[variant].key;
    let mut outlook = Outlook {
        variant: key.clone(),
        better: Vec::new(),
        worse: Vec::new(),
        too_small: Vec::new(),
        all_too_small: true,
        guarded: Vec::new(),
        unguarded: Vec::new(),
        lower_bound: f64::NEG_INFINITY,
    };
    let mut first = true;
    for (metric, planned) in metrics.iter().zip(&design.metrics) {
        let Some(comparison) = metric.comparisons.iter().find(|comparison| comparison.variant == *key) else {
            continue;
        };
        match metric.role {
            Role::Primary => {
                judge_primary(&mut outlook, design.plan.sides, metric, comparison, planned.min_effect);
                if std::mem::take(&mut first) {
                    outlook.lower_bound = good_bound(metric.direction, comparison, true);
                }
            }
            Role::Guardrail => judge_guardrail(&mut outlook, metric, comparison, planned.margin),
            Role::Secondary => {}
        }
    }
    outlook.all_too_small &= !outlook.too_small.is_empty();
    outlook
}

fn judge_primary(
    outlook: &mut Outlook,
    sides: Sides,
    metric: &MetricReport,
    comparison: &Comparison,
    min_effect: Option<f64>,
) {
    let effect = deciding_effect(comparison);
    let good = match metric.direction {
        Direction::Up => effect > 0.0,
        Direction::Down => effect < 0.0,
    };
    let sentence = || describe(metric, comparison, effect);
    if good && comparison.decision.is_some_and(|decision| decision.significant) {
        outlook.better.push(sentence());
    } else if !good && is_worse(sides, comparison) {
        outlook.worse.push(sentence());
    }
    let most = good_bound(metric.direction, comparison, false);
    match min_effect.filter(|least| most < *least) {
        Some(least) => outlook.too_small.push(format!(
            "{} in {} is at best {} better than in {}, less than the {} worth acting on.",
            metric.metric,
            comparison.variant,
            amount(metric.kind, most),
            comparison.control,
            amount(metric.kind, least)
        )),
        None => outlook.all_too_small = false,
    }
}

/// Whether an effect in the bad direction is significant. A one-sided test asks for the good direction
/// only, so there its mirror image is asked, at the same level.
fn is_worse(sides: Sides, comparison: &Comparison) -> bool {
    let Some(decision) = comparison.decision else { return false };
    match sides {
        Sides::Two => decision.significant,
        Sides::One => {
            let cuped = comparison.cuped.as_ref().filter(|_| decision.reading == Reading::Cuped);
            let p_value = cuped.map(|cuped| cuped.p_value).or(comparison.p_value);
            p_value.is_some_and(|p_value| 1.0 - p_value <= 1.0 - decision.confidence_level)
        }
    }
}

fn judge_guardrail(
    outlook: &mut Outlook,
    metric: &MetricReport,
    comparison: &Comparison,
    margin: Option<f64>,
) {
    let margin = amount(metric.kind, margin.unwrap_or(0.0));
    let (name, variant) = (&metric.metric, &comparison.variant);
    if comparison.decision.is_some_and(|decision| decision.significant) {
        outlook.guarded.push(format!("{name} in {variant} is not worse by {margin} or more."));
    } else {
        outlook
            .unguarded
            .push(format!("It is not shown that {name} in {variant} is not worse by {margin} or more."));
    }
}

/// The effect of the reading that decides.
fn deciding_effect(comparison: &Comparison) -> f64 {
    let cuped = comparison.decision.is_some_and(|decision| decision.reading == Reading::Cuped);
    let effect = if cuped { comparison.cuped.as_ref().map(|cuped| cuped.effect) } else { comparison.effect };
    effect.map_or(0.0, |effect| effect.estimate)
}

/// An end of the decision interval in the good direction: the least (`worst`) or the most that is
/// plausible. Infinite where there is no end.
fn good_bound(direction: Direction, comparison: &Comparison, worst: bool) -> f64 {
    let decision = comparison.decision.as_ref();
    let lower = decision.and_then(|decision| decision.lower);
    let upper = decision.and_then(|decision| decision.upper);
    match (direction, worst) {
        (Direction::Up, true) => lower.unwrap_or(f64::NEG_INFINITY),
        (Direction::Up, false) => upper.unwrap_or(f64::INFINITY),
        (Direction::Down, true) => upper.map_or(f64::NEG_INFINITY, |end| -end),
        (Direction::Down, false) => lower.map_or(f64::INFINITY, |end| -end),
    }
}

fn describe(metric: &MetricReport, comparison: &Comparison, effect: f64) -> String {
    let way = if effect > 0.0 { "higher" } else { "lower" };
    let value = |key: &str| {
        let arm = metric.arms.iter().find(|arm| arm.variant == key);
        arm.and_then(|arm| arm.estimate)
            .map_or_else(|| "unknown".to_owned(), |value| level(metric.kind, value))
    };
    let p_value = comparison.adjusted_p_value.or(comparison.p_value).unwrap_or(1.0);
    let p_value = if p_value < 0.0001 { "below 0.0001".to_owned() } else { format!("{p_value:.4}") };
    let cuped = comparison.decision.is_some_and(|decision| decision.reading == Reading::Cuped);
    let reduced = if cuped { " after variance reduction" } else { "" };
    format!(
        "{} is {way} in {} than in {}: {} against {}, a difference of {}{reduced} (adjusted p {p_value}).",
        metric.metric,
        comparison.variant,
        comparison.control,
        value(&comparison.variant),
        value(&comparison.control),
        amount(metric.kind, effect.abs()),
    )
}

/// A value of the metric as people say it.
fn level(kind: Estimand, value: f64) -> String {
    match kind {
        Estimand::Proportion => format!("{:.2} %", value * 100.0),
        Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival => format!("{value:.4}"),
    }
}

/// A difference of the metric as people say it.
fn amount(kind: Estimand, value: f64) -> String {
    match kind {
        Estimand::Proportion => format!("{:.2} percentage points", value * 100.0),
        Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival => format!("{value:.4}"),
    }
}
