//! `experiment recompute` on reports made from a file.

use experiment_core::report::LIBRARY_VERSION;
use experiment_server::command::Exit;
use serde_json::{Value, json};

use super::{Run, file, run_with, text};
use crate::process;

/// Two hundred customers an arm: a share, a mean with a covariate, a ratio, a quantile, a score, survival, a dimension.
fn rows() -> String {
    let mut rows = "u,v,kept,spent,orders,before,nps,days,lost,plan\n".to_owned();
    for i in 0..400 {
        let variant = if i % 2 == 0 { "control" } else { "gift" };
        let (kept, spent, orders) = (i % 7 % 2, f64::from(i * 37 % 101) * 0.37, i % 3 + 1);
        let (before, nps, days, lost) = (i * 37 % 91, i % 11, i % 30 + 1, i % 5 / 4);
        let plan = ["basic", "pro"][i as usize / 2 % 2];
        rows.push_str(&format!(
            "c{i},{variant},{kept},{spent:.2},{orders},{before},{nps},{days},{lost},{plan}\n"
        ));
    }
    rows
}

fn stored() -> Value {
    let (_folder, path) = file("gifts.csv", rows());
    let args = [
        text(&path),
        "--unit",
        "u",
        "--variant",
        "v",
        "--metric",
        "kept=proportion:kept",
        "--metric",
        "spent=mean:spent",
        "--covariate",
        "spent=before",
        "--metric",
        "value=ratio:spent/orders",
        "--metric",
        "p90=quantile@0.9:spent",
        "--metric",
        "nps=nps:nps",
        "--metric",
        "stay=survival:days/lost",
        "--dimension",
        "plan",
        "--format",
        "json",
        "--inputs",
    ];
    let run = run_with(b"", &args);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Fine, ""));
    serde_json::from_str(&run.stdout).unwrap()
}

fn recompute(report: &Value) -> Run {
    let (exit, stdout, stderr) = process::run_with(report.to_string().as_bytes(), &["recompute", "-"]);
    Run { exit, stdout, stderr }
}

/// What is told of a report that differs.
fn differences(report: &Value) -> Vec<String> {
    let run = recompute(report);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::BadNews, ""), "{}", run.stdout);
    run.stdout.lines().skip(2).map(str::to_owned).collect()
}

#[test]
fn a_report_is_made_again_to_the_bit() {
    let stored = stored();
    let run = recompute(&stored);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Fine, ""), "{}", run.stdout);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], format!("gifts, version {LIBRARY_VERSION}: made again from its sums"));
    assert!(lines[1].ends_with(" words compared, 0 differ"), "{}", run.stdout);
    let numbers: u64 = lines[1].split(' ').next().unwrap().parse().unwrap();
    assert!(numbers > 500, "{numbers} numbers are too few for six metrics in three slices");
    assert_eq!(stored["interactions"].as_array().unwrap().len(), 4, "{}", stored["interactions"]);
}

#[test]
fn a_number_that_was_changed_is_found() {
    let mut report = stored();
    let effect = &mut report["metrics"][1]["comparisons"][0]["effect"]["estimate"];
    let made = effect.as_f64().unwrap();
    let next = f64::from_bits(made.to_bits() + 1);
    *effect = next.into();
    let told = differences(&report);
    let [only] = &told[..] else { panic!("{told:?}") };
    let said = format!(
        "metrics[1].comparisons[0].effect.estimate: {} stored, {} made again",
        json!(next),
        json!(made)
    );
    assert_eq!(only.trim(), said);

    let mut report = stored();
    report["metrics"][0]["arms"][1]["n"] = 201.into();
    report["verdict"]["verdict"] = "ship".into();
    report["metrics"][0]["comparisons"][0].as_object_mut().unwrap().remove("p_value");
    report["health"]["checks"][0]["confetti"] = 1.into();
    let told = differences(&report).join("\n");
    for path in [
        "metrics[0].arms[1].n: 201 stored, 200 made again",
        "verdict.verdict: \"ship\" stored,",
        "metrics[0].comparisons[0].p_value: nothing stored, ",
        "health.checks[0].confetti: 1 stored, nothing made again",
    ] {
        assert!(told.contains(path), "{path}\n{told}");
    }
}

#[test]
fn a_sum_that_was_changed_is_found() {
    for (place, numbers) in [
        ("/inputs/aggregates/exposed/0/days/0/1", "variants[0].customers"),
        ("/inputs/aggregates/metrics/0/0/days/0/4", "metrics[0].arms[0].estimate"),
        ("/inputs/aggregates/metrics/1/1/days/0/6", "metrics[1].arms[1].variance"),
        ("/inputs/aggregates/distributions/3/0/days/0/2", "metrics[3]"),
        ("/inputs/design/plan/alpha", "metrics[0].comparisons[0].effect.lower"),
    ] {
        let mut report = stored();
        let value = report.pointer_mut(place).unwrap_or_else(|| panic!("no {place}"));
        *value = match (value.as_i64(), value.as_str()) {
            (Some(number), _) => (number - 1_000_000 % number.max(2) - 1).max(0).into(),
            (_, Some(text)) => (text.parse::<i128>().unwrap() + 10_i128.pow(14)).to_string().into(),
            _ => (value.as_f64().unwrap() / 2.0).into(),
        };
        let told = differences(&report).join("\n");
        assert!(told.contains(numbers), "{place}\n{told}");
    }
}

#[test]
fn another_version_is_told_and_its_roundings_are_no_error() {
    let mut report = stored();
    report["library_version"] = "0.0.9".into();
    assert_eq!(recompute(&report).exit, Exit::Fine);
    report["metrics"][1]["comparisons"][0]["p_value"] = 0.5.into();
    let run = recompute(&report);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Fine, ""));
    assert!(run.stdout.contains("metrics[1].comparisons[0].p_value: 0.5 stored, "), "{}", run.stdout);
    assert!(run.stdout.contains("The report was made by version 0.0.9 and again by "), "{}", run.stdout);
    report["metrics"][0]["arms"][1]["n"] = 201.into();
    assert_eq!(recompute(&report).exit, Exit::BadNews);
}

#[test]
fn what_cannot_be_made_again_is_refused_with_the_reason() {
    let complaint = |report: &Value| {
        let run = recompute(report);
        run.complaint().to_owned()
    };
    let mut report = stored();
    report["inputs"]["design"]["plan"]["alpah"] = 0.1.into();
    assert!(complaint(&report).contains("unknown field `alpah`"), "{}", complaint(&report));
    let mut report = stored();
    report["inputs"]["design"]["metrics"][1]["covariates"] = 2.into();
    let said = "inputs.aggregates.metrics[1] has sums of 2 parts where the design has 3; send the inputs as they came";
    assert!(complaint(&report).contains(said), "{}", complaint(&report));
    let mut report = stored();
    report["inputs"]["design"]["control"] = 2.into();
    assert!(complaint(&report).contains("inputs.design.control is 2, which is no variant's index"));
    let mut report = stored();
    report["library_version"] = "9.0.0".into();
    report["inputs"]["economics"] = json!({});
    let said = format!("made by version 9.0.0, can't be used by version {LIBRARY_VERSION}");
    assert!(complaint(&report).contains(&said), "{}", complaint(&report));
    let mut report = stored();
    report.as_object_mut().unwrap().remove("inputs");
    assert!(complaint(&report).contains("ask for them with ?inputs=true (server) or --inputs (analyze)"));
    assert!(complaint(&json!("report")).contains("can't be used"));
    let (exit, _, stderr) = process::run_with(b"{", &["recompute", "-"]);
    assert_eq!(exit, Exit::WrongUse);
    assert!(stderr.contains("- is not the JSON of a report"), "{stderr}");
    let (exit, _, stderr) = process::run_with(b"", &["recompute", "/no/such/report.json"]);
    assert_eq!(exit, Exit::WrongUse);
    assert!(stderr.contains("reading /no/such/report.json"), "{stderr}");
    let (_folder, path) = file("gifts.csv", rows());
    let args = [text(&path), "--unit", "u", "--variant", "v", "--metric", "kept=proportion:kept", "--inputs"];
    let run = run_with(b"", &args);
    assert!(
        run.complaint().contains("--inputs are part of the JSON only; add --format json"),
        "{}",
        run.stderr
    );
}

#[test]
fn inputs_are_there_only_when_asked_for() {
    let plain = super::analyze("u,v,x\na,control,1\nb,gift,2\n", &["--metric", "m=mean:x"]);
    assert!(plain.report().inputs.is_none());
    assert!(stored()["inputs"]["aggregates"]["metrics"].is_array());
}
