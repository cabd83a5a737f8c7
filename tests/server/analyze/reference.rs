//! Published data sets through the whole command against records made by independent libraries.
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

use super::{Run, run_with, text};

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

/// A data set with its records; `None` and a loud line without the data.
fn data_set(file: &str, name: &'static str) -> Option<(PathBuf, Records)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("EXPERIMENT_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some((path, Records::read(name)));
    }
    aloud(&format!(
        "SKIPPED: {} is not there; set EXPERIMENT_DATA to the folder of data sets",
        path.display()
    ));
    None
}

/// The records of a data set, and what didn't agree with them.
struct Records {
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

    fn get(&self, id: &str) -> Record {
        let id = format!("{}/{id}", self.name);
        self.records.get(&id).unwrap_or_else(|| panic!("no record {id}")).clone()
    }

    fn close(&mut self, what: &str, got: Option<f64>, want: f64, tolerance: Tolerance) {
        self.compared += 1;
        if !got.is_some_and(|got| tolerance.accepts(got, want)) {
            self.problems.push(format!("{what}: got {got:?}, want {want}"));
        }
    }

    /// Compares with an output of a record.
    fn output(&mut self, record: &Record, output: &str, got: Option<f64>) {
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
    fn ends(&mut self, record: &Record, output: &str, ends: (Option<f64>, Option<f64>), shift: f64) {
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
    fn finish(self, compared: usize) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
        assert_eq!(self.compared, compared, "numbers that were compared");
        aloud(&format!("{}: {} numbers agree with their records", self.name, self.compared));
    }
}

fn ends_of(value: &Value) -> (f64, f64) {
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
fn check_arms(records: &mut Records, metric: &MetricReport, column: &str) {
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

fn check_proportion(records: &mut Records, metric: &MetricReport, column: &str) {
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

fn check_mean(records: &mut Records, metric: &MetricReport, column: &str) {
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

fn check_ratio(records: &mut Records, metric: &MetricReport, column: &str) {
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
fn check_cuped(records: &mut Records, metric: &MetricReport, column: &str, covariate: &str) {
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

fn check_srm(records: &mut Records, report: &Report, id: &str) {
    let record = records.get(&format!("{id}/all_arms/srm_chisquare"));
    let srm = report.health.srm.as_ref().unwrap();
    records.output(&record, "chi2", Some(srm.statistic));
    records.output(&record, "df", Some(srm.degrees_of_freedom));
    records.output(&record, "p_value", Some(srm.p_value));
    for arm in &report.variants {
        assert_eq!(arm.customers, record.count(&format!("/counts/{}", arm.variant)));
        assert_eq!(srm.observed[&arm.variant], arm.customers);
        let total = report.input.as_ref().unwrap().customers as f64;
        assert_eq!(srm.expected[&arm.variant], total / report.variants.len() as f64);
    }
}

/// Metrics within values of a dimension against `segment_effects`.
fn check_segments(records: &mut Records, report: &Report, metric: usize, column: &str, dimension: &str) {
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

fn analyze(input: &Path, args: &[&str]) -> Report {
    run_with(b"", &[&[text(input), "--format", "json"], args].concat()).report()
}

const CATS: [&str; 8] = [
    "--unit",
    "userid",
    "--variant",
    "version",
    "--metric",
    "r1=proportion:retention_1",
    "--metric",
    "r7=proportion:retention_7",
];

#[test]
fn cookie_cats() {
    let Some((path, mut records)) = data_set("cookie_cats.csv.gz", "cookie_cats") else { return };
    let rounds = ["--control", "gate_30", "--metric", "rounds=mean:sum_gamerounds"];
    let report = analyze(&path, &[&CATS[..], &rounds].concat());
    assert_eq!(report.experiment, "cookie_cats");
    check_srm(&mut records, &report, "assignment");
    check_proportion(&mut records, &report.metrics[0], "retention_1");
    check_proportion(&mut records, &report.metrics[1], "retention_7");
    check_mean(&mut records, &report.metrics[2], "sum_gamerounds");
    let counts = records.get("joint_counts/all_arms/table_counts");
    let total: u64 = ["gate_30", "gate_40"].map(|arm| sum(&counts.outputs[arm])).iter().sum();
    let input = report.input.unwrap();
    assert_eq!((input.rows, input.customers, input.duplicates), (total, total, 0));
    assert!(input.rejected.is_empty());

    // The same columns read as means have the records' own variance.
    let means = ["--metric", "m1=mean:sum_gamerounds", "--rows", "event"];
    let report = analyze(&path, &[&CATS[..], &means].concat());
    check_proportion(&mut records, &report.metrics[0], "retention_1");
    check_mean(&mut records, &report.metrics[2], "sum_gamerounds");
    records.finish(83);
}

fn sum(counts: &Value) -> u64 {
    counts.as_array().unwrap().iter().filter_map(Value::as_u64).sum()
}

fn inflated(path: &Path) -> String {
    let mut rows = String::new();
    MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut rows).unwrap();
    rows
}

#[test]
fn cookie_cats_with_a_derived_column() {
    let Some((path, mut records)) = data_set("cookie_cats.csv.gz", "cookie_cats") else { return };
    // The records' family has a fourth metric: played at least 30 rounds.
    let mut rows = String::new();
    for (i, line) in inflated(&path).lines().enumerate() {
        let played: Option<u32> = line.split(',').nth(2).and_then(|rounds| rounds.parse().ok());
        let cell = if i == 0 {
            "played"
        } else if played.unwrap() >= 30 {
            "yes"
        } else {
            "no"
        };
        rows.push_str(&format!("{line},{cell}\r\n"));
    }
    let family = records.get("all_metrics/family/multiple_testing");
    let columns = ["retention_1", "retention_7", "sum_gamerounds", "played_30_rounds"];
    for correction in ["bonferroni", "holm", "benjamini_hochberg", "none"] {
        let more = ["--metric", "rounds=mean:sum_gamerounds", "--metric", "played=proportion:played"];
        let start = ["-", "--format", "json", "--correction", correction];
        let run: Run = run_with(rows.as_bytes(), &[&start, &CATS[..], &more].concat());
        let report = run.report();
        check_proportion(&mut records, &report.metrics[3], "played_30_rounds");
        for (metric, column) in report.metrics.iter().zip(columns) {
            let table =
                if correction == "none" { &family.inputs["p_values"] } else { &family.outputs[correction] };
            let want = number(&table[column]).unwrap();
            let got = metric.comparisons[0].adjusted_p_value;
            records.close(&format!("{correction} {column}"), got, want, family.tolerance);
            assert_eq!(metric.comparisons[0].decision.unwrap().significant, want <= 0.05);
        }
    }
    // Without the outlier, as the records have it.
    let rows: String =
        rows.lines().filter(|line| !line.starts_with("6390605,")).map(|line| format!("{line}\n")).collect();
    let args = [
        "-",
        "--unit",
        "userid",
        "--variant",
        "version",
        "--metric",
        "m=mean:sum_gamerounds",
        "--format",
        "json",
    ];
    check_mean(
        &mut records,
        &run_with(rows.as_bytes(), &args).report().metrics[0],
        "sum_gamerounds_no_outlier",
    );
    records.finish(96);
}

#[test]
fn telco() {
    let Some((path, mut records)) = data_set("telco_churn.csv.gz", "telco") else { return };
    let of = |metric: &str| {
        let args = ["--unit", "customerID", "--variant", "Contract", "--control", "Month-to-month"];
        analyze(&path, &[&args[..], &["--metric", metric]].concat())
    };
    let whole = of("tenure=survival:tenure/Churn");
    for arm in &whole.metrics[0].arms {
        let record = records.get(&format!("tenure_by_contract/{}/kaplan_meier", arm.variant));
        assert_eq!(Some(arm.n), record.inputs["n"].as_u64());
        for (time, at) in record.outputs["at"].as_object().unwrap() {
            // The last point up to the time; before anybody is lost the curve is 1.
            let until = arm.survival.iter().rev().find(|point| point.day <= time.parse().unwrap());
            let what = format!("{} at {time}", record.id);
            let share = until.map_or(1.0, |point| point.survival);
            records.close(&what, Some(share), number(&at["survival"]).unwrap(), record.tolerance);
            if let Some(point) = until {
                let (lower, upper) = ends_of(&at["ci_loglog"]);
                records.close(&what, point.lower, lower, record.tolerance);
                records.close(&what, point.upper, upper, record.tolerance);
            }
        }
    }
    for comparison in &whole.metrics[0].comparisons {
        let id = format!("tenure_by_contract/{}_vs_Month-to-month/logrank/unweighted", comparison.variant);
        let record = records.get(&id);
        records.output(&record, "chi2", comparison.statistic);
        records.output(&record, "df", comparison.degrees_of_freedom);
    }
    for horizon in [24, 48] {
        let report = of(&format!("tenure=survival@{horizon}:tenure/Churn"));
        for arm in &report.metrics[0].arms {
            let record = records.get(&format!("tenure_by_contract/{}/rmst/h{horizon}", arm.variant));
            records.output(&record, "rmst", arm.estimate);
        }
    }
    records.finish(63);
}

#[test]
fn hillstrom() {
    let Some((path, mut records)) = data_set("hillstrom.csv.gz", "hillstrom") else { return };
    let start = ["--unit", "@row", "--variant", "segment"];
    let metrics = [
        "--metric",
        "visit=proportion:visit",
        "--metric",
        "conversion=proportion:conversion",
        "--metric",
        "spend=mean:spend",
        "--covariate",
        "spend=history",
        "--metric",
        "visit_h=mean:visit",
        "--covariate",
        "visit_h=history",
        "--metric",
        "visit_r=mean:visit",
        "--covariate",
        "visit_r=recency",
        "--metric",
        "spend_per_visit=ratio:spend/visit",
        "--metric",
        "conversion_per_visit=ratio:conversion/visit",
    ];
    for control in ["No E-Mail", "Womens E-Mail"] {
        let mut report = analyze(&path, &[&start[..], &metrics, &["--control", control]].concat());
        if control == "Womens E-Mail" {
            // The records have each pair once; the arm without mail is a control in all of its pairs.
            for metric in &mut report.metrics {
                metric.comparisons.retain(|comparison| comparison.variant == "Mens E-Mail");
                assert_eq!(metric.comparisons.len(), 1);
            }
        }
        check_srm(&mut records, &report, "assignment");
        check_proportion(&mut records, &report.metrics[0], "visit");
        check_proportion(&mut records, &report.metrics[1], "conversion");
        check_mean(&mut records, &report.metrics[2], "spend");
        check_cuped(&mut records, &report.metrics[2], "spend", "history");
        check_arms(&mut records, &report.metrics[3], "visit");
        check_cuped(&mut records, &report.metrics[3], "visit", "history");
        check_cuped(&mut records, &report.metrics[4], "visit", "recency");
        check_ratio(&mut records, &report.metrics[5], "spend_per_visit");
        check_ratio(&mut records, &report.metrics[6], "conversion_per_visit");
        assert_eq!(report.input.unwrap().customers, 64_000);

        for (column, dimension) in [("spend", "newbie"), ("visit", "channel")] {
            let metric = format!("m=mean:{column}");
            let args = ["--control", control, "--metric", &metric, "--dimension", dimension];
            let mut report = analyze(&path, &[&start[..], &args].concat());
            if control == "Womens E-Mail" {
                let metrics = report.dimensions.iter_mut().flat_map(|slice| &mut slice.metrics);
                metrics.for_each(|metric| metric.comparisons.retain(|c| c.variant == "Mens E-Mail"));
            }
            assert_eq!(report.dimensions.len(), if dimension == "newbie" { 2 } else { 3 });
            check_segments(&mut records, &report, 0, column, dimension);
        }
    }
    records.finish(533);
}

#[test]
fn udacity_ab() {
    let Some((path, mut records)) = data_set("udacity_ab_data.csv.gz", "udacity_ab") else { return };
    let start = ["--unit", "user_id", "--variant", "group", "--metric", "converted=proportion:converted"];
    let clean = [
        "--time",
        "timestamp",
        "--require",
        "landing_page=new_page when group=treatment",
        "--require",
        "landing_page=old_page when group=control",
    ];
    let report = analyze(&path, &[&start[..], &clean].concat());
    check_srm(&mut records, &report, "assignment");
    check_proportion(&mut records, &report.metrics[0], "converted");
    let quality = records.get("rows/all/data_quality");
    let count = |output: &str| quality.outputs[output].as_u64().unwrap();
    let input = report.input.as_ref().unwrap();
    assert_eq!(input.rows, count("rows"));
    assert_eq!(input.rejected, [("require".to_owned(), count("mismatched_rows"))].into());
    assert_eq!(input.duplicates, count("rows_after_dropping_mismatched") - count("clean_rows"));
    assert_eq!(input.customers, count("clean_rows"));
    assert_eq!(report.health.crossed_over, 0);

    // As the file is: who is in both groups crossed over.
    let report = analyze(&path, &[&start[..], &["--time", "timestamp"]].concat());
    assert_eq!(report.health.crossed_over, count("users_in_both_groups"));
    let input = report.input.unwrap();
    let two_rows = count("users_with_more_than_one_row") - count("users_in_both_groups");
    let conflicting = input.rejected["conflicting_rows"];
    assert_eq!(input.duplicates + conflicting / 2, two_rows, "equal or unequal, nothing else");
    assert_eq!(input.customers + conflicting / 2, count("distinct_users"));

    // Each row for itself.
    let rows = ["--unit", "@row", "--variant", "group", "--metric", "converted=proportion:converted"];
    let report = analyze(&path, &rows);
    check_srm(&mut records, &report, "assignment_raw_rows");
    for arm in &report.variants {
        assert_eq!(arm.customers, quality.outputs["raw_counts"][&arm.variant].as_u64().unwrap());
    }
    records.finish(22);
}

#[test]
fn udacity_ab_by_country() {
    let Some((path, mut records)) = data_set("udacity_ab_data.csv.gz", "udacity_ab") else { return };
    let Some((countries, _)) = data_set("udacity_countries.csv.gz", "udacity_ab") else { return };
    let countries = inflated(&countries);
    let countries: BTreeMap<&str, &str> = countries.lines().filter_map(|line| line.split_once(',')).collect();
    let rows: String = inflated(&path)
        .lines()
        .map(|line| format!("{line},{}\n", countries[line.split(',').next().unwrap()]))
        .collect();
    let args = [
        "-",
        "--format",
        "json",
        "--unit",
        "user_id",
        "--variant",
        "group",
        "--time",
        "timestamp",
        "--require",
        "landing_page=new_page when group=treatment",
        "--require",
        "landing_page=old_page when group=control",
        "--metric",
        "converted=mean:converted",
        "--dimension",
        "country",
    ];
    let report = run_with(rows.as_bytes(), &args).report();
    let quality = records.get("country/all/data_quality");
    for slice in &report.dimensions {
        let n: u64 = slice.metrics[0].arms.iter().map(|arm| arm.n).sum();
        assert_eq!(n, quality.outputs["counts"][&slice.value].as_u64().unwrap());
    }
    check_segments(&mut records, &report, 0, "converted", "country");
    records.finish(36);
}
