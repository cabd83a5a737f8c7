//! How often the intervals of what an offer earns hold the truth, for people and for spreadsheets.

use std::io::{self, Write};

use csv::Writer;
use experiment_core::simulate::{FigureCoverage, PaysRate};
use serde::Serialize;

/// One offer's figures.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OfferCoverage {
    /// A row a figure.
    pub(super) figures: Vec<FigureCoverage>,
    /// How often it is taken to pay.
    pub(super) pays: PaysRate,
}

/// Writes the table for reading, in 100 columns.
pub(super) fn write_table(offers: &[OfferCoverage], out: &mut dyn Write) -> io::Result<()> {
    let heads = ["truth", "mean", "coverage", "unbounded", ""];
    write!(out, "{:<14}{:<30}{:>7}", "offer", "figure", "runs")?;
    heads.iter().try_for_each(|head| write!(out, "{head:>11}"))?;
    writeln!(out)?;
    let number = |value: Option<f64>, absent: &str| {
        value.map_or_else(|| absent.to_owned(), |value| format!("{value:.4}"))
    };
    for row in offers.iter().flat_map(|offer| &offer.figures) {
        write!(out, "{:<14}{:<30}{:>7}", row.offer.name(), row.figure, row.runs)?;
        write!(out, "{:>11}{:>11}", number(row.truth, "infinite"), number(row.mean, "-"))?;
        write!(out, "{:>9.2} %{:>9.2} %", row.coverage * 100.0, row.unbounded * 100.0)?;
        writeln!(out, "{:>11}", if row.is_kept() { "ok" } else { "BROKEN" })?;
    }
    writeln!(out)?;
    for PaysRate { offer, runs, pays } in offers.iter().map(|offer| offer.pays) {
        let pays = pays * 100.0;
        writeln!(
            out,
            "{:<14}said to pay with a chance of 95 % or more in {pays:.2} % of {runs}",
            offer.name()
        )?;
    }
    Ok(())
}

/// Writes one row a figure, with a header.
pub(super) fn write_csv(offers: &[OfferCoverage], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::from_writer(out);
    for row in offers.iter().flat_map(|offer| &offer.figures) {
        writer.serialize(row).map_err(io::Error::other)?;
    }
    writer.flush()
}
