//! The report for reading in a terminal of 100 columns: verdict first, then what it rests on.

use std::io::{self, Write};

use experiment_core::definition::{Direction, Role};
use experiment_core::report::{
    Bound, Check, Comparison, Effect, Estimand, InputRows, Level, MetricReport, Progress, Reading, Report,
    VerdictCode,
};

use super::exploratory::write_exploratory;
use super::interactions::write_interactions;
use super::money::write_money;
use super::number;
use super::text::{cut, printable, wrap};

const WIDTH: usize = 100;
/// Widths of the columns: arm, customers, value, effect, interval, relative effect, p, adjusted p.
const COLUMNS: [usize; 8] = [17, 10, 9, 10, 19, 9, 8, 8];

/// Writes the report for reading.
///
/// # Errors
/// What `out` fails with.
pub fn write_table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_head(report, out)?;
    write_health(report, out)?;
    let roles = [
        (Role::Primary, "Primary metrics"),
        (Role::Guardrail, "Guardrails"),
        (Role::Secondary, "Secondary metrics"),
    ];
    let control = control_of(&report.metrics);
    for (role, title) in roles {
        let metrics: Vec<&MetricReport> =
            report.metrics.iter().filter(|metric| metric.role == role).collect();
        if !metrics.is_empty() {
            write_metrics(title, &metrics, control, out)?;
            write_legend(&metrics, out)?;
        }
    }
    write_exploratory(&report.metrics, out)?;
    write_dimensions(report, control, out)
}

fn write_dimensions(report: &Report, control: &str, out: &mut dyn Write) -> io::Result<()> {
    if report.dimensions.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "By dimension (they don't decide; p adjusted over a metric's values and variants)")?;
    let mut shown = None;
    for slice in &report.dimensions {
        if shown != Some(&slice.dimension) {
            write_interactions(report, &slice.dimension, out)?;
            shown = Some(&slice.dimension);
        }
        let value = if slice.value.is_empty() { "(missing)" } else { &slice.value };
        let title = format!("{} = {}", cut(&slice.dimension, 40), cut(value, 50));
        write_metrics(&title, &slice.metrics.iter().collect::<Vec<_>>(), control, out)?;
    }
    Ok(())
}

fn write_head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let as_of = report.as_of.map(|as_of| format!(" as of {as_of}")).unwrap_or_default();
    writeln!(out, "{}{as_of}", cut(&report.experiment, 60))?;
    writeln!(out)?;
    writeln!(out, "Verdict: {}", verdict(report))?;
    for reason in &report.verdict.reasons {
        write_item("  - ", reason, out)?;
    }
    if let Some(progress) = &report.progress {
        writeln!(out, "Sample: {}", sample(progress))?;
    }
    writeln!(out)?;
    if let Some(input) = &report.input {
        write_item("", &input_sentence(input), out)?;
    }
    let control = control_of(&report.metrics);
    for arm in &report.variants {
        let mark = if arm.variant == control { "  (control)" } else { "" };
        writeln!(
            out,
            "  {:<40} {:>12} customers{mark}",
            cut(&arm.variant, 40),
            number::count(arm.customers)
        )?;
    }
    write_money(report, out)
}

fn write_health(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "Health")?;
    report.health.checks.iter().try_for_each(|check| write_check(check, out))
}

/// Writes what to know at first: the verdict with its reasons, the money, and what is wrong, if anything is.
///
/// # Errors
/// What `out` fails with.
pub fn write_story(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_head(report, out)?;
    writeln!(out)?;
    let (fine, wrong): (Vec<_>, Vec<_>) =
        report.health.checks.iter().partition(|check| check.level == Level::Ok);
    writeln!(out, "Health: {} of {} checks are fine", fine.len(), report.health.checks.len())?;
    wrong.into_iter().try_for_each(|check| write_check(check, out))
}

fn verdict(report: &Report) -> String {
    let variant = report.verdict.variant.as_deref().map(|variant| cut(variant, 60)).unwrap_or_default();
    match report.verdict.verdict {
        VerdictCode::Invalid => "INVALID, the numbers can't be trusted".to_owned(),
        VerdictCode::StopForHarm => format!("STOP FOR HARM {variant}"),
        VerdictCode::Ship => format!("SHIP {variant}"),
        VerdictCode::KeepControl => format!("KEEP THE CONTROL {variant}").trim_end().to_owned(),
        VerdictCode::Inconclusive => "INCONCLUSIVE".to_owned(),
        VerdictCode::Continue => "CONTINUE, too early to tell".to_owned(),
    }
}

/// Reached against target.
fn sample(progress: &Progress) -> String {
    let target = match (progress.customers_per_arm, progress.end) {
        (Some(customers), _) => format!("{} mature customers an arm", number::count(customers)),
        (None, Some(end)) => format!("customers who enter until {end}"),
        (None, None) => "the target".to_owned(),
    };
    let reached = number::percent(progress.reached);
    match progress.days_to_go {
        _ if progress.reached >= 1.0 => format!("complete ({target})"),
        Some(1) => format!("{reached} of {target}, about one day to go"),
        Some(days) => format!("{reached} of {target}, about {days} days to go"),
        None => format!("{reached} of {target}"),
    }
}

fn input_sentence(input: &InputRows) -> String {
    let rejected: u64 = input.rejected.values().sum();
    let mut sentence = format!(
        "{} rows, {} customers, {} duplicate rows, {} rejected",
        number::count(input.rows),
        number::count(input.customers),
        number::count(input.duplicates),
        number::count(rejected)
    );
    if rejected > 0 {
        let reason = |(reason, rows): (&String, &u64)| format!("{reason} {}", number::count(*rows));
        let reasons: Vec<String> = input.rejected.iter().map(reason).collect();
        sentence.push_str(&format!(" ({})", reasons.join(", ")));
    }
    sentence
}

fn write_check(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let level = match check.level {
        Level::Ok => "  ok    ",
        Level::Warn => "  WARN  ",
        Level::Fail => "  FAIL  ",
    };
    write_item(level, &check.detail, out)
}

/// A sentence behind a mark, wrapped under itself.
pub(super) fn write_item(mark: &str, sentence: &str, out: &mut dyn Write) -> io::Result<()> {
    for (i, line) in wrap(sentence, WIDTH - mark.len()).iter().enumerate() {
        let indent = if i == 0 { mark.to_owned() } else { " ".repeat(mark.len()) };
        writeln!(out, "{indent}{line}")?;
    }
    Ok(())
}

/// The control, which only comparisons name.
fn control_of(metrics: &[MetricReport]) -> &str {
    metrics.iter().flat_map(|metric| &metric.comparisons).next().map_or("", |first| &first.control)
}

fn write_metrics(
    title: &str,
    metrics: &[&MetricReport],
    control: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{title}")?;
    let heads = ["", "n", "value", "effect", "interval", "relative", "p", "adj. p"];
    write_cells(&heads.map(str::to_owned), "", out)?;
    for metric in metrics {
        writeln!(out, "  {}", metric_title(metric))?;
        write_rebuilding(metric, out)?;
        for arm in &metric.arms {
            let comparison = metric.comparisons.iter().find(|comparison| comparison.variant == arm.variant);
            let estimate = arm.estimate.map_or("-".to_owned(), |value| number::value(metric.kind, value));
            let mut cells = [const { String::new() }; 8];
            cells[0] = format!("    {}", cut(&arm.variant, COLUMNS[0] - 4));
            cells[1] = number::count(arm.n);
            cells[2] = estimate;
            if arm.variant == control {
                cells[3] = "control".to_owned();
            }
            let mark = comparison.map_or("", |comparison| fill(&mut cells, metric.kind, comparison));
            write_cells(&cells, mark, out)?;
            if let Some(reason) = comparison.and_then(|comparison| comparison.not_estimable.as_ref()) {
                write_item("      not estimable: ", &reason.detail, out)?;
            }
        }
        write_answered(metric, out)?;
        write_immature(metric, out)?;
    }
    Ok(())
}

/// A metric that was added while the experiment ran, as long as it has no numbers.
fn write_rebuilding(metric: &MetricReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(progress) = metric.rebuilding else { return Ok(()) };
    let (done, of) = (number::count(progress.done), number::count(progress.of));
    let sentence = format!("{done} of {of} customers are counted; its numbers come once all are");
    write_item("      rebuilding: ", &sentence, out)
}

/// Whom a metric is over that only some customers answer.
fn write_answered(metric: &MetricReport, out: &mut dyn Write) -> io::Result<()> {
    let rates = metric.arms.iter().filter_map(|arm| {
        let rate = number::percent(arm.response_rate?);
        Some(format!("{} {rate}", printable(&arm.variant)))
    });
    let rates: Vec<String> = rates.collect();
    if rates.is_empty() {
        return Ok(());
    }
    write_item("      answered: ", &rates.join(", "), out)
}

fn metric_title(metric: &MetricReport) -> String {
    let kind = match metric.kind {
        Estimand::Proportion => "proportion",
        Estimand::Mean => "mean",
        Estimand::Ratio => "ratio",
        Estimand::Quantile => "quantile",
        Estimand::Survival => "survival, mean days",
    };
    let direction = match metric.direction {
        Direction::Up => "more is better",
        Direction::Down => "less is better",
    };
    format!("{} ({kind}, {direction})", cut(&metric.metric, 60))
}

/// The deciding reading's numbers; returns the mark at the end of the line.
fn fill(cells: &mut [String; 8], kind: Estimand, comparison: &Comparison) -> &'static str {
    let reading = comparison.deciding_reading();
    let log10 = comparison.log10_p_value.filter(|_| reading == Reading::Unadjusted);
    let p = comparison.p_value_of(reading).map(|p| (p, log10));
    let relative = comparison.relative_effect_of(reading);
    let effect = comparison.effect_of(reading);
    if let Some(effect) = effect {
        cells[3] = number::effect(kind, effect.estimate);
        cells[4] = interval(kind, &effect, &comparison.unbounded);
    }
    cells[5] = relative.map(|relative| number::relative(relative.estimate)).unwrap_or_default();
    cells[6] = p.map(|(p, log10)| number::p_value(p, log10)).unwrap_or_default();
    cells[7] = comparison.adjusted_p_value.map(|p| number::p_value(p, None)).unwrap_or_default();
    let significant = comparison.decision.is_some_and(|decision| decision.significant);
    match (reading, significant) {
        (Reading::Unadjusted, true) => "*",
        (Reading::Unadjusted, false) => "",
        (Reading::Cuped, true) => "*c",
        (Reading::Cuped, false) => " c",
        (Reading::Stratified | Reading::StratifiedCuped, true) => "*s",
        (Reading::Stratified | Reading::StratifiedCuped, false) => " s",
    }
}

pub(super) fn interval(kind: Estimand, effect: &Effect, unbounded: &[Bound]) -> String {
    let end = |value: Option<f64>, bound, infinite: &str| match value {
        // The unit stands in the column before.
        Some(value) => number::effect(kind, value).trim_end_matches(" pp").to_owned(),
        None if unbounded.contains(&bound) => infinite.to_owned(),
        None => "?".to_owned(),
    };
    if effect.lower.is_none() && effect.upper.is_none() && unbounded.is_empty() {
        return String::new();
    }
    format!("{} to {}", end(effect.lower, Bound::Lower, "-inf"), end(effect.upper, Bound::Upper, "+inf"))
}

fn write_cells(cells: &[String; 8], mark: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = format!("{:<width$}", cells[0], width = COLUMNS[0]);
    for (cell, width) in cells.iter().zip(COLUMNS).skip(1) {
        line.push_str(&format!(" {cell:>width$}"));
    }
    writeln!(out, "{}", format!("{line} {mark}").trim_end())
}

fn write_immature(metric: &MetricReport, out: &mut dyn Write) -> io::Result<()> {
    // Where every window has ended, "so far" says the same as the rows above.
    let waiting = metric.immature.filter(|immature| *immature > 0).zip(metric.so_far.as_ref());
    let Some((immature, so_far)) = waiting else { return Ok(()) };
    writeln!(out, "      {} customers whose window is still open are left out", number::count(immature))?;
    let arm = |arm: &experiment_core::report::ArmSoFar| {
        let estimate = arm.estimate.map_or("-".to_owned(), |value| number::value(metric.kind, value));
        format!("{} {estimate} (n {})", arm.variant, number::count(arm.n))
    };
    let arms: Vec<String> = so_far.arms.iter().map(arm).collect();
    write_item("      so far, no basis for a decision: ", &arms.join(", "), out)
}

fn write_legend(metrics: &[&MetricReport], out: &mut dyn Write) -> io::Result<()> {
    let any = |wanted: &[Reading]| {
        let mut comparisons = metrics.iter().flat_map(|metric| &metric.comparisons);
        comparisons.any(|comparison| wanted.contains(&comparison.deciding_reading()))
    };
    let mut legend = "* significant by the adjusted p; intervals are at 1 - alpha, not adjusted".to_owned();
    if any(&[Reading::Cuped]) {
        legend.push_str("; c with variance reduction by the covariate");
    }
    if any(&[Reading::Stratified, Reading::StratifiedCuped]) {
        legend.push_str("; s averaged over strata, adjusted by covariates within each");
    }
    write_item("  ", &legend, out)
}
