//! The effect from day to day as a table.

use std::io::{self, Write};

use experiment_core::report::Report;

use super::csv::{Row, writer};

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
    let mut writer = writer(out);
    writer.write_record(DAILY_CSV_HEADER)?;
    let as_of = report.as_of.map(|as_of| as_of.to_string());
    for metric in &report.metrics {
        let control = metric.comparisons.first().map_or("", |comparison| &comparison.control);
        for day in &metric.daily {
            for comparison in &day.comparisons {
                let mut row = Row::default();
                row.text(&report.experiment);
                row.plain(as_of.clone());
                row.text(&metric.metric);
                row.word(Some(metric.kind));
                row.plain(Some(day.day.to_string()));
                row.text(&comparison.variant);
                row.text(control);
                row.plain(Some(comparison.control_n.to_string()));
                row.plain(Some(comparison.n.to_string()));
                row.number(comparison.effect.map(|effect| effect.estimate));
                row.number(comparison.effect.and_then(|effect| effect.lower));
                row.number(comparison.effect.and_then(|effect| effect.upper));
                row.number(comparison.always_valid.and_then(|all| all.lower));
                row.number(comparison.always_valid.and_then(|all| all.upper));
                debug_assert_eq!(row.0.len(), DAILY_CSV_HEADER.len());
                writer.write_record(&row.0)?;
            }
        }
    }
    writer.flush()
}
