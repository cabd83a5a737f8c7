//! Whom to give an offer to, as a table.

use std::io::{self, Write};

use experiment_core::report::{Effect, Report};

use super::csv::{Row, Table};

/// The columns; a public contract.
pub const WHOM_CSV_HEADER: [&str; 19] = [
    "experiment",
    "as_of",
    "variant",
    "control",
    "dimension",
    "value",
    "customers",
    "kept_per_1000",
    "kept_std_error",
    "kept_lower",
    "kept_upper",
    "net_value_per_customer",
    "net_std_error",
    "net_lower",
    "net_upper",
    "chance_it_pays",
    "adjusted_p_value",
    "advice",
    "not_estimable",
];

/// Writes one row per (variant, value of a dimension) under [`WHOM_CSV_HEADER`] (RFC 4180, full precision). Only
/// definitions with economics and dimensions have rows.
///
/// # Errors
/// What `out` fails with.
pub fn write_whom_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &WHOM_CSV_HEADER)?;
    for offer in &report.economics {
        for whom in &offer.whom {
            let mut row = Row::of(report);
            for text in [&offer.variant, &offer.control, &whom.dimension, &whom.value] {
                row.text(text);
            }
            row.plain(Some(whom.customers.to_string()));
            for effect in [whom.kept_per_1000, whom.net_value_per_customer] {
                let number = |field: fn(Effect) -> Option<f64>| effect.and_then(field);
                row.number(number(|effect| Some(effect.estimate)));
                row.number(number(|effect| effect.std_error));
                row.number(number(|effect| effect.lower));
                row.number(number(|effect| effect.upper));
            }
            row.number(whom.chance_it_pays);
            row.number(whom.adjusted_p_value);
            row.word(Some(whom.advice));
            row.plain(whom.not_estimable.as_ref().map(|reason| reason.code.clone()));
            table.row(&row.0)?;
        }
    }
    table.end()
}
