//! The effect from day to day, and the share still there.

use experiment_core::definition::Role;
use experiment_core::report::{
    DailyComparison, DailyReport, Estimand, MetricReport, RelativeSet, SurvivalDay,
};
use experiment_core::stats::Interval;
use experiment_core::time::Day;

use super::interval::in_words;
use super::metric::place_of;
use super::scale::Scale;
use crate::page::chart::{
    BandChart, BandPoint, BandSeries, Size, Step, StepArm, StepChart, Vertical, band_chart, step_chart,
};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// How large a curve is.
const CURVE: Size = Size { width: 360.0, height: 190.0 };

/// Most days that a picture spans, counted back from the last: what lies further back is a date gone wrong, and would
/// leave no room for the rest.
const MOST_DAYS: i64 = 3_660;

/// One metric over its days.
pub(super) struct Curves {
    pub(super) metric: String,
    /// Whether it is shown at once: those that decide, and guardrails where there is room beside them.
    pub(super) is_open: bool,
    /// One picture a variant, with its name.
    pub(super) charts: Vec<(String, String)>,
    pub(super) rows: Vec<CurveRow>,
}

/// A day in numbers, variant after variant.
pub(super) struct CurveRow {
    pub(super) day: String,
    pub(super) cells: Vec<CurveCells>,
}

/// A variant on one day.
pub(super) struct CurveCells {
    pub(super) control_n: String,
    pub(super) n: String,
    pub(super) effect: String,
    pub(super) single: String,
    pub(super) all_days: String,
}

/// The curve of a metric; nothing before its first mature day. Curves are on the metric's own scale.
pub(super) fn curves(report: &MetricReport, arms: &[String], margin: Option<f64>) -> Option<Curves> {
    let scale = Scale::absolute_of(report.kind);
    let last = report.daily.last()?.day;
    let is_shown = |day: &&DailyReport| i64::from(last.0) - i64::from(day.day.0) < MOST_DAYS;
    let days: Vec<&DailyReport> = report.daily.iter().filter(is_shown).collect();
    let first = days.first()?.day;
    let variants: Vec<&str> =
        report.comparisons.iter().map(|comparison| comparison.variant.as_str()).collect();
    let name = fill(ENGLISH.daily_of, &[("metric", &report.metric)]);
    let chart = |variant: &&str| {
        // A day on which nobody entered leaves a gap.
        let point = |day: i32| {
            let found = days.binary_search_by_key(&Day(day), |known| known.day).ok();
            found.and_then(|place| of_variant(days[place], variant)).map(point_of).unwrap_or_default()
        };
        let points: Vec<BandPoint> = (first.0..=last.0).map(point).collect();
        let series = [BandSeries { label: "", arm: place_of(arms, variant), points: &points }];
        let chart = band_chart(&BandChart {
            label: &format!("{name}, {variant}"),
            size: CURVE,
            first,
            series: &series,
            margin,
            format: &|end| scale.end(end),
        });
        ((*variant).to_owned(), chart)
    };
    let row = |day: &&DailyReport| CurveRow {
        day: day.day.to_string(),
        cells: variants.iter().map(|variant| cells(of_variant(day, variant), scale)).collect(),
    };
    Some(Curves {
        metric: report.metric.clone(),
        is_open: report.role == Role::Primary || (report.role == Role::Guardrail && variants.len() == 1),
        charts: variants.iter().map(chart).collect(),
        rows: days.iter().map(row).collect(),
    })
}

fn of_variant<'a>(day: &'a DailyReport, variant: &str) -> Option<&'a DailyComparison> {
    day.comparisons.iter().find(|comparison| comparison.variant == variant)
}

fn point_of(comparison: &DailyComparison) -> BandPoint {
    let between = |lower: Option<f64>, upper: Option<f64>| {
        lower.zip(upper).map(|(lower, upper)| Interval { lower, upper })
    };
    BandPoint {
        estimate: comparison.effect.map(|effect| effect.estimate),
        inner: comparison.effect.and_then(|effect| between(effect.lower, effect.upper)),
        outer: comparison.always_valid.and_then(|all| between(all.lower, all.upper)),
    }
}

fn cells(comparison: Option<&DailyComparison>, scale: Scale) -> CurveCells {
    let nothing = || ENGLISH.nothing.to_owned();
    let effect = comparison.and_then(|comparison| comparison.effect);
    let interval = |lower, upper| in_words(lower, upper, RelativeSet::Interval, |end| scale.end(end));
    let all_days = comparison.and_then(|comparison| comparison.always_valid);
    CurveCells {
        control_n: comparison.map_or_else(nothing, |comparison| number::count(comparison.control_n)),
        n: comparison.map_or_else(nothing, |comparison| number::count(comparison.n)),
        effect: effect.map_or_else(nothing, |effect| scale.effect(effect.estimate)),
        single: effect.map_or_else(nothing, |effect| interval(effect.lower, effect.upper)),
        all_days: all_days.map_or_else(nothing, |all| interval(all.lower, all.upper)),
    }
}

/// Who is still there, arm by arm.
pub(super) struct SurvivalCurves {
    pub(super) metric: String,
    pub(super) chart: String,
    /// The arms with their colours' places.
    pub(super) arms: Vec<(String, usize)>,
    pub(super) rows: Vec<SurvivalRow>,
}

/// An arm on one day.
pub(super) struct SurvivalRow {
    pub(super) arm: String,
    pub(super) day: u32,
    pub(super) at_risk: String,
    pub(super) lost: String,
    pub(super) share: String,
    pub(super) interval: String,
}

/// The survival curves of a metric, if it has any.
pub(super) fn survival(
    report: &MetricReport,
    arms: &[String],
    horizon: Option<u32>,
) -> Option<SurvivalCurves> {
    if report.kind != Estimand::Survival || report.arms.iter().all(|arm| arm.survival.is_empty()) {
        return None;
    }
    let step = |day: &SurvivalDay| Step {
        day: day.day,
        share: day.survival,
        interval: day.lower.zip(day.upper).map(|(lower, upper)| Interval { lower, upper }),
    };
    let steps: Vec<Vec<Step>> =
        report.arms.iter().map(|arm| arm.survival.iter().map(step).collect()).collect();
    let followed = report.arms.iter().flat_map(|arm| &arm.survival).map(|day| day.day).max().unwrap_or(0);
    let until = horizon.unwrap_or(followed).min(followed.max(1));
    let curves = report.arms.iter().zip(&steps).map(|(arm, steps)| StepArm {
        label: "",
        arm: place_of(arms, &arm.variant),
        steps,
        until,
    });
    let curves: Vec<StepArm<'_>> = curves.collect();
    let name = fill(ENGLISH.survival_of, &[("metric", &report.metric)]);
    let chart = step_chart(&StepChart {
        label: &name,
        size: CURVE,
        arms: &curves,
        vertical: Vertical::Fitted,
        format: &number::percent,
    });
    let rows = report.arms.iter().flat_map(|arm| {
        arm.survival.iter().map(|day| SurvivalRow {
            arm: arm.variant.clone(),
            day: day.day,
            at_risk: number::count(day.at_risk),
            lost: number::count(day.events),
            share: number::percent(day.survival),
            interval: match day.lower {
                Some(_) => in_words(day.lower, day.upper, RelativeSet::Interval, number::percent),
                None => ENGLISH.nothing.to_owned(),
            },
        })
    });
    Some(SurvivalCurves {
        metric: report.metric.clone(),
        chart,
        arms: report.arms.iter().map(|arm| (arm.variant.clone(), place_of(arms, &arm.variant))).collect(),
        rows: rows.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_gone_wrong_takes_no_room() {
        let day = |day: &str| serde_json::json!({"day": day, "comparisons": []});
        let report: MetricReport = serde_json::from_value(serde_json::json!({
            "metric": "kept", "kind": "mean", "role": "primary", "direction": "up", "arms": [],
            "comparisons": [{"variant": "gift", "control": "control", "method": "welch_t"}],
            "daily": [day("0001-01-01"), day("1970-01-01"), day("2026-03-01"), day("2026-03-03")],
        }))
        .unwrap();
        let arms = ["control".to_owned(), "gift".to_owned()];
        let found = curves(&report, &arms, None).unwrap();
        assert_eq!(
            found.rows.iter().map(|row| row.day.as_str()).collect::<Vec<_>>(),
            ["2026-03-01", "2026-03-03"]
        );
        assert!(found.charts[0].1.contains(r#"data-n="3""#), "{}", found.charts[0].1);
    }
}
