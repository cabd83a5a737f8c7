//! Metrics by role: the arms' values, the effects with their intervals, what decides.

use std::fmt::Display;

use experiment_core::definition::{Direction, Experiment, Method, Metric, Role};
use experiment_core::report::{Arm, Comparison, Estimand, MetricReport, RelativeSet, Shows};

use super::Shown;
use super::bar::{Bar, Lines, axis, class_of, domain_of};
use super::interval::in_words;
use super::readings::{OtherReading, other_readings};
use super::scale::{Scale, Span, deciding_interval};
use crate::page::chart::{self, Domain, Tone};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// The metrics of one role.
pub(super) struct RoleTable {
    /// Names it within the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) how: &'static str,
    pub(super) metrics: Vec<MetricBlock>,
}

/// One metric: a row for each arm, and what stands folded beneath.
pub(super) struct MetricBlock {
    pub(super) key: String,
    pub(super) about: String,
    pub(super) rebuilding: Option<Rebuilding>,
    pub(super) rows: Vec<ArmRow>,
    /// The scale under the bars.
    pub(super) axis: String,
    pub(super) so_far: Option<SoFar>,
    pub(super) readings: Vec<OtherReading>,
}

/// A metric that does not count every customer yet.
pub(super) struct Rebuilding {
    pub(super) sentence: String,
    pub(super) bar: String,
}

/// One arm on one metric.
pub(super) struct ArmRow {
    pub(super) variant: String,
    /// Its place among the arms, which gives it its colour.
    pub(super) place: usize,
    pub(super) n: String,
    pub(super) value: String,
    pub(super) raw: String,
    /// Absent for the control.
    pub(super) compared: Option<Compared>,
}

/// An arm against the control.
pub(super) struct Compared {
    pub(super) effect: String,
    pub(super) effect_class: &'static str,
    pub(super) interval: String,
    pub(super) bar: String,
    pub(super) p: String,
    pub(super) p_label: &'static str,
    pub(super) decision: &'static str,
    pub(super) class: &'static str,
    pub(super) not_estimable: Option<String>,
}

/// Everybody, open windows included.
pub(super) struct SoFar {
    pub(super) left_out: String,
    pub(super) arms: Vec<(String, String, String)>,
}

/// The metrics of a role, if there are any. `arms` are the variants in the order of their colours.
pub(super) fn role_table(
    role: Role,
    metrics: &[MetricReport],
    experiment: &Experiment,
    arms: &[String],
    shown: Shown,
) -> Option<RoleTable> {
    let reports: Vec<&MetricReport> = metrics.iter().filter(|metric| metric.role == role).collect();
    if reports.is_empty() {
        return None;
    }
    let drawn: Vec<Drawn> = reports.iter().map(|report| Drawn::of(report, experiment, shown)).collect();
    // Shares are alike, and so is everything that is over its control: one scale for all of them.
    let alike = drawn.iter().filter(|drawn| drawn.is_alike).flat_map(|drawn| drawn.bars.iter().copied());
    let alike: Vec<Bar> = alike.collect();
    let blocks = reports.iter().zip(&drawn).map(|(report, drawn)| {
        let domain = domain_of(if drawn.is_alike { &alike } else { &drawn.bars }, drawn.lines);
        MetricBlock::of(report, drawn, domain, arms)
    });
    let metrics = blocks.collect();
    let (title, how) = ENGLISH.role(role);
    let id = match role {
        Role::Primary => "primary",
        Role::Guardrail => "guardrails",
        Role::Secondary => "secondary",
    };
    Some(RoleTable { id, title, how, metrics })
}

/// What the bars of one metric share.
struct Drawn {
    scale: Scale,
    /// Whether its effects are in the same unit as those of other metrics.
    is_alike: bool,
    bars: Vec<Bar>,
    lines: Lines,
    /// How the plan decides.
    method: Method,
}

impl Drawn {
    fn of(report: &MetricReport, experiment: &Experiment, shown: Shown) -> Drawn {
        let defined = &experiment.metrics;
        let scale = Scale::of(report, defined, shown);
        let control = control_of(report).and_then(|arm| arm.estimate);
        let metric = defined.iter().find(|metric| metric.key == report.metric);
        let lines = metric.map(|metric| Lines {
            margin: worst_accepted(metric).and_then(|margin| scale.convert(margin, control)),
            min_effect: metric
                .min_effect
                .and_then(|effect| scale.convert(good_way(metric) * effect.to_f64(), control)),
        });
        let bars = report.comparisons.iter().filter_map(|comparison| bar(scale, comparison)).collect();
        let is_alike = shown == Shown::Relative || report.kind == Estimand::Proportion;
        Drawn { scale, is_alike, bars, lines: lines.unwrap_or_default(), method: experiment.plan.method }
    }
}

/// 1 where more is better, −1 where less is.
fn good_way(metric: &Metric) -> f64 {
    if metric.direction == Direction::Up { 1.0 } else { -1.0 }
}

/// A guardrail's margin, with the sign of its bad direction.
pub(super) fn worst_accepted(metric: &Metric) -> Option<f64> {
    metric.margin.map(|margin| -good_way(metric) * margin.to_f64())
}

/// Thick for what decides, thin for a single look.
fn bar(scale: Scale, comparison: &Comparison) -> Option<Bar> {
    let single = scale.of_reading(comparison, comparison.deciding_reading())?;
    Some(match scale.of_decision(comparison) {
        None if is_decided_elsewhere(scale, comparison) => Bar::of_single_look(single),
        decides => Bar::of(single, decides),
    })
}

/// Whether the interval that decides is on another scale than this one.
fn is_decided_elsewhere(scale: Scale, comparison: &Comparison) -> bool {
    scale.shown == Shown::Relative && deciding_interval(comparison).is_some()
}

fn control_of(report: &MetricReport) -> Option<&Arm> {
    let control = &report.comparisons.first()?.control;
    report.arms.iter().find(|arm| arm.variant == *control)
}

impl MetricBlock {
    fn of(report: &MetricReport, drawn: &Drawn, domain: Domain, arms: &[String]) -> MetricBlock {
        let (text, scale) = (&ENGLISH, drawn.scale);
        let mut about = format!("{}, {}", text.kind(report.kind), text.direction(report.direction));
        let on_scale = |words: &str, name: &str, effect: Option<f64>| {
            effect.map(|effect| fill(words, &[(name, &scale.effect(effect))]))
        };
        for note in [
            on_scale(text.margin, "margin", drawn.lines.margin),
            on_scale(text.min_effect, "effect", drawn.lines.min_effect),
        ] {
            about.extend(note.map(|note| format!(", {note}")));
        }
        let rows = report.arms.iter().map(|arm| {
            let comparison = report.comparisons.iter().find(|comparison| comparison.variant == arm.variant);
            ArmRow {
                variant: arm.variant.clone(),
                place: place_of(arms, &arm.variant),
                n: number::count(arm.n),
                value: arm.estimate.map_or(text.nothing.to_owned(), |value| scale.value(value)),
                raw: raw(report.kind, arm),
                compared: comparison.map(|comparison| Compared::of(report.role, comparison, drawn, domain)),
            }
        });
        MetricBlock {
            key: report.metric.clone(),
            about,
            rebuilding: report.rebuilding.map(|rebuilding| Rebuilding::of(rebuilding.done, rebuilding.of)),
            rows: rows.collect(),
            axis: axis(&drawn.bars, domain, &|end| scale.end(end)),
            so_far: so_far(report, scale),
            readings: other_readings(report, scale),
        }
    }
}

/// A variant's place among the arms.
pub(super) fn place_of(arms: &[String], variant: &str) -> usize {
    arms.iter().position(|arm| arm == variant).unwrap_or(0)
}

impl Rebuilding {
    fn of(done: u64, of: u64) -> Rebuilding {
        let (text, share) = (&ENGLISH, if of == 0 { 1.0 } else { done as f64 / of as f64 });
        let sentence = fill(text.rebuilding, &[("done", &number::count(done)), ("of", &number::count(of))]);
        Rebuilding { bar: chart::progress_bar(&sentence, share, 1.0), sentence }
    }
}

impl Compared {
    fn of(role: Role, comparison: &Comparison, drawn: &Drawn, domain: Domain) -> Compared {
        let (text, scale) = (&ENGLISH, drawn.scale);
        let span = scale.of_reading(comparison, comparison.deciding_reading());
        // What decides is read; the plain interval would be too sure of itself.
        let told: Option<Span> = scale.of_decision(comparison).or(span);
        let effect = span.map_or(text.nothing.to_owned(), |span| scale.effect(span.estimate));
        let mut interval_text = told.map_or(text.nothing.to_owned(), |span| scale.interval(&span));
        if told.is_some() && is_decided_elsewhere(scale, comparison) {
            interval_text = fill(text.single_look, &[("interval", &interval_text)]);
        }
        let (decision, tone) = decision(role, comparison);
        let values: [(_, &dyn Display); 3] =
            [("variant", &comparison.variant), ("effect", &effect), ("interval", &interval_text)];
        let label = fill(text.bar_of, &values);
        let bar = bar(scale, comparison).map(|bar| bar.draw(domain, drawn.lines, tone, &label));
        let (p, p_label) = p(role, drawn.method, comparison);
        let reason = comparison.not_estimable.as_ref();
        // That a guardrail holds makes its effect no gain.
        let is_gain = comparison.decision.is_some_and(|decision| decision.shows != Some(Shows::NotWorse));
        Compared {
            effect,
            effect_class: if is_gain { class_of(tone) } else { class_of(Tone::Neutral) },
            interval: interval_text,
            bar: bar.unwrap_or_default(),
            p,
            p_label,
            decision,
            class: class_of(tone),
            not_estimable: reason.map(|reason| fill(text.not_estimable, &[("detail", &reason.detail)])),
        }
    }
}

/// What the comparison shows, in a word and as a colour.
fn decision(role: Role, comparison: &Comparison) -> (&'static str, Tone) {
    let text = &ENGLISH;
    match comparison.decision {
        None => (text.none_decides, Tone::Neutral),
        Some(decision) => match decision.shows {
            Some(shows @ (Shows::Better | Shows::NotWorse)) => (text.shows(shows), Tone::Better),
            Some(shows @ Shows::Worse) => (text.shows(shows), Tone::Worse),
            None if role == Role::Guardrail => (text.may_be_worse, Tone::Neutral),
            None => (text.no_difference, Tone::Neutral),
        },
    }
}

/// The number by which it is decided: the chance to win, or the p-value, adjusted where there is a family. A guardrail is
/// decided by the end of its interval, and a planned look by the bound that it has.
fn p(role: Role, method: Method, comparison: &Comparison) -> (String, &'static str) {
    let text = &ENGLISH;
    if role == Role::Guardrail || (role == Role::Primary && method == Method::GroupSequential) {
        return (text.nothing.to_owned(), text.by_bound);
    }
    if let Some(bayes) = comparison.bayes {
        return (number::certain(bayes.chance_to_win), text.column_chance);
    }
    if let Some(p) = comparison.adjusted_p_value {
        return (number::p_value(p), text.column_p_adjusted);
    }
    let plain = comparison.p_value_of(comparison.deciding_reading());
    (plain.map_or(text.nothing.to_owned(), number::p_value), text.column_p)
}

/// The numbers behind an arm's value.
fn raw(kind: Estimand, arm: &Arm) -> String {
    let text = &ENGLISH;
    let Some(estimate) = arm.estimate else { return String::new() };
    let shown = match kind {
        Estimand::Proportion => {
            // Exact: a share of whole customers.
            let events = number::count((estimate * arm.n as f64).round() as u64);
            Some(fill(text.raw_proportion, &[("events", &events), ("n", &number::count(arm.n))]))
        }
        Estimand::Mean => {
            arm.variance.map(|variance| fill(text.raw_mean, &[("sd", &number::plain(variance.sqrt()))]))
        }
        Estimand::Ratio => arm.numerator.zip(arm.denominator).map(|(numerator, denominator)| {
            let (numerator, denominator) = (number::plain(numerator), number::plain(denominator));
            fill(text.raw_ratio, &[("numerator", &numerator), ("denominator", &denominator)])
        }),
        Estimand::Quantile | Estimand::Survival => {
            arm.lower.map(|_| in_words(arm.lower, arm.upper, RelativeSet::Interval, number::plain))
        }
    };
    let answered =
        arm.response_rate.map(|rate| fill(text.raw_answered, &[("share", &number::percent(rate))]));
    [shown, answered].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn so_far(report: &MetricReport, scale: Scale) -> Option<SoFar> {
    let text = &ENGLISH;
    // Where every window has ended, it says the same as the rows above.
    let immature = report.immature.filter(|immature| *immature > 0)?;
    let arms = report.so_far.as_ref()?.arms.iter().map(|arm| {
        let value = arm.estimate.map_or(text.nothing.to_owned(), |value| scale.value(value));
        (arm.variant.clone(), number::count(arm.n), value)
    });
    let left_out = fill(text.so_far_left_out, &[("n", &number::count(immature))]);
    Some(SoFar { left_out, arms: arms.collect() })
}
