//! How often each verdict is given, for people and for spreadsheets.

use std::io::{self, Write};

use csv::Writer;
use experiment_core::simulate::VerdictRates;

/// Writes the table for reading, in 100 columns.
pub(super) fn write_table(rates: &[VerdictRates], out: &mut dyn Write) -> io::Result<()> {
    let heads = ["ship", "keep", "harm", "open", "invalid", "sample"];
    write!(out, "{:<11}{:<17}{:>7}", "variant", "plan", "runs")?;
    heads.iter().try_for_each(|head| write!(out, "{head:>9}"))?;
    writeln!(out)?;
    for row in rates {
        write!(out, "{:<11}{:<17}{:>7}", row.truth.name(), word(row.method), row.runs)?;
        let shares =
            [row.ship, row.keep_control, row.stop_for_harm, row.inconclusive, row.invalid, row.sample];
        shares.iter().try_for_each(|share| write!(out, "{:>7.2} %", share * 100.0))?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes one row a plan and truth, with a header.
pub(super) fn write_csv(rates: &[VerdictRates], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::from_writer(out);
    for row in rates {
        writer.serialize(row).map_err(io::Error::other)?;
    }
    writer.flush()
}

fn word(method: experiment_core::definition::Method) -> String {
    let word = serde_json::to_value(method).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
