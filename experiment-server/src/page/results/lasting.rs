//! Whether an effect lasts: week by week of customers, and in both halves of the window.

use experiment_core::definition::Role;
use experiment_core::report::{CheckCode, Effect, HalvesComparison, MetricReport, Report, WeeklyComparison};

use super::bar::{Bar, Lines, axis, domain_of};
use super::health::Finding;
use super::metric::place_of;
use super::scale::{Scale, Span};
use crate::page::chart::{Domain, Tone};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// What the checks found, and what they looked at.
pub(super) struct Lasting {
    pub(super) findings: Vec<Finding>,
    pub(super) metrics: Vec<LastingMetric>,
}

/// A metric that decides, week by week.
pub(super) struct LastingMetric {
    pub(super) metric: String,
    pub(super) title: String,
    pub(super) weeks: Vec<WeekRow>,
    pub(super) axis: String,
    /// Both halves of the window, in a sentence for each arm.
    pub(super) halves: Vec<String>,
}

/// One arm among the customers of one week.
pub(super) struct WeekRow {
    pub(super) from: String,
    pub(super) variant: String,
    pub(super) place: usize,
    pub(super) n: String,
    pub(super) effect: String,
    pub(super) interval: String,
    pub(super) bar: String,
}

impl Lasting {
    /// Nothing where nothing was looked at.
    pub(super) fn of(report: &Report, arms: &[String]) -> Option<Lasting> {
        let findings = report.health.checks.iter();
        let findings = findings.filter(|check| matches!(check.check, CheckCode::Drift | CheckCode::Novelty));
        let findings: Vec<Finding> = findings.map(Finding::of).collect();
        let metrics = report.metrics.iter().filter(|metric| metric.role == Role::Primary);
        let metrics: Vec<LastingMetric> =
            metrics.filter_map(|metric| LastingMetric::of(metric, arms)).collect();
        (!findings.is_empty() || !metrics.is_empty()).then_some(Lasting { findings, metrics })
    }
}

impl LastingMetric {
    fn of(report: &MetricReport, arms: &[String]) -> Option<LastingMetric> {
        let scale = Scale::absolute_of(report.kind);
        let weeks =
            || report.weekly.iter().flat_map(|week| week.comparisons.iter().map(move |arm| (week, arm)));
        let bars: Vec<Bar> = weeks().filter_map(|(_, arm)| arm.effect.as_ref().map(bar_of)).collect();
        let domain = domain_of(&bars, Lines::default());
        let rows = weeks().map(|(week, arm)| {
            let place = place_of(arms, &arm.variant);
            WeekRow::of(week.from.to_string(), arm, scale, domain, place)
        });
        let weeks: Vec<WeekRow> = rows.collect();
        let halves: Vec<String> = report.halves.iter().map(|halves| told(halves, scale)).collect();
        let axis = axis(&bars, domain, &|end| scale.end(end));
        let is_known = !weeks.is_empty() || !halves.is_empty();
        let title = fill(ENGLISH.lasting_weeks, &[("metric", &report.metric)]);
        is_known.then(|| LastingMetric { metric: report.metric.clone(), title, weeks, axis, halves })
    }
}

fn bar_of(effect: &Effect) -> Bar {
    Bar::of(Span::from(effect), None)
}

impl WeekRow {
    fn of(from: String, arm: &WeeklyComparison, scale: Scale, domain: Domain, place: usize) -> WeekRow {
        let text = &ENGLISH;
        let Some(effect) = &arm.effect else {
            let nothing = || text.nothing.to_owned();
            let (effect, interval, bar) = (nothing(), text.lasting_too_few.to_owned(), String::new());
            let n = number::count(arm.control_n + arm.n);
            return WeekRow { from, variant: arm.variant.clone(), place, n, effect, interval, bar };
        };
        let interval = scale.interval(&Span::from(effect));
        let shown = scale.effect(effect.estimate);
        let label = fill(text.bar_of, &[("variant", &from), ("effect", &shown), ("interval", &interval)]);
        WeekRow {
            from,
            variant: arm.variant.clone(),
            place,
            n: number::count(arm.control_n + arm.n),
            bar: bar_of(effect).draw(domain, Lines::default(), Tone::Neutral, &label),
            effect: shown,
            interval,
        }
    }
}

fn told(halves: &HalvesComparison, scale: Scale) -> String {
    let scale = if halves.relative { scale.relative() } else { scale };
    fill(
        ENGLISH.lasting_halves,
        &[
            ("variant", &halves.variant),
            ("early", &scale.effect(halves.early)),
            ("late", &scale.effect(halves.late)),
            ("p", &number::p_value(halves.p_value)),
        ],
    )
}
