//! The metrics among some of the customers, by a dimension that the reader picks.

use experiment_core::definition::Metric;
use experiment_core::report::{Comparison, DimensionReport, Interaction, MetricReport, Report};

use super::bar::{Bar, Lines, axis, domain_of};
use super::metric::place_of;
use super::scale::Scale;
use super::{Shown, Wish};
use crate::page::chart::{Domain, Tone};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// The dimensions there are, and those that are shown.
pub(super) struct Slices {
    pub(super) choices: Vec<Choice>,
    pub(super) shown: Vec<SlicedDimension>,
}

/// The metrics by the values of one dimension.
pub(super) struct SlicedDimension {
    pub(super) name: String,
    pub(super) metrics: Vec<SlicedMetric>,
}

/// A dimension to pick; none is a choice too.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) query: String,
    pub(super) is_current: bool,
}

/// One metric, a row for each value and variant.
pub(super) struct SlicedMetric {
    pub(super) title: String,
    pub(super) interactions: Vec<String>,
    pub(super) rows: Vec<SliceRow>,
    pub(super) axis: String,
}

/// One variant among the customers with one value.
pub(super) struct SliceRow {
    pub(super) value: String,
    pub(super) variant: String,
    pub(super) place: usize,
    pub(super) n: String,
    pub(super) arms: String,
    pub(super) effect: String,
    pub(super) interval: String,
    pub(super) bar: String,
    pub(super) p: String,
}

impl Slices {
    /// Nothing where the definition names no dimension. All of them are shown where nobody can pick one.
    pub(super) fn of(
        report: &Report,
        wish: &Wish,
        defined: &[Metric],
        arms: &[String],
        can_pick: bool,
    ) -> Option<Slices> {
        let mut names: Vec<&str> = report.dimensions.iter().map(|slice| slice.dimension.as_str()).collect();
        names.dedup();
        if names.is_empty() {
            return None;
        }
        let by = wish.by.as_deref().filter(|by| names.contains(by));
        let choice = |name: Option<&str>| Choice {
            name: name.unwrap_or(ENGLISH.slice_none).to_owned(),
            query: wish.with_by(name).query(),
            is_current: name == by,
        };
        let choices = [choice(None)].into_iter().chain(names.iter().map(|name| choice(Some(name)))).collect();
        names.retain(|name| !can_pick || by == Some(*name));
        let shown = names
            .into_iter()
            .map(|name| SlicedDimension::of(report, name, defined, wish.shown, arms))
            .collect();
        Some(Slices { choices, shown })
    }
}

impl SlicedDimension {
    fn of(report: &Report, name: &str, defined: &[Metric], shown: Shown, arms: &[String]) -> SlicedDimension {
        let slices = report.dimensions.iter().filter(|slice| slice.dimension == name);
        let slices: Vec<&DimensionReport> = slices.collect();
        let metrics = report.metrics.iter().filter_map(|metric| {
            let interactions = report.interactions.iter();
            let interactions =
                interactions.filter(|found| found.dimension == name && found.metric == metric.metric);
            SlicedMetric::of(metric, name, &slices, interactions.map(told).collect(), defined, shown, arms)
        });
        SlicedDimension { name: name.to_owned(), metrics: metrics.collect() }
    }
}

fn told(found: &Interaction) -> String {
    let text = &ENGLISH;
    let answer = if found.significant { text.slice_differs } else { text.slice_same };
    fill(
        text.slice_interaction,
        &[("variant", &found.variant), ("answer", &answer), ("p", &number::p_value(found.adjusted_p_value))],
    )
}

impl SlicedMetric {
    fn of(
        metric: &MetricReport,
        dimension: &str,
        slices: &[&DimensionReport],
        interactions: Vec<String>,
        defined: &[Metric],
        shown: Shown,
        arms: &[String],
    ) -> Option<SlicedMetric> {
        let scale = Scale::of(metric, defined, shown);
        let found = slices.iter().filter_map(|slice| {
            let within = slice.metrics.iter().find(|found| found.metric == metric.metric)?;
            Some((slice, within))
        });
        let found: Vec<(&&DimensionReport, &MetricReport)> = found.collect();
        let compared = || {
            found
                .iter()
                .flat_map(|(slice, within)| within.comparisons.iter().map(move |c| (slice, within, c)))
        };
        let bars: Vec<Bar> = compared().filter_map(|(_, _, comparison)| bar_of(scale, comparison)).collect();
        let domain = domain_of(&bars, Lines::default());
        let rows = compared().map(|(slice, within, comparison)| {
            SliceRow::of(&slice.value, within, comparison, scale, domain, place_of(arms, &comparison.variant))
        });
        let rows: Vec<SliceRow> = rows.collect();
        let axis = axis(&bars, domain, &|end| scale.end(end));
        let title = fill(ENGLISH.slice_of, &[("metric", &metric.metric), ("dimension", &dimension)]);
        (!rows.is_empty()).then_some(SlicedMetric { title, interactions, rows, axis })
    }
}

fn bar_of(scale: Scale, comparison: &Comparison) -> Option<Bar> {
    scale.of_reading(comparison, comparison.deciding_reading()).map(|span| Bar::of(span, None))
}

impl SliceRow {
    fn of(
        value: &str,
        within: &MetricReport,
        comparison: &Comparison,
        scale: Scale,
        domain: Domain,
        place: usize,
    ) -> SliceRow {
        let text = &ENGLISH;
        let nothing = || text.nothing.to_owned();
        let arm = |key: &str| within.arms.iter().find(|arm| arm.variant == key);
        let pair = [&comparison.control, &comparison.variant].map(|key| arm(key));
        let shown = pair.map(|arm| {
            let value = arm.and_then(|arm| arm.estimate);
            value.map_or_else(nothing, |value| scale.value(value))
        });
        let span = scale.of_reading(comparison, comparison.deciding_reading());
        let interval = span.map_or_else(nothing, |span| scale.interval(&span));
        let effect = span.map_or_else(nothing, |span| scale.effect(span.estimate));
        let value = if value.is_empty() { text.missing } else { value };
        let label = fill(text.bar_of, &[("variant", &value), ("effect", &effect), ("interval", &interval)]);
        let p = comparison.adjusted_p_value;
        let bar =
            bar_of(scale, comparison).map(|bar| bar.draw(domain, Lines::default(), Tone::Neutral, &label));
        SliceRow {
            value: value.to_owned(),
            variant: comparison.variant.clone(),
            place,
            n: number::count(pair.into_iter().flatten().map(|arm| arm.n).sum()),
            arms: shown.join(" → "),
            bar: bar.unwrap_or_default(),
            effect,
            interval,
            p: p.map_or_else(nothing, number::p_value),
        }
    }
}
