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

/// Half the width at which a single day between gaps is drawn.
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
        for piece in inside(&widened(plot, &points), plot.rows) {
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

/// A lone place as a short line: without any width it is not seen.
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

#[cfg(test)]
mod tests {
    use super::super::sound::{any_interval, any_number, assert_sound};
    use super::*;
    use proptest::prelude::*;

    const SMALL: Size = Size { width: 160.0, height: 100.0 };

    fn interval(lower: f64, upper: f64) -> Option<Interval> {
        Some(Interval { lower, upper })
    }

    fn point(estimate: f64, outer: Option<Interval>) -> BandPoint {
        BandPoint { estimate: Some(estimate), inner: None, outer }
    }

    fn chart<'a>(series: &'a [BandSeries<'a>], size: Size) -> BandChart<'a> {
        let first = "2026-03-01".parse().unwrap();
        BandChart { label: "by day", size, first, series, margin: None, format: &|_| String::new() }
    }

    fn picture(points: &[BandPoint]) -> String {
        let svg = band_chart(&chart(&[BandSeries { label: "", arm: 1, points }], SMALL));
        assert_sound(&svg);
        svg
    }

    /// The data of the only path of a class.
    fn path<'a>(svg: &'a str, class: &str) -> &'a str {
        let start = format!("<path class=\"{class}\" d=\"");
        let (_, rest) = svg.split_once(&start).unwrap_or_else(|| panic!("no {class} in {svg}"));
        rest.split_once('"').unwrap().0
    }

    #[test]
    fn a_small_chart_as_it_is_written() {
        let svg =
            picture(&[point(0.0, None), point(2.0, interval(1.0, 3.0)), point(1.0, interval(0.0, 2.0))]);
        assert_eq!(
            svg,
            "<svg class=\"chart chart-band\" viewBox=\"0 0 160 100\" width=\"160\" height=\"100\" font-size=\"12\" \
             role=\"img\" aria-label=\"by day\" data-x0=\"6\" data-x1=\"152\" data-n=\"3\">\
             <path class=\"grid\" d=\"M6 74.8h146M6 32.4h146\"/>\
             <path class=\"axis\" d=\"M6 78h146M6 78v4M79 78v4M152 78v4\"/>\
             <g class=\"tick\" text-anchor=\"end\"><text x=\"0\" y=\"78.8\"></text><text x=\"0\" y=\"36.4\"></text></g>\
             <g class=\"tick\" text-anchor=\"middle\"><text x=\"18.1\" y=\"95\">Mar 1</text>\
             <text x=\"79\" y=\"95\">Mar 2</text><text x=\"141.9\" y=\"95\">Mar 3</text></g>\
             <path class=\"zero\" d=\"M6 74.8h146\"/>\
             <g class=\"arm-1\"><path class=\"band-outer\" d=\"M79 11.2l73 21.2v42.4l-73-21.2z\"/>\
             <path class=\"line\" d=\"M6 74.8l73-42.4 73 21.2\"/></g></svg>"
        );
    }

    #[test]
    fn an_unbounded_day_goes_to_the_edges_with_arrows() {
        let svg = picture(&[
            point(0.0, interval(-1.0, 1.0)),
            point(0.0, interval(f64::NEG_INFINITY, f64::INFINITY)),
            point(0.0, interval(-1.0, 1.0)),
        ]);
        assert_eq!(path(&svg, "band-outer"), "M6 11.2v-3.2h146v3.2 63.6 3.2h-146v-3.2z");
        assert_eq!(path(&svg, "clipped"), "M79 8l3.5 5h-7zM79 78l-3.5-5h7z");
    }

    #[test]
    fn absent_days_are_gaps() {
        let line = |estimates: [f64; 4]| {
            let points =
                estimates.map(|estimate| BandPoint { estimate: Some(estimate), ..BandPoint::default() });
            path(&picture(&points), "line").to_owned()
        };
        assert_eq!(line([1.0, 1.0, 1.0, 1.0]), "M6 11.2h146");
        assert_eq!(line([1.0, 1.0, f64::NAN, 1.0]), "M6 11.2h48.7M150.5 11.2h1.5");
        assert_eq!(line([1.0, f64::INFINITY, 1.0, 1.0]), "M6 11.2h1.5M103.3 11.2h48.7");
    }

    #[test]
    fn the_margin_is_held() {
        let points = [point(1.0, interval(0.9, 1.1))];
        let series = [BandSeries { label: "", arm: 0, points: &points }];
        let svg = band_chart(&BandChart { margin: Some(-5.0), ..chart(&series, SMALL) });
        assert_sound(&svg);
        assert_eq!(path(&svg, "margin"), "M6 74.8h146");
    }

    #[test]
    fn the_first_days_do_not_squash_the_rest() {
        let days: Vec<BandPoint> = (1..=60)
            .map(|day| point(0.0, interval(-100.0 / f64::from(day), 100.0 / f64::from(day))))
            .collect();
        let series = [BandSeries { label: "", arm: 0, points: &days }];
        // The thirtieth and the thirty-first are the middle of the half-widths: 100 / 31 is the lower.
        let domain = domain(&chart(&series, SMALL));
        let half = 2.5 * 100.0 / 31.0;
        assert_eq!((domain.lower(), domain.upper()), (-half * 1.1, half * 1.1));
    }

    #[test]
    fn no_day_leaves_a_frame() {
        let svg = band_chart(&chart(&[], SMALL));
        assert_sound(&svg);
        assert!(svg.contains("data-n=\"0\"") && !svg.contains("<text"), "{svg}");
        assert_eq!(path(&svg, "axis"), "M6 78h146");
    }

    #[test]
    fn sixty_days_are_small() {
        let days: Vec<BandPoint> = (1..=60)
            .map(|day| {
                let day = f64::from(day);
                // It wavers as a running mean does, less and less.
                let (estimate, half) = (0.01 + 0.01 * day.sin() / day, 0.06 / day.sqrt());
                let around = |half: f64| interval(estimate - half, estimate + half);
                BandPoint { estimate: Some(estimate), inner: around(half), outer: around(1.7 * half) }
            })
            .collect();
        let series = [BandSeries { label: "", arm: 0, points: &days }];
        let svg =
            band_chart(&BandChart { format: &|value| format!("{value}"), ..chart(&series, Size::COLUMN) });
        assert!((1500..3000).contains(&svg.len()), "{}", svg.len());
    }

    fn any_point() -> impl Strategy<Value = BandPoint> {
        let part = || prop::option::of(any_interval());
        let parts = (prop::option::of(any_number()), part(), part());
        parts.prop_map(|(estimate, inner, outer)| BandPoint { estimate, inner, outer })
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_sound_picture(
            curves in prop::collection::vec((".{0,30}", prop::collection::vec(any_point(), 0..40)), 0..10),
            first in any::<i32>(),
            margin in prop::option::of(any_number()),
            width in any_number(),
            height in 0.0..400.0,
        ) {
            let series: Vec<BandSeries<'_>> = curves
                .iter()
                .enumerate()
                .map(|(arm, (label, points))| BandSeries { label, arm, points })
                .collect();
            let size = Size { width, height };
            let format = |value: f64| format!("{value:.2}");
            let any = BandChart { first: Day(first), margin, format: &format, ..chart(&series, size) };
            assert_sound(&band_chart(&any));
            assert_sound(&band_chart(&BandChart { first: Day(first % 20_000), size: Size::FULL, ..any }));
        }
    }
}
