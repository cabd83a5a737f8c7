//! Survival curves: the share still there, day by day after a start, for several arms.

use experiment_core::stats::Interval;

use super::days::count_ticks;
use super::domain::{Domain, Extent, domain_of_most, usable};
use super::path::{Path, Place, place};
use super::plot::{EndName, Outline, Plot, arm_class};
use super::size::Size;

/// How many median half-widths beyond the curves a fitted axis shows of their bands: late days have few customers.
const WIDEST: f64 = 2.0;

/// The least change, in units, for which a step is drawn; smaller ones wait until they add up to it.
const LEAST_STEP: f64 = 0.5;

/// The value of a curve from a day on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Days after the start.
    pub day: u32,
    /// The share that is left, from 0 to 1; a step without a number is left out.
    pub share: f64,
    /// Its confidence interval, where there is one.
    pub interval: Option<Interval>,
}

/// One curve, which is 1 before its first step.
#[derive(Debug, Clone, Copy)]
pub struct StepArm<'a> {
    /// Its name, written at its right end if not empty, and cut to a quarter of the picture.
    pub label: &'a str,
    /// Which colour it has: the class `arm-0` to `arm-7`, then again from 0.
    pub arm: usize,
    /// In ascending order of days.
    pub steps: &'a [Step],
    /// The last day on which it was followed, where the curve ends.
    pub until: u32,
}

/// Which shares the axis shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vertical {
    /// From 0 to 1.
    Whole,
    /// As much as the curves and most of their bands need.
    Fitted,
}

/// Curves from the same start.
#[derive(Clone, Copy)]
pub struct StepChart<'a> {
    /// What is read aloud in the picture's place.
    pub label: &'a str,
    /// How large it is.
    pub size: Size,
    /// The curves, later ones on top.
    pub arms: &'a [StepArm<'a>],
    /// Which shares are shown.
    pub vertical: Vertical,
    /// Makes the label of a round share.
    pub format: &'a dyn Fn(f64) -> String,
}

/// The picture: for each arm a band and a line from day 0 to the last day on which it was followed.
///
/// `data-n` counts the days from 0 to the last of any arm. Without arms there is a frame without labels, and it is 0.
///
/// Classes: `chart-steps`, `grid`, `axis`, `tick`, for each arm a group `arm-0` to `arm-7` with `band-inner` and
/// `line`, and `label` with the same.
#[must_use]
pub fn step_chart(chart: &StepChart<'_>) -> String {
    let curves: Vec<Vec<Step>> = chart.arms.iter().map(curve).collect();
    let days = chart.arms.iter().map(|arm| arm.until as usize + 1).max().unwrap_or(0);
    let names = chart.arms.iter().zip(&curves).map(|(arm, curve)| EndName {
        name: arm.label,
        arm: arm.arm,
        value: curve.last().map(|step| step.share),
    });
    let plot = Plot::new(Outline {
        class: "chart-steps",
        label: chart.label,
        size: chart.size,
        count: days,
        domain: domain(chart.vertical, &curves),
        format: chart.format,
        names: names.collect(),
    });
    let mut svg = plot.open(&count_ticks(plot.days, plot.picture()));
    for (arm, curve) in chart.arms.iter().zip(&curves) {
        svg.open(&arm_class(arm.arm));
        svg.path("band-inner", &band(&plot, curve, arm.until));
        let mut line = Path::default();
        line.through(&stairs(&plot, curve.iter().map(|step| (step.day, step.share)), arm.until));
        svg.path("line", &line);
        svg.close();
    }
    plot.finish(svg)
}

/// The steps that can be drawn, beginning on day 0.
fn curve(arm: &StepArm<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = arm.steps.iter().filter_map(|step| drawable(*step)).collect();
    steps.retain(|step| step.day <= arm.until);
    steps.sort_by_key(|step| step.day);
    if steps.first().is_none_or(|step| step.day > 0) {
        steps.insert(0, Step { day: 0, share: 1.0, interval: None });
    }
    steps
}

fn drawable(step: Step) -> Option<Step> {
    let within = |interval: Interval| Interval {
        lower: interval.lower.clamp(0.0, 1.0),
        upper: interval.upper.clamp(0.0, 1.0),
    };
    let share = step.share.clamp(0.0, 1.0);
    (!share.is_nan()).then(|| Step { share, interval: step.interval.and_then(usable).map(within), ..step })
}

fn domain(vertical: Vertical, curves: &[Vec<Step>]) -> Domain {
    let steps = || curves.iter().flatten();
    if vertical == Vertical::Whole || steps().next().is_none() {
        return Domain::holding([0.0, 1.0]);
    }
    let extents: Vec<Extent> =
        steps().map(|step| Extent { estimate: Some(step.share), interval: step.interval }).collect();
    let shares: Vec<f64> = steps().map(|step| step.share).collect();
    let fitted = domain_of_most(&extents, &shares, WIDEST);
    Domain::holding([fitted.lower().max(0.0), fitted.upper().min(1.0)])
}

/// Areas over the stretches of steps that have an interval, each up to the next step.
fn band(plot: &Plot<'_>, curve: &[Step], until: u32) -> Path {
    let mut path = Path::default();
    let mut start = 0;
    for stretch in curve.split(|step| step.interval.is_none()) {
        let end = start + stretch.len();
        let last = curve.get(end).map_or(until, |next| next.day);
        let edge = |of: fn(Interval) -> f64| {
            stairs(plot, stretch.iter().filter_map(|step| Some((step.day, of(step.interval?)))), last)
        };
        let mut around = edge(|interval| interval.upper);
        around.extend(edge(|interval| interval.lower).into_iter().rev());
        path.polygon(&around);
        start = end + 1;
    }
    path
}

/// The corners of a step function within the plot, up to the day `last`.
fn stairs(plot: &Plot<'_>, values: impl Iterator<Item = (u32, f64)>, last: u32) -> Vec<Place> {
    let mut corners: Vec<Place> = Vec::new();
    for (day, value) in values {
        let x = plot.days.place(day as usize);
        let y = plot.values.place(value).clamp(plot.rows.top, plot.rows.bottom);
        match corners.last().map(|corner| corner.y) {
            None => corners.push(place(x, y)),
            Some(before) if (y - before).abs() >= LEAST_STEP => {
                corners.extend([place(x, before), place(x, y)])
            }
            Some(_) => {}
        }
    }
    corners.extend(corners.last().map(|corner| place(plot.days.place(last as usize), corner.y)));
    corners
}

#[cfg(test)]
mod tests {
    use super::super::sound::{any_interval, any_number, assert_sound};
    use super::*;
    use proptest::prelude::*;

    const SMALL: Size = Size { width: 160.0, height: 100.0 };

    fn chart<'a>(arms: &'a [StepArm<'a>], vertical: Vertical) -> StepChart<'a> {
        StepChart { label: "survival", size: SMALL, arms, vertical, format: &|_| String::new() }
    }

    fn step(day: u32, share: f64, lower: f64, upper: f64) -> Step {
        Step { day, share, interval: Some(Interval { lower, upper }) }
    }

    /// What stands in the group of the only arm.
    fn drawn(steps: &[Step], until: u32) -> String {
        let svg = step_chart(&chart(&[StepArm { label: "", arm: 2, steps, until }], Vertical::Whole));
        assert_sound(&svg);
        let (_, group) = svg.split_once("<g class=\"arm-2\">").unwrap();
        group.split_once("</g>").unwrap().0.to_owned()
    }

    #[test]
    fn a_curve_begins_at_one_and_ends_where_it_was_followed() {
        assert_eq!(drawn(&[], 5), "<path class=\"line\" d=\"M6 8h146\"/>");
        assert_eq!(
            drawn(&[step(1, 0.5, 0.25, 0.75)], 2),
            "<path class=\"band-inner\" d=\"M79 25.5h73v35h-73z\"/><path class=\"line\" d=\"M6 8h73v35h73\"/>"
        );
    }

    #[test]
    fn bands_end_where_there_is_no_interval() {
        let steps = [step(0, 0.75, 0.5, 1.0), Step { day: 1, share: 0.5, interval: None }];
        assert_eq!(
            drawn(&steps, 2),
            "<path class=\"band-inner\" d=\"M6 8h73v35h-73z\"/><path class=\"line\" d=\"M6 25.5h73v17.5h73\"/>"
        );
    }

    #[test]
    fn steps_that_cannot_be_seen_wait_until_they_add_up() {
        // A unit is a seventieth: of a thousandth each, eight are more than half of one.
        let steps: Vec<Step> =
            (1..=10).map(|day| Step { day, share: 1.0 - f64::from(day) / 1000.0, interval: None }).collect();
        assert_eq!(drawn(&steps, 10), "<path class=\"line\" d=\"M6 8h116.8v.6h29.2\"/>");
    }

    #[test]
    fn what_is_no_share_is_left_out() {
        let steps = [
            Step { day: 0, share: f64::NAN, interval: None },
            step(1, 0.5, f64::NAN, 1.0),
            step(9, 0.1, 0.0, 0.2),
        ];
        assert_eq!(drawn(&steps, 2), "<path class=\"line\" d=\"M6 8h73v35h73\"/>");
    }

    #[test]
    fn a_fitted_axis_shows_what_the_curves_need() {
        let steps = [step(1, 0.95, 0.94, 0.96), step(2, 0.9, 0.89, 0.91), step(3, 0.88, 0.0, 1.0)];
        let arm = StepArm { label: "", arm: 0, steps: &steps, until: 3 };
        let fitted = domain(Vertical::Fitted, &[curve(&arm)]);
        // Two half-widths of 0.01 below 0.88, and a twentieth of 0.14; the band of the last day is cut.
        assert!((fitted.lower() - 0.853).abs() < 1e-12, "{fitted:?}");
        assert_eq!(fitted.upper(), 1.0);
        assert_eq!(domain(Vertical::Fitted, &[]), domain(Vertical::Whole, &[]));
    }

    #[test]
    fn points_are_days_from_the_start() {
        let arms = [4, 7].map(|until| StepArm { label: "", arm: 0, steps: &[], until });
        assert!(step_chart(&chart(&arms, Vertical::Whole)).contains("data-n=\"8\""));
        assert!(step_chart(&chart(&[], Vertical::Whole)).contains("data-n=\"0\""));
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let day = prop_oneof![0..60_u32, any::<u32>()];
        let parts = (day, any_number(), prop::option::of(any_interval()));
        parts.prop_map(|(day, share, interval)| Step { day, share, interval })
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_sound_picture(
            curves in prop::collection::vec((".{0,30}", prop::collection::vec(any_step(), 0..40), any::<u32>()), 0..10),
            short in any::<bool>(),
        ) {
            let arms: Vec<StepArm<'_>> = curves
                .iter()
                .enumerate()
                .map(|(arm, (label, steps, until))| {
                    StepArm { label, arm, steps, until: if short { until % 60 } else { *until } }
                })
                .collect();
            assert_sound(&step_chart(&chart(&arms, Vertical::Whole)));
            let format = |value: f64| format!("{value:.2}");
            let fitted = StepChart { size: Size::COLUMN, format: &format, ..chart(&arms, Vertical::Fitted) };
            assert_sound(&step_chart(&fitted));
        }
    }
}
