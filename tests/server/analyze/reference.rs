//! Published data sets through the whole command against records made by independent libraries.

use std::collections::BTreeMap;
use std::path::Path;

use experiment_core::report::Report;
use experiment_tests::tolerance::number;
use serde_json::Value;

use super::{Run, run_with, text};
use crate::published::{
    check_arms, check_cuped, check_mean, check_proportion, check_ratio, check_segments, check_srm, data_set,
    ends_of, inflated,
};

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
