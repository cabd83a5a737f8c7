//! What to do, and why: a pure function of design, health and readings.
//!
//! [`rule`] holds the order of the rules over plain truths; here those truths are found, and the reasons put into
//! words.

use super::look::Look;
use super::rule::{Situation, Standing, rule};
use super::sums;
use super::{
    Aggregates, CheckCode, Comparison, Design, Estimand, Health, Level, MetricReport, Reading, Shows, Stage,
    Verdict, VerdictCode,
};
use crate::definition::{Direction, Method, Role, Target};
use crate::time::{DAY, Timestamp};

/// The verdict with its reasons.
///
/// `invalid` → `stop_for_harm` → `ship` → `keep_control` → `inconclusive` → `continue`: see [`rule`].
pub(crate) fn verdict(
    design: &Design,
    aggregates: &Aggregates,
    health: &Health,
    metrics: &[MetricReport],
    looks: &[Look],
    as_of: Option<Timestamp>,
) -> Verdict {
    let failed = health.checks.iter().find(|check| check.level == Level::Fail);
    let srm = failed.filter(|check| check.check == CheckCode::Srm);
    let early = too_early(design, aggregates, as_of);
    let short = shortfall(design, metrics, as_of);
    let outlooks: Vec<Outlook> =
        design.treatments().map(|variant| outlook(design, metrics, variant)).collect();
    let complete = early.is_none() && short.is_none();
    let situation = Situation {
        invalid: srm.is_some(),
        checks_passed: failed.is_none(),
        may_decide: match design.plan.method {
            Method::Fixed => complete,
            Method::GroupSequential => early.is_none() && !looks.is_empty(),
            Method::AlwaysValid | Method::Bayesian => early.is_none(),
        },
        complete,
        standings: outlooks.iter().map(|outlook| outlook.standing.clone()).collect(),
    };
    let (code, place) = rule(&situation);
    let treatment = place.and_then(|place| outlooks.get(place));
    let control = design.variants[design.control].key.clone();
    let (variant, reasons) = match code {
        VerdictCode::Invalid => (None, srm.map(|check| check.detail.clone()).into_iter().collect()),
        VerdictCode::StopForHarm => of_variant(treatment, |outlook| outlook.harmful.clone()),
        VerdictCode::Ship => {
            of_variant(treatment, |outlook| outlook.better.iter().chain(&outlook.guarded).cloned().collect())
        }
        VerdictCode::KeepControl => {
            let reasons = outlooks.iter().flat_map(|outlook| outlook.worse.iter().chain(&outlook.too_small));
            (Some(control), reasons.cloned().collect())
        }
        VerdictCode::Inconclusive => {
            let mut reasons: Vec<String> = outlooks.into_iter().flat_map(Outlook::undecided).collect();
            reasons.extend(failed.map(|check| check.detail.clone()));
            if reasons.is_empty() {
                reasons.push("The sample is complete, and no primary metric shows a difference.".to_owned());
            }
            (None, reasons)
        }
        VerdictCode::Continue => {
            let waiting = early.or_else(|| waiting(design, looks, short));
            let mut reasons: Vec<String> = waiting.into_iter().collect();
            if situation.may_decide {
                reasons.extend(outlooks.into_iter().flat_map(Outlook::undecided));
                reasons.extend(failed.map(|check| check.detail.clone()));
            }
            (None, reasons)
        }
    };
    Verdict { verdict: code, variant, reasons, decided_on: None }
}

fn of_variant(
    outlook: Option<&Outlook>,
    reasons: impl Fn(&Outlook) -> Vec<String>,
) -> (Option<String>, Vec<String>) {
    (outlook.map(|outlook| outlook.variant.clone()), outlook.map(reasons).unwrap_or_default())
}

/// Why nothing may be decided on this day yet; `None` when it may.
fn too_early(design: &Design, aggregates: &Aggregates, as_of: Option<Timestamp>) -> Option<String> {
    let day = sums::first_day(&aggregates.exposed)?;
    let days = (as_of?.0 - day.start().0).div_euclid(DAY);
    (days < i64::from(design.plan.min_days))
        .then(|| format!("{days} of the planned {} days have passed.", design.plan.min_days))
}

/// Why the sample is not complete; `None` when it is.
fn shortfall(design: &Design, metrics: &[MetricReport], as_of: Option<Timestamp>) -> Option<String> {
    let instant = as_of?;
    let primaries = || metrics.iter().filter(|metric| metric.role == Role::Primary);
    let waiting: u64 = primaries().filter_map(|metric| metric.immature).sum();
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
            (smallest < wanted)
                .then(|| format!("The smallest arm has {smallest} of the planned {wanted} mature customers"))
        }
        Some(Target::End(day)) => {
            let windows = design.metrics.iter().filter(|metric| metric.role == Role::Primary);
            let open = windows.map(|metric| &metric.window).any(|window| !window.is_mature(day, instant));
            open.then(|| format!("The windows of customers who enter until {day} are still open"))
        }
        None => Some("The plan states no target, so it goes on until it decides or is stopped".to_owned()),
    }
}

/// What is waited for, in a sentence.
fn waiting(design: &Design, looks: &[Look], short: Option<String>) -> Option<String> {
    let short = short?;
    Some(match design.plan.method {
        Method::Fixed => format!("{short}; a fixed plan is read once, when the sample is complete."),
        Method::AlwaysValid => {
            format!("{short}. The plan may decide on any day, and nothing is shown yet.")
        }
        Method::Bayesian => {
            format!("{short}. Neither arm wins with the chance and the loss that were planned.")
        }
        Method::GroupSequential => {
            let passed = looks.len();
            let next = design.plan.looks.iter().find(|planned| {
                looks.last().is_none_or(|look| look.planned.is_some_and(|passed| **planned > passed))
            });
            let next = next.map_or(String::new(), |share| {
                format!(" The next look is at {:.0} % of the target.", share * 100.0)
            });
            format!("{short}. {passed} of {} planned looks are over.{next}", design.plan.looks.len())
        }
    })
}

/// What speaks for and against one variant, with the sentences.
struct Outlook {
    variant: String,
    standing: Standing,
    harmful: Vec<String>,
    better: Vec<String>,
    worse: Vec<String>,
    too_small: Vec<String>,
    guarded: Vec<String>,
    unguarded: Vec<String>,
}

impl Outlook {
    fn undecided(self) -> Vec<String> {
        let Outlook { better, worse, too_small, unguarded, .. } = self;
        // Guardrails matter once there is something to ship.
        let unguarded = if better.is_empty() { Vec::new() } else { unguarded };
        better.into_iter().chain(worse).chain(too_small).chain(unguarded).collect()
    }
}

fn outlook(design: &Design, metrics: &[MetricReport], variant: usize) -> Outlook {
    let key = &design.variants[variant].key;
    let mut outlook = Outlook {
        variant: key.clone(),
        standing: Standing {
            harmful: false,
            better: false,
            worse: false,
            guarded: true,
            too_small: true,
            lower_bound: f64::NEG_INFINITY,
        },
        harmful: Vec::new(),
        better: Vec::new(),
        worse: Vec::new(),
        too_small: Vec::new(),
        guarded: Vec::new(),
        unguarded: Vec::new(),
    };
    let mut first = true;
    for (metric, planned) in metrics.iter().zip(&design.metrics) {
        let Some(comparison) = metric.comparisons.iter().find(|comparison| comparison.variant == *key) else {
            continue;
        };
        if comparison.harm.is_some_and(|harm| harm.shown) && design.variants[variant].weight > 0.0 {
            outlook.harmful.push(describe_harm(metric, comparison));
        }
        match metric.role {
            Role::Primary => {
                judge_primary(&mut outlook, design.plan.method, metric, comparison, planned.min_effect);
                if std::mem::take(&mut first) {
                    outlook.standing.lower_bound = good_bound(metric.direction, comparison, true);
                }
            }
            Role::Guardrail => judge_guardrail(&mut outlook, metric, comparison, planned.margin),
            Role::Secondary => {}
        }
    }
    outlook.standing.harmful = !outlook.harmful.is_empty();
    outlook.standing.better = !outlook.better.is_empty();
    outlook.standing.worse = !outlook.worse.is_empty();
    outlook.standing.guarded = outlook.unguarded.is_empty();
    outlook.standing.too_small &= !outlook.too_small.is_empty();
    outlook
}

fn judge_primary(
    outlook: &mut Outlook,
    method: Method,
    metric: &MetricReport,
    comparison: &Comparison,
    min_effect: Option<f64>,
) {
    let shows = comparison.decision.and_then(|decision| decision.shows);
    match shows {
        Some(Shows::Better) => outlook.better.push(describe(method, metric, comparison)),
        Some(Shows::Worse) => outlook.worse.push(describe(method, metric, comparison)),
        Some(Shows::NotWorse) | None => {}
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
        None => outlook.standing.too_small = false,
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
    let reading = comparison.decision.map_or(Reading::Unadjusted, |decision| decision.reading);
    comparison.effect_of(reading).map_or(0.0, |effect| effect.estimate)
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

fn describe(method: Method, metric: &MetricReport, comparison: &Comparison) -> String {
    let effect = deciding_effect(comparison);
    let way = if effect > 0.0 { "higher" } else { "lower" };
    let value = |key: &str| {
        let arm = metric.arms.iter().find(|arm| arm.variant == key);
        arm.and_then(|arm| arm.estimate)
            .map_or_else(|| "unknown".to_owned(), |value| level(metric.kind, value))
    };
    let reduced = match comparison.decision.map(|decision| decision.reading) {
        Some(Reading::Cuped) => " after variance reduction",
        Some(Reading::Stratified) => " averaged over strata",
        Some(Reading::StratifiedCuped) => " averaged over strata after variance reduction",
        Some(Reading::Unadjusted) | None => "",
    };
    format!(
        "{} is {way} in {} than in {}: {} against {}, a difference of {}{reduced} ({}).",
        metric.metric,
        comparison.variant,
        comparison.control,
        value(&comparison.variant),
        value(&comparison.control),
        amount(metric.kind, effect.abs()),
        evidence(method, metric, comparison),
    )
}

/// How sure that is, in the words of the method.
fn evidence(method: Method, metric: &MetricReport, comparison: &Comparison) -> String {
    let chance = |p_value: Option<f64>| {
        let p_value = p_value.unwrap_or(1.0);
        if p_value < 0.0001 { "below 0.0001".to_owned() } else { format!("{p_value:.4}") }
    };
    match (method, comparison.bayes) {
        (Method::Bayesian, Some(bayes)) => {
            let better = bayes.chance_to_win >= bayes.chance_to_lose;
            let (who, chance, loss) = if better {
                (&comparison.variant, bayes.chance_to_win, bayes.expected_loss)
            } else {
                (&comparison.control, bayes.chance_to_lose, bayes.expected_loss_of_control)
            };
            format!(
                "{who} is the better one with a chance of {:.1} %; choosing it is expected to lose {}",
                chance * 100.0,
                amount(metric.kind, loss)
            )
        }
        (Method::AlwaysValid, _) => {
            format!("adjusted always-valid p {}", chance(comparison.adjusted_p_value))
        }
        (Method::GroupSequential, _) => "beyond the boundary of a planned look".to_owned(),
        _ => format!("adjusted p {}", chance(comparison.adjusted_p_value.or(comparison.p_value))),
    }
}

fn describe_harm(metric: &MetricReport, comparison: &Comparison) -> String {
    let Some(harm) = comparison.harm else { return String::new() };
    let beyond = match metric.role {
        Role::Guardrail => format!(", beyond the margin of {}", amount(metric.kind, harm.threshold.abs())),
        Role::Primary | Role::Secondary => String::new(),
    };
    format!(
        "{} in {} is worse than in {} by at least {}{beyond}. This alarm may be read on any day and is false for \
         at most one variant in a hundred: stop giving {}.",
        metric.metric,
        comparison.variant,
        comparison.control,
        amount(metric.kind, harm.bound.abs()),
        comparison.variant,
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
