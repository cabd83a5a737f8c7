//! The effect by week of entry as a table.

use std::io::{self, Write};

use experiment_core::report::Report;

use super::csv::{Row, Table};

/// The columns; a public contract.
pub const WEEKLY_CSV_HEADER: [&str; 13] = [
    "experiment",
    "as_of",
    "metric",
    "kind",
    "week_from",
    "variant",
    "control",
    "control_n",
    "n",
    "effect",
    "effect_std_error",
    "effect_lower",
    "effect_upper",
];

/// Writes one row per (metric, week of entry, variant) under [`WEEKLY_CSV_HEADER`], the weeks in their order (RFC 4180,
/// full precision). A week in which nobody entered has no row.
///
/// # Errors
/// What `out` fails with.
pub fn write_weekly_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &WEEKLY_CSV_HEADER)?;
    for metric in &report.metrics {
        for week in &metric.weekly {
            for comparison in &week.comparisons {
                let customers = [comparison.control_n, comparison.n];
                let mut row = Row::of_day(report, metric, week.from, &comparison.variant, customers);
                row.number(comparison.effect.map(|effect| effect.estimate));
                row.number(comparison.effect.and_then(|effect| effect.std_error));
                row.number(comparison.effect.and_then(|effect| effect.lower));
                row.number(comparison.effect.and_then(|effect| effect.upper));
                table.row(&row.0)?;
            }
        }
    }
    table.end()
}
