//! Survival curves as a table.

use std::io::{self, Write};

use experiment_core::report::Report;

use super::csv::{Row, Table};

/// The columns; a public contract.
pub const SURVIVAL_CSV_HEADER: [&str; 10] = [
    "experiment",
    "as_of",
    "metric",
    "variant",
    "day",
    "at_risk",
    "events",
    "survival",
    "survival_lower",
    "survival_upper",
];

/// Writes one row per (metric, variant, day after the cohort day) under [`SURVIVAL_CSV_HEADER`] (RFC 4180, full
/// precision). Only survival metrics have rows.
///
/// # Errors
/// What `out` fails with.
pub fn write_survival_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &SURVIVAL_CSV_HEADER)?;
    for metric in &report.metrics {
        for arm in &metric.arms {
            for day in &arm.survival {
                let mut row = Row::of(report);
                row.text(&metric.metric);
                row.text(&arm.variant);
                row.plain(Some(day.day.to_string()));
                row.plain(Some(day.at_risk.to_string()));
                row.plain(Some(day.events.to_string()));
                row.number(Some(day.survival));
                row.number(day.lower);
                row.number(day.upper);
                table.row(&row.0)?;
            }
        }
    }
    table.end()
}
