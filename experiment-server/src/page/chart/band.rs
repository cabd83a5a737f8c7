//! Estimates day by day, with the bands of their intervals.

use experiment_core::stats::Interval;
use experiment_core::time::Day;

use super::arrow::{self, Toward, arrow};
use super::clip::{clamped, inside};
use super::days::date_ticks;
use super::domain::{Domain, Extent, domain_of_most, usable};
use super::path::{Path, Place, place};
use super::plot::{EndName, Outline, Plot, arm_class};
use super::size::Size;
use super::svg::Svg;

/// How many median half-widths beyond zero and the estimates a band may reach before it is clipped. Fewer than for a
/// column of bars: bands are widest in the first days, and the last ones are read.
const WIDEST: f64 = 2.5;

/// Half the width of a band of a single day.
const LONE_DAY: f64 = 1.5;

/// One day of a curve. What is absent, or not a number, leaves a gap.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BandPoint {
    /// The point estimate.
    pub estimate: Option<f64>,
    /// The interval that decides; unbounded ends are infinite.
    pub inner: Option<Interval>,
    /// A second, wider one.
    pub outer: Option<Interval>,
}

/// One curve.
#[derive(Debug, Clone, Copy)]
pub struct BandSeries<'a> {
    /// Its name, written at its right end if not empty, and cut to a quarter of the picture.
    pub label: &'a str,
    /// Which colour it has: the class `arm-0` to `arm-7`, then again from 0.
    pub arm: usize,
    /// One point for each day from the chart's first day on.
    pub points: &'a [BandPoint],
}

/// Curves over the same days.
#[derive(Clone, Copy)]
pub struct BandChart<'a> {
    /// What is read aloud in the picture's place.
    pub label: &'a str,
    /// How large it is.
    pub size: Size,
    /// The day of each series' first point.
    pub first: Day,
    /// The curves, later ones on top.
    pub series: &'a [BandSeries<'a>],
    /// Where a line for the margin of non-inferiority is, with its sign.
    pub margin: Option<f64>,
    /// Makes the label of a round value.
    pub format: &'a dyn Fn(f64) -> String,
}

/// The picture: for each series an outer band, an inner band and a line, over a grid with zero and the margin.
///
/// The range of values holds zero, the margin and what is usual: an end of a band counts only up to 2.5 median
/// half-widths beyond zero and the estimates, those with much wider bands left aside. What lies beyond is cut at the
/// edge of the plot; an arrow marks the middle of the longest time for which a band is cut. Without points there is a
/// frame without labels, and `data-n` is 0.
///
/// Classes: `chart-band`, `grid`, `axis`, `tick`, `zero`, `margin`, for each series a group `arm-0` to `arm-7` with
/// `band-outer`, `band-inner`, `line`, `clipped`, and `label` with the same.
#[must_use]
pub fn band_chart(chart: &BandChart<'_>) -> String {
    let plot = Plot::new(Outline {
        class: "chart-band",
        label: chart.label,
        size: chart.size,
        count: chart.series.iter().map(|series| series.points.len()).max().unwrap_or(0),
        domain: domain(chart),
        format: chart.format,
        names: chart.series.iter().map(end_name).collect(),
    });
    let mut svg = plot.open(&date_ticks(plot.days, chart.first, plot.picture()));
    if plot.days.count > 0 {
        plot.level(&mut svg, "zero", 0.0);
        if let Some(margin) = chart.margin {
            plot.level(&mut svg, "margin", margin);
        }
    }
    for series in chart.series {
        draw(&plot, &mut svg, series);
    }
    plot.finish(svg)
}

fn domain(chart: &BandChart<'_>) -> Domain {
    let points = chart.series.iter().flat_map(|series| series.points);
    let extents =
        points.map(|point| Extent { estimate: point.estimate, interval: point.outer.or(point.inner) });
    let held: Vec<f64> = chart.margin.into_iter().chain([0.0]).collect();
    domain_of_most(&extents.collect::<Vec<_>>(), &held, WIDEST)
}

fn end_name<'a>(series: &BandSeries<'a>) -> EndName<'a> {
    let finite = |point: &BandPoint| point.estimate.filter(|estimate| estimate.is_finite());
    EndName { name: series.label, arm: series.arm, value: series.points.iter().rev().find_map(finite) }
}

fn draw(plot: &Plot<'_>, svg: &mut Svg, series: &BandSeries<'_>) {
    svg.open(&arm_class(series.arm));
    let outer: Vec<Option<Interval>> =
        series.points.iter().map(|point| point.outer.and_then(usable)).collect();
    let inner: Vec<Option<Interval>> =
        series.points.iter().map(|point| point.inner.and_then(usable)).collect();
    svg.path("band-outer", &band(plot, &outer));
    svg.path("band-inner", &band(plot, &inner));

    let mut line = Path::default();
    let estimates: Vec<_> =
        series.points.iter().map(|point| point.estimate.filter(|e| e.is_finite())).collect();
    for run in runs(&estimates) {
        let points: Vec<Place> = run
            .iter()
            .map(|(day, estimate)| place(plot.days.place(*day), plot.values.place(*estimate)))
            .collect();
        for piece in inside(&points, plot.rows) {
            line.line(&piece);
        }
    }
    svg.path("line", &line);

    let mut arrows = Path::default();
    let domain = plot.values.domain;
    let widest = |day: usize| outer[day].or(inner[day]);
    let above = |day: usize| widest(day).is_some_and(|interval| interval.upper > domain.upper());
    let below = |day: usize| widest(day).is_some_and(|interval| interval.lower < domain.lower());
    let days = series.points.len();
    if let Some(day) = middle_of_longest(days, above) {
        arrow(&mut arrows, place(arrow_place(plot, day), plot.rows.top), Toward::Up);
    }
    if let Some(day) = middle_of_longest(days, below) {
        arrow(&mut arrows, place(arrow_place(plot, day), plot.rows.bottom), Toward::Down);
    }
    svg.path("clipped", &arrows);
    svg.close();
}

/// The place of a day, so far from the edges that an arrow is in the plot.
fn arrow_place(plot: &Plot<'_>, day: usize) -> f64 {
    plot.days.place(day).clamp(plot.days.from + arrow::LENGTH, plot.days.to - arrow::LENGTH)
}

fn band(plot: &Plot<'_>, intervals: &[Option<Interval>]) -> Path {
    let mut path = Path::default();
    for run in runs(intervals) {
        let edge = |end: fn(&Interval) -> f64| {
            let places: Vec<Place> =
                run.iter().map(|(day, i)| place(plot.days.place(*day), plot.values.place(end(i)))).collect();
            clamped(&widened(plot, &places), plot.rows)
        };
        path.area(&edge(|interval| interval.upper), &edge(|interval| interval.lower));
    }
    path
}

/// A lone place as a short line, for an area of no width is not seen.
fn widened(plot: &Plot<'_>, places: &[Place]) -> Vec<Place> {
    match places {
        [lone] => {
            let at = |x: f64| place(x.clamp(plot.days.from, plot.days.to), lone.y);
            vec![at(lone.x - LONE_DAY), at(lone.x + LONE_DAY)]
        }
        _ => places.to_vec(),
    }
}

/// The stretches of days that have a value, with their days.
fn runs<T: Copy>(values: &[Option<T>]) -> Vec<Vec<(usize, T)>> {
    let days: Vec<(usize, Option<T>)> = values.iter().copied().enumerate().collect();
    let stretches = days.split(|(_, value)| value.is_none()).filter(|stretch| !stretch.is_empty());
    stretches
        .map(|stretch| stretch.iter().filter_map(|(day, value)| Some((*day, (*value)?))).collect())
        .collect()
}

/// The day in the middle of the longest stretch for which `is_cut` holds.
fn middle_of_longest(days: usize, is_cut: impl Fn(usize) -> bool) -> Option<usize> {
    let cut: Vec<Option<()>> = (0..days).map(|day| is_cut(day).then_some(())).collect();
    let longest = runs(&cut).into_iter().max_by_key(Vec::len)?;
    longest.get(longest.len() / 2).map(|(day, ())| *day)
}
