//! Published data sets, and reports of them compared field by field with records made by independent libraries.
//!
//! The data sets are looked for in `EXPERIMENT_DATA`, else beside the workspace; without them the tests say
//! that they were skipped.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use experiment_core::report::{Comparison, Effect, Estimand, MetricReport, RelativeEffect, Report};
use experiment_tests::data_dir;
use experiment_tests::reference::{Record, records};
use experiment_tests::tolerance::{Tolerance, number};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// Φ⁻¹(0.975), for standard errors of 95 % intervals (Abramowitz and Stegun, table 26.5, more digits).
const Z_975: f64 = 1.959_963_984_540_054;
/// For `tests/data/miettinen_nurminen`, which has all digits of a double.
const SCORE: Tolerance = Tolerance { rel: 1e-9, abs: 1e-12 };
/// Below this the records ask to compare the statistic instead of the p-value.
const SMALLEST_P: f64 = 1e-12;

/// Says something that the test harness does not keep to itself.
fn aloud(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Where a data set lies; `None` and a loud line where it does not.
pub(crate) fn data_file(file: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("EXPERIMENT_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    aloud(&format!(
        "SKIPPED: {} is not there; set EXPERIMENT_DATA to the folder of data sets",
        path.display()
    ));
    None
}

/// A data set with its records; `None` and a loud line without the data.
pub(crate) fn data_set(file: &str, name: &'static str) -> Option<(PathBuf, Records)> {
    Some((data_file(file)?, Records::read(name)))
}

/// The text of a gzipped file.
pub(crate) fn inflated(path: &Path) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// The records of a data set, and what didn't agree with them.
pub(crate) struct Records {
    name: &'static str,
    records: BTreeMap<String, Record>,
    compared: usize,
    problems: Vec<String>,
}

impl Records {
    fn read(name: &'static str) -> Records {
        assert!(data_dir().exists());
        let records = records(name).into_iter().map(|record| (record.id.clone(), record)).collect();
        Records { name, records, compared: 0, problems: Vec::new() }
    }

    pub(crate) fn get(&self, id: &str) -> Record {
        let id = format!("{}/{id}", self.name);
        self.records.get(&id).unwrap_or_else(|| panic!("no record {id}")).clone()
    }

    pub(crate) fn close(&mut self, what: &str, got: Option<f64>, want: f64, tolerance: Tolerance) {
        self.compared += 1;
        if !got.is_some_and(|got| tolerance.accepts(got, want)) {
            self.problems.push(format!("{what}: got {got:?}, want {want}"));
        }
    }

    /// Compares with an output of a record.
    pub(crate) fn output(&mut self, record: &Record, output: &str, got: Option<f64>) {
        let want = number(&record.outputs[output]).unwrap_or_else(|| panic!("{}: {output}", record.id));
        self.close(&format!("{} {output}", record.id), got, want, record.tolerance);
    }

    /// Compares Miettinen and Nurminen's interval, which the records have with a slip of statsmodels
    /// (`tests/data/vectors/README.md`), with one that is computed without it.
    fn score_ends(&mut self, id: &str, ends: (Option<f64>, Option<f64>)) {
        let path = data_dir().join("miettinen_nurminen/intervals.json");
        let intervals: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let id = format!("{}/{id}", self.name);
        let want = ends_of(&intervals[&id]);
        self.close(&id, ends.0, want.0, SCORE);
        self.close(&id, ends.1, want.1, SCORE);
    }

    /// Compares with both ends of an interval of a record, moved by `shift`.
    pub(crate) fn ends(
        &mut self,
        record: &Record,
        output: &str,
        ends: (Option<f64>, Option<f64>),
        shift: f64,
    ) {
        let tolerance = record.tolerance;
        let want = ends_of(&record.outputs[output]);
        let what = format!("{} {output}", record.id);
        // The shift is added to ours, so that no digit of the record is lost.
        self.close(&what, ends.0.map(|end| end + shift), want.0, tolerance);
        self.close(&what, ends.1.map(|end| end + shift), want.1, tolerance);
    }

    fn p_value(&mut self, record: &Record, got: Option<f64>) {
        let want = number(&record.outputs["p_value"]).unwrap();
        if want >= SMALLEST_P {
            self.output(record, "p_value", got);
        } else {
            assert!(got.is_some_and(|got| got > 0.0 && got < SMALLEST_P), "{}", record.id);
        }
    }

    /// Everything agreed, and it was so much.
    pub(crate) fn finish(self, compared: usize) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
        assert_eq!(self.compared, compared, "numbers that were compared");
        aloud(&format!("{}: {} numbers agree with their records", self.name, self.compared));
    }
}

pub(crate) fn ends_of(value: &Value) -> (f64, f64) {
    let ends: Vec<f64> = value.as_array().unwrap().iter().filter_map(number).collect();
    (ends[0], ends[1])
}

fn effect_ends(effect: &Effect) -> (Option<f64>, Option<f64>) {
    (effect.lower, effect.upper)
}

fn relative_ends(effect: &RelativeEffect) -> (Option<f64>, Option<f64>) {
    (effect.lower, effect.upper)
}

/// Arms of a metric against `arm_summary`.
pub(crate) fn check_arms(records: &mut Records, metric: &MetricReport, column: &str) {
    for arm in &metric.arms {
        let record = records.get(&format!("{column}/{}/arm_summary", arm.variant));
        records.output(&record, "n", Some(arm.n as f64));
        records.output(&record, "mean", arm.estimate);
        // The records divide by n − 1; a proportion's variance is p(1 − p).
        let n = arm.n as f64;
        let divisor = if metric.kind == Estimand::Proportion { n / (n - 1.0) } else { 1.0 };
        records.output(&record, "variance", arm.variance.map(|variance| variance * divisor));
    }
}

fn pair(comparison: &Comparison, column: &str) -> String {
    format!("{column}/{}_vs_{}", comparison.variant, comparison.control)
}

pub(crate) fn check_proportion(records: &mut Records, metric: &MetricReport, column: &str) {
    check_arms(records, metric, column);
    for comparison in &metric.comparisons {
        let pair = pair(comparison, column);
        let effect = comparison.effect.unwrap();
        let relative = comparison.relative_effect.unwrap();
        let pooled = records.get(&format!("{pair}/prop_ztest_pooled"));
        records.output(&pooled, "diff", Some(effect.estimate));
        records.output(&pooled, "z", comparison.statistic);
        records.p_value(&pooled, comparison.p_value);
        let unpooled = records.get(&format!("{pair}/prop_ztest_unpooled"));
        let wald = ends_of(&unpooled.outputs["diff_ci"]);
        let what = format!("{} std_error", unpooled.id);
        records.close(&what, effect.std_error, (wald.1 - wald.0) / (2.0 * Z_975), unpooled.tolerance);
        records.score_ends(&format!("{pair}/prop_diff_ci"), effect_ends(&effect));
        let ratio = records.get(&format!("{pair}/prop_ratio_ci"));
        records.output(&ratio, "risk_ratio", Some(relative.estimate + 1.0));
        records.ends(&ratio, "katz_log", relative_ends(&relative), 1.0);
        let katz = ends_of(&ratio.outputs["katz_log"]);
        let log_error = (katz.1 / katz.0).ln() / (2.0 * Z_975);
        let want = (relative.estimate + 1.0) * log_error;
        records.close(&format!("{} std_error", ratio.id), relative.std_error, want, ratio.tolerance);
    }
}

pub(crate) fn check_mean(records: &mut Records, metric: &MetricReport, column: &str) {
    check_arms(records, metric, column);
    for comparison in &metric.comparisons {
        let pair = pair(comparison, column);
        let effect = comparison.effect.unwrap();
        let welch = records.get(&format!("{pair}/welch_t"));
        records.output(&welch, "diff", Some(effect.estimate));
        records.output(&welch, "t", comparison.statistic);
        records.output(&welch, "df", comparison.degrees_of_freedom);
        records.p_value(&welch, comparison.p_value);
        records.ends(&welch, "diff_ci", effect_ends(&effect), 0.0);
        let [diff, t] = ["diff", "t"].map(|output| number(&welch.outputs[output]).unwrap());
        records.close(&format!("{} std_error", welch.id), effect.std_error, diff / t, welch.tolerance);
        let relative = comparison.relative_effect.unwrap();
        let means = records.get(&format!("{pair}/tt_mean/t"));
        records.output(&means, "rel_diff", Some(relative.estimate));
        records.ends(&means, "rel_diff_ci", relative_ends(&relative), 0.0);
    }
}

pub(crate) fn check_ratio(records: &mut Records, metric: &MetricReport, column: &str) {
    for comparison in &metric.comparisons {
        let record = records.get(&format!("{}/tt_ratio_of_means/t", pair(comparison, column)));
        let arm = |variant: &str| metric.arms.iter().find(|arm| arm.variant == variant).unwrap();
        let (control, treatment) = (arm(&comparison.control), arm(&comparison.variant));
        for (side, arm) in [("control", control), ("treatment", treatment)] {
            records.output(&record, side, arm.estimate);
            let n = record.input(&format!("/{side}/n"));
            records.close(&record.id, Some(arm.n as f64), n, Tolerance { rel: 0.0, abs: 0.0 });
            for (sum, got) in [("numer_sum", arm.numerator), ("denom_sum", arm.denominator)] {
                let want = record.input(&format!("/{side}/{sum}")) / n;
                records.close(&format!("{} {sum}", record.id), got, want, record.tolerance);
            }
        }
        let (effect, relative) = (comparison.effect.unwrap(), comparison.relative_effect.unwrap());
        records.output(&record, "diff", Some(effect.estimate));
        records.ends(&record, "diff_ci", effect_ends(&effect), 0.0);
        records.output(&record, "rel_diff", Some(relative.estimate));
        records.ends(&record, "rel_diff_ci", relative_ends(&relative), 0.0);
        records.output(&record, "statistic", comparison.statistic);
        records.p_value(&record, comparison.p_value);
    }
}

/// The reading with a covariate.
pub(crate) fn check_cuped(records: &mut Records, metric: &MetricReport, column: &str, covariate: &str) {
    for comparison in &metric.comparisons {
        let pair = pair(comparison, column);
        let record = records.get(&format!("{pair}/tt_cuped_mean/t_{covariate}"));
        let cuped = comparison.cuped.as_ref().unwrap();
        let relative = cuped.relative_effect.unwrap();
        records.output(&record, "theta", Some(cuped.theta));
        records.output(&record, "diff", Some(cuped.effect.estimate));
        records.ends(&record, "diff_ci", effect_ends(&cuped.effect), 0.0);
        records.output(&record, "rel_diff", Some(relative.estimate));
        records.ends(&record, "rel_diff_ci", relative_ends(&relative), 0.0);
        records.output(&record, "statistic", Some(cuped.statistic));
        records.p_value(&record, Some(cuped.p_value));
        let [diff, t] = ["diff", "statistic"].map(|output| number(&record.outputs[output]).unwrap());
        let what = format!("{} std_error", record.id);
        records.close(&what, cuped.effect.std_error, diff / t, record.tolerance);
        // What the covariate takes away, from the two arms' statistics without it.
        let side =
            |side: &str| record.input(&format!("/{side}/variance")) / record.input(&format!("/{side}/n"));
        let reduction = 1.0 - (diff / t).powi(2) / (side("control") + side("treatment"));
        // One minus a ratio near one: its absolute error is that of the ratio.
        let tolerance = Tolerance { abs: record.tolerance.rel, ..record.tolerance };
        records.close(
            &format!("{} variance_reduction", record.id),
            Some(cuped.variance_reduction),
            reduction,
            tolerance,
        );
    }
}

pub(crate) fn check_srm(records: &mut Records, report: &Report, id: &str) {
    let record = records.get(&format!("{id}/all_arms/srm_chisquare"));
    let srm = report.health.srm.as_ref().unwrap();
    records.output(&record, "chi2", Some(srm.statistic));
    records.output(&record, "df", Some(srm.degrees_of_freedom));
    records.output(&record, "p_value", Some(srm.p_value));
    for arm in &report.variants {
        assert_eq!(arm.customers, record.count(&format!("/counts/{}", arm.variant)));
        assert_eq!(srm.observed[&arm.variant], arm.customers);
        let total: u64 = report.variants.iter().map(|arm| arm.customers).sum();
        assert_eq!(srm.expected[&arm.variant], total as f64 / report.variants.len() as f64);
    }
}

/// Metrics within values of a dimension against `segment_effects`.
pub(crate) fn check_segments(
    records: &mut Records,
    report: &Report,
    metric: usize,
    column: &str,
    dimension: &str,
) {
    for slice in &report.dimensions {
        let metric = &slice.metrics[metric];
        for comparison in &metric.comparisons {
            let id = format!("{}/segment_effects/{dimension}", pair(comparison, column));
            let record = records.get(&id);
            let segment = &record.outputs["segments"][&slice.value];
            let tolerance = record.tolerance;
            let mut check = |path: &str, got: Option<f64>| {
                let want = segment.pointer(path).and_then(number).unwrap_or_else(|| panic!("{id} {path}"));
                records.close(&format!("{id} {} {path}", slice.value), got, want, tolerance);
            };
            for (side, variant) in [("control", &comparison.control), ("treatment", &comparison.variant)] {
                let arm = metric.arms.iter().find(|arm| arm.variant == *variant).unwrap();
                check(&format!("/{side}/n"), Some(arm.n as f64));
                check(&format!("/{side}/mean"), arm.estimate);
                check(&format!("/{side}/variance"), arm.variance);
            }
            let effect = comparison.effect.unwrap();
            check("/diff", Some(effect.estimate));
            check("/t", comparison.statistic);
            check("/df", comparison.degrees_of_freedom);
            check("/p_value", comparison.p_value);
            check("/diff_ci/0", effect.lower);
            check("/diff_ci/1", effect.upper);
        }
    }
}
