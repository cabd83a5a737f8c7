//! The report as one table: a row per dimension value, metric and variant (RFC 4180, full precision).

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use experiment_core::report::{
    Arm, ArmSoFar, Comparison, Cuped, Decision, Effect, MetricReport, RelativeEffect, Report,
};
use experiment_core::time::Day;
use serde::Serialize;

use super::csv_economics;

/// The columns; a public contract.
pub const CSV_HEADER: [&str; 66] = [
    "experiment",
    "as_of",
    "dimension",
    "value",
    "metric",
    "kind",
    "role",
    "direction",
    "variant",
    "control",
    "n",
    "estimate",
    "mean",
    "variance",
    "numerator",
    "denominator",
    "immature",
    "so_far_n",
    "so_far_estimate",
    "method",
    "effect",
    "effect_std_error",
    "effect_lower",
    "effect_upper",
    "relative_effect",
    "relative_std_error",
    "relative_lower",
    "relative_upper",
    "relative_set",
    "statistic",
    "degrees_of_freedom",
    "p_value",
    "log10_p_value",
    "adjusted_p_value",
    "decision_reading",
    "decision_lower",
    "decision_upper",
    "significant",
    "cuped_theta",
    "cuped_variance_reduction",
    "cuped_effect",
    "cuped_std_error",
    "cuped_lower",
    "cuped_upper",
    "cuped_p_value",
    "unbounded",
    "not_estimable",
    "decision_shows",
    "always_valid_p_value",
    "always_valid_lower",
    "always_valid_upper",
    "chance_to_win",
    "expected_loss",
    "credible_lower",
    "credible_upper",
    "harm_bound",
    "harm_shown",
    "strata",
    "stratified_variance_reduction",
    "stratified_effect",
    "stratified_std_error",
    "stratified_lower",
    "stratified_upper",
    "stratified_p_value",
    "rebuilding_done",
    "rebuilding_of",
];

/// Writes one row per (dimension, value, metric, variant), the control's too, under [`CSV_HEADER`].
/// `dimension` and `value` are blank for everybody. Economics have a row per figure and variant, after the metrics of
/// everybody. A metric that is rebuilding has one row, without a variant.
///
/// # Errors
/// What `out` fails with.
pub fn write_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &CSV_HEADER)?;
    for metric in &report.metrics {
        write_metric(&mut table, report, ["", ""], metric)?;
    }
    for row in csv_economics::rows(report) {
        table.row(&row)?;
    }
    for slice in &report.dimensions {
        for metric in &slice.metrics {
            write_metric(&mut table, report, [&slice.dimension, &slice.value], metric)?;
        }
    }
    table.end()
}

fn write_metric(
    table: &mut Table<'_>,
    report: &Report,
    slice: [&str; 2],
    metric: &MetricReport,
) -> io::Result<()> {
    let control = metric.comparisons.first().map_or("", |comparison| &comparison.control);
    if let Some(progress) = metric.rebuilding {
        let mut row = Row::default();
        row.head(report, slice, metric);
        row.0.resize(CSV_HEADER.len() - 2, String::new());
        row.plain(Some(progress.done.to_string()));
        row.plain(Some(progress.of.to_string()));
        table.row(&row.0)?;
    }
    for arm in &metric.arms {
        let comparison = metric.comparisons.iter().find(|comparison| comparison.variant == arm.variant);
        let so_far = metric.so_far.as_ref();
        let so_far = so_far.and_then(|so_far| so_far.arms.iter().find(|other| other.variant == arm.variant));
        let mut row = Row::default();
        row.head(report, slice, metric);
        row.text(&arm.variant);
        row.text(control);
        row.arm(arm);
        row.plain(metric.immature.map(|count| count.to_string()));
        row.so_far(so_far);
        row.comparison(comparison);
        // It is not rebuilding.
        row.0.extend([String::new(), String::new()]);
        table.row(&row.0)?;
    }
    Ok(())
}

/// A table on its way to where it is written, by RFC 4180.
pub(super) struct Table<'a> {
    writer: Writer<&'a mut dyn Write>,
    columns: usize,
}

impl<'a> Table<'a> {
    /// With these columns.
    pub(super) fn new(out: &'a mut dyn Write, header: &[&str]) -> io::Result<Table<'a>> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        writer.write_record(header)?;
        Ok(Table { writer, columns: header.len() })
    }

    /// One row more, with a cell for each column.
    pub(super) fn row(&mut self, cells: &[impl AsRef<[u8]>]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns);
        Ok(self.writer.write_record(cells)?)
    }

    /// The end of it.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Cells in the order of the header; what is absent is blank.
#[derive(Default)]
pub(super) struct Row(pub(super) Vec<String>);

impl Row {
    /// One cell by itself.
    pub(super) fn spelled(fill: impl FnOnce(&mut Row)) -> String {
        let mut row = Row::default();
        fill(&mut row);
        row.0.pop().unwrap_or_default()
    }

    /// What needs no care.
    pub(super) fn plain(&mut self, cell: Option<String>) {
        self.0.push(cell.unwrap_or_default());
    }

    /// Text from outside, which a spreadsheet must not take for a formula.
    pub(super) fn text(&mut self, text: &str) {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
        self.0.push(if formula { format!("'{text}") } else { text.to_owned() });
    }

    /// A number with all its digits.
    pub(super) fn number(&mut self, number: Option<f64>) {
        self.plain(number.and_then(|number| serde_json::to_string(&number).ok()));
    }

    /// A word of a closed vocabulary.
    pub(super) fn word<T: Serialize>(&mut self, word: Option<T>) {
        let value = word.and_then(|word| serde_json::to_value(word).ok());
        self.plain(value.and_then(|value| value.as_str().map(str::to_owned)));
    }

    /// A row that begins with the experiment and the instant that it speaks of.
    pub(super) fn of(report: &Report) -> Row {
        let mut row = Row::default();
        row.begin(report);
        row
    }

    fn begin(&mut self, report: &Report) {
        self.text(&report.experiment);
        self.plain(report.as_of.map(|as_of| as_of.to_string()));
    }

    /// One that goes on with a variant beside the control on a metric, among the customers of a day or of the week that
    /// begins with it; both arms' customers are `[control, variant]`.
    pub(super) fn of_day(
        report: &Report,
        metric: &MetricReport,
        day: Day,
        variant: &str,
        customers: [u64; 2],
    ) -> Row {
        let mut row = Row::of(report);
        row.text(&metric.metric);
        row.word(Some(metric.kind));
        row.plain(Some(day.to_string()));
        row.text(variant);
        row.text(metric.comparisons.first().map_or("", |comparison| &comparison.control));
        customers.into_iter().for_each(|n| row.plain(Some(n.to_string())));
        row
    }

    /// What a row speaks of.
    fn head(&mut self, report: &Report, slice: [&str; 2], metric: &MetricReport) {
        self.begin(report);
        slice.into_iter().for_each(|text| self.text(text));
        self.text(&metric.metric);
        self.word(Some(metric.kind));
        self.word(Some(metric.role));
        self.word(Some(metric.direction));
    }

    fn arm(&mut self, arm: &Arm) {
        self.plain(Some(arm.n.to_string()));
        [arm.estimate, arm.mean, arm.variance, arm.numerator, arm.denominator]
            .into_iter()
            .for_each(|number| self.number(number));
    }

    fn so_far(&mut self, arm: Option<&ArmSoFar>) {
        self.plain(arm.map(|arm| arm.n.to_string()));
        self.number(arm.and_then(|arm| arm.estimate));
    }

    fn comparison(&mut self, comparison: Option<&Comparison>) {
        self.word(comparison.map(|comparison| comparison.method));
        self.effect(comparison.and_then(|comparison| comparison.effect.as_ref()));
        self.relative(comparison.and_then(|comparison| comparison.relative_effect.as_ref()));
        let number = |field: fn(&Comparison) -> Option<f64>| comparison.and_then(field);
        self.number(number(|comparison| comparison.statistic));
        self.number(number(|comparison| comparison.degrees_of_freedom));
        self.number(number(|comparison| comparison.p_value));
        self.number(number(|comparison| comparison.log10_p_value));
        self.number(number(|comparison| comparison.adjusted_p_value));
        self.decision(comparison.and_then(|comparison| comparison.decision.as_ref()));
        self.cuped(comparison.and_then(|comparison| comparison.cuped.as_ref()));
        let unbounded = comparison.map_or(&[][..], |comparison| &comparison.unbounded);
        let ends = unbounded.iter().filter_map(|bound| serde_json::to_value(bound).ok());
        let ends: Vec<String> = ends.filter_map(|end| end.as_str().map(str::to_owned)).collect();
        self.plain(Some(ends.join(" ")));
        let reason = comparison.and_then(|comparison| comparison.not_estimable.as_ref());
        self.plain(reason.map(|reason| reason.code.clone()));
        self.by_plan(comparison);
    }

    /// What only some plans have.
    fn by_plan(&mut self, comparison: Option<&Comparison>) {
        let decision = comparison.and_then(|comparison| comparison.decision);
        self.word(decision.and_then(|decision| decision.shows));
        let sequence = comparison.and_then(|comparison| comparison.always_valid);
        self.number(sequence.map(|sequence| sequence.p_value));
        self.number(sequence.and_then(|sequence| sequence.lower));
        self.number(sequence.and_then(|sequence| sequence.upper));
        let bayes = comparison.and_then(|comparison| comparison.bayes);
        self.number(bayes.map(|bayes| bayes.chance_to_win));
        self.number(bayes.map(|bayes| bayes.expected_loss));
        self.number(bayes.map(|bayes| bayes.lower));
        self.number(bayes.map(|bayes| bayes.upper));
        let harm = comparison.and_then(|comparison| comparison.harm);
        self.number(harm.map(|harm| harm.bound));
        self.plain(harm.map(|harm| harm.shown.to_string()));
        let stratified = comparison.and_then(|comparison| comparison.stratified.as_ref());
        self.plain(stratified.map(|stratified| stratified.strata.to_string()));
        self.number(stratified.map(|stratified| stratified.variance_reduction));
        self.effect(stratified.map(|stratified| &stratified.effect));
        self.number(stratified.map(|stratified| stratified.p_value));
    }

    fn effect(&mut self, effect: Option<&Effect>) {
        self.number(effect.map(|effect| effect.estimate));
        self.number(effect.and_then(|effect| effect.std_error));
        self.number(effect.and_then(|effect| effect.lower));
        self.number(effect.and_then(|effect| effect.upper));
    }

    fn relative(&mut self, effect: Option<&RelativeEffect>) {
        self.number(effect.map(|effect| effect.estimate));
        self.number(effect.and_then(|effect| effect.std_error));
        self.number(effect.and_then(|effect| effect.lower));
        self.number(effect.and_then(|effect| effect.upper));
        self.word(effect.map(|effect| effect.set));
    }

    fn decision(&mut self, decision: Option<&Decision>) {
        self.word(decision.map(|decision| decision.reading));
        self.number(decision.and_then(|decision| decision.lower));
        self.number(decision.and_then(|decision| decision.upper));
        self.plain(decision.map(|decision| decision.significant.to_string()));
    }

    fn cuped(&mut self, cuped: Option<&Cuped>) {
        self.number(cuped.map(|cuped| cuped.theta));
        self.number(cuped.map(|cuped| cuped.variance_reduction));
        self.effect(cuped.map(|cuped| &cuped.effect));
        self.number(cuped.map(|cuped| cuped.p_value));
    }
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn text_is_never_a_formula() {
        let mut row = Row::default();
        for text in ["=1+1", "@SUM(A1)", "-A", "+x", "\tx", "-5", "+1.5e3", "plain", ""] {
            row.text(text);
        }
        assert_eq!(row.0, ["'=1+1", "'@SUM(A1)", "'-A", "'+x", "'\tx", "-5", "+1.5e3", "plain", ""]);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let mut row = Row::default();
        [Some(0.1 + 0.2), Some(1e-300), Some(-0.0), None].into_iter().for_each(|number| row.number(number));
        assert_eq!(row.0, ["0.30000000000000004", "1e-300", "-0.0", ""]);
    }
}
