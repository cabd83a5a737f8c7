//! Whether facts still come when their windows are taken to be over.

use super::check;
use crate::definition::Role;
use crate::measure::Slice;
use crate::report::{Aggregates, Check, CheckCode, Design, Level, sums};

/// Share of a sum, or of its customers, that late facts may change before it matters.
const LATE_WARNING: f64 = 0.01;

/// What late facts changed about primaries and guardrails, beside what there is in all; absent when none came.
pub(super) fn late_check(design: &Design, aggregates: &Aggregates) -> Option<Check> {
    let mut worst: Option<(&str, f64)> = None;
    let metrics = design.metrics.iter().zip(&aggregates.late).zip(&aggregates.metrics);
    for ((metric, late), cells) in metrics.filter(|((metric, _), _)| metric.role != Role::Secondary) {
        let mut customers = 0.0;
        let mut sums_of = vec![0.0; metric.parts()];
        for (_, moments) in sums::slice_cells(cells, &Slice::All) {
            customers += moments.n() as f64;
            for (total, sum) in sums_of.iter_mut().zip(moments.sums()) {
                *total += sum.unsigned_abs() as f64;
            }
        }
        let share = |(part, whole): (u64, f64)| if part == 0 { 0.0 } else { part as f64 / whole.max(1.0) };
        let of_sums = late.steps.iter().copied().zip(sums_of).map(share);
        let share = of_sums.fold(share((late.customers, customers)), f64::max);
        if share > 0.0 && worst.is_none_or(|(_, other)| share > other) {
            worst = Some((&metric.key, share));
        }
    }
    let (metric, share) = worst?;
    let found = format!(
        "Facts that came after their windows and grace were over changed {metric} by {:.2} %",
        share * 100.0
    );
    if share > LATE_WARNING {
        let detail = format!(
            "{found}: earlier reports, and what was decided by them, did not know of it. Find out what holds facts up, \
             or state a longer grace."
        );
        return Some(check(CheckCode::LateFacts, Level::Warn, detail));
    }
    Some(check(CheckCode::LateFacts, Level::Ok, format!("{found}, which is little.")))
}
