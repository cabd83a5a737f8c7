//! The table of a simulation, for people and for spreadsheets.

use std::io::{self, Write};

use experiment_core::simulate::{Calibration, Promise, Row, Scenario, Status};

/// Widths of the columns: method, arms, looks, runs, promised, false rejections, power, coverage, sample.
const COLUMNS: [usize; 9] = [27, 9, 5, 7, 8, 8, 7, 8, 6];

/// Writes the table for reading, in 100 columns.
pub(super) fn write_table(calibration: &Calibration, out: &mut dyn Write) -> io::Result<()> {
    let Calibration { runs, customers, seed, .. } = calibration;
    writeln!(out, "{runs} simulated experiments a row, {customers} customers each, seed {seed}")?;
    writeln!(out, "At 5 % a rate is kept within {} points (three Monte-Carlo errors).", slack(calibration))?;
    let mut scenario: Option<Scenario> = None;
    for row in &calibration.rows {
        if scenario.replace(row.scenario) != Some(row.scenario) {
            writeln!(out)?;
            writeln!(out, "{}", row.scenario)?;
            let heads =
                ["method", "arms", "looks", "runs", "promised", "false", "power", "coverage", "sample"];
            write_line(&heads.map(str::to_owned), "", out)?;
        }
        write_row(row, out)?;
    }
    write_losses(calibration, out)?;
    writeln!(out)?;
    match calibration.broken().count() {
        0 => writeln!(out, "Every promise is kept."),
        1 => writeln!(out, "1 row breaks its promise."),
        broken => writeln!(out, "{broken} rows break their promise."),
    }
}

fn slack(calibration: &Calibration) -> String {
    let error = (0.05 * 0.95 / f64::from(calibration.runs)).sqrt();
    format!("{:.2}", 300.0 * error)
}

fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let promised = match row.promise {
        Promise::Equal => format!("= {}", level(row.alpha)),
        Promise::AtMost => format!("<= {}", level(row.alpha)),
        Promise::Nothing => String::new(),
    };
    let cells = [
        row.method.name().to_owned(),
        row.world.name().to_owned(),
        row.looks.name().to_owned(),
        row.runs.to_string(),
        promised,
        row.false_rejections.map(percent).unwrap_or_default(),
        row.power.map(percent).unwrap_or_default(),
        row.coverage.map(percent).unwrap_or_default(),
        row.sample.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default(),
    ];
    let mark = match row.status {
        Status::Kept => "kept",
        Status::Broken => "BROKEN",
        Status::NotPromised => "",
    };
    write_line(&cells, mark, out)?;
    if row.not_estimable > 0 {
        writeln!(out, "    not estimable in {} of them", row.not_estimable)?;
    }
    Ok(())
}

fn write_line(cells: &[String; 9], mark: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::from(" ");
    for (index, (cell, width)) in cells.iter().zip(COLUMNS).enumerate() {
        // Words to the left, numbers to the right.
        let cell = if index < 3 { format!(" {cell:<width$}") } else { format!(" {cell:>width$}") };
        line.push_str(&cell);
    }
    writeln!(out, "{}", format!("{line} {mark}").trim_end())
}

fn write_losses(calibration: &Calibration, out: &mut dyn Write) -> io::Result<()> {
    let rows = calibration.rows.iter().filter_map(|row| Some((row, row.loss?)));
    for (index, (row, loss)) in rows.enumerate() {
        if index == 0 {
            writeln!(out)?;
            writeln!(out, "What shipping was expected to lose, and what it lost, on average")?;
        }
        writeln!(
            out,
            "  {}, {}, {}: shipped {} times, expected {:.6}, lost {:.6}",
            row.scenario, row.world, row.looks, loss.shipped, loss.expected, loss.realised
        )?;
    }
    Ok(())
}

/// A level as it is said: 5 %, 0.1 %.
fn level(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Writes every row in full precision.
pub(super) fn write_csv(calibration: &Calibration, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "scenario",
        "world",
        "method",
        "looks",
        "runs",
        "not_estimable",
        "alpha",
        "promise",
        "false_rejections",
        "power",
        "coverage",
        "sample",
        "shipped",
        "expected_loss",
        "realised_loss",
        "monte_carlo_error",
        "status",
    ])?;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for row in &calibration.rows {
        csv.write_record([
            row.scenario.name().to_owned(),
            row.world.name().to_owned(),
            row.method.name().to_owned(),
            row.looks.name().to_owned(),
            row.runs.to_string(),
            row.not_estimable.to_string(),
            row.alpha.to_string(),
            row.promise.name().to_owned(),
            number(row.false_rejections),
            number(row.power),
            number(row.coverage),
            number(row.sample),
            row.loss.map(|loss| loss.shipped.to_string()).unwrap_or_default(),
            number(row.loss.map(|loss| loss.expected)),
            number(row.loss.map(|loss| loss.realised)),
            row.monte_carlo_error.to_string(),
            row.status.name().to_owned(),
        ])?;
    }
    csv.flush()?;
    Ok(())
}
