//! The effect from day to day as a table.

use std::io::{self, Write};

use experiment_core::report::Report;

use super::csv::{Row, Table};

/// The columns; a public contract.
pub const DAILY_CSV_HEADER: [&str; 14] = [
    "experiment",
    "as_of",
    "metric",
    "kind",
    "day",
    "variant",
    "control",
    "control_n",
    "n",
    "effect",
    "effect_lower",
    "effect_upper",
    "always_valid_lower",
    "always_valid_upper",
];

/// Writes one row per (metric, cohort day, variant) under [`DAILY_CSV_HEADER`], the days in their order (RFC 4180, full
/// precision). Days on which nobody entered have no row.
///
/// # Errors
/// What `out` fails with.
pub fn write_daily_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &DAILY_CSV_HEADER)?;
    for metric in &report.metrics {
        for day in &metric.daily {
            for comparison in &day.comparisons {
                let customers = [comparison.control_n, comparison.n];
                let mut row = Row::of_day(report, metric, day.day, &comparison.variant, customers);
                row.number(comparison.effect.map(|effect| effect.estimate));
                row.number(comparison.effect.and_then(|effect| effect.lower));
                row.number(comparison.effect.and_then(|effect| effect.upper));
                row.number(comparison.always_valid.and_then(|all| all.lower));
                row.number(comparison.always_valid.and_then(|all| all.upper));
                table.row(&row.0)?;
            }
        }
    }
    table.end()
}
