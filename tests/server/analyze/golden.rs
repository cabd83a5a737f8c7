//! The complete sample report in its three forms: `tests/data/golden`.
//!
//! `check.py` there checks the numbers against other libraries; here the forms are held fast. Where a change
//! of them is meant, write the files again with the flags below, run `check.py`, and read the difference.

use experiment_core::report::{LIBRARY_VERSION, Report};
use experiment_server::command::Exit;
use experiment_server::output::{CSV_HEADER, write_csv, write_json, write_table};
use experiment_tests::data_dir;

use super::{run_with, text};

fn golden(name: &str) -> String {
    std::fs::read_to_string(data_dir().join("golden").join(name)).unwrap()
}

fn sample(format: &str) -> String {
    let path = data_dir().join("golden/winback.csv");
    let args = [
        text(&path),
        "--unit",
        "customer",
        "--variant",
        "variant",
        "--time",
        "at",
        "--metric",
        "kept=proportion:kept",
        "--metric",
        "spend=mean:spend",
        "--covariate",
        "spend=spend_before",
        "--metric",
        "order_value=ratio:spend/orders",
        "--dimension",
        "plan",
        "--format",
        format,
    ];
    let run = run_with(b"", &args);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Fine, ""));
    run.stdout
}

#[test]
fn json() {
    let version = |number: &str| format!("\"library_version\": \"{number}\"");
    assert_eq!(sample("json").replace(&version(LIBRARY_VERSION), &version("0.1.0")), golden("report.json"));
}

#[test]
fn csv() {
    assert_eq!(sample("csv"), golden("report.csv"));
}

#[test]
fn table() {
    let table = sample("table");
    assert_eq!(table, golden("report.txt"));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "wider than 100 columns");
}

#[test]
fn csv_columns_are_the_published_ones() {
    let published = "experiment,as_of,dimension,value,metric,kind,role,direction,variant,control,n,estimate,\
        mean,variance,numerator,denominator,immature,so_far_n,so_far_estimate,method,effect,effect_std_error,\
        effect_lower,effect_upper,relative_effect,relative_std_error,relative_lower,relative_upper,\
        relative_set,statistic,degrees_of_freedom,p_value,log10_p_value,adjusted_p_value,decision_reading,\
        decision_lower,decision_upper,significant,cuped_theta,cuped_variance_reduction,cuped_effect,\
        cuped_std_error,cuped_lower,cuped_upper,cuped_p_value,unbounded,not_estimable,decision_shows,\
        always_valid_p_value,always_valid_lower,always_valid_upper,chance_to_win,expected_loss,credible_lower,\
        credible_upper,harm_bound,harm_shown,strata,stratified_variance_reduction,stratified_effect,\
        stratified_std_error,stratified_lower,stratified_upper,stratified_p_value,rebuilding_done,rebuilding_of";
    assert_eq!(CSV_HEADER.join(","), published);
    assert!(golden("report.csv").starts_with(&format!("{published}\r\n")));
}

/// What a file never has: immature customers, an instant, ends at infinity, nothing to estimate.
fn of_a_running_experiment() -> Report {
    let mut json: serde_json::Value = serde_json::from_str(&golden("report.json")).unwrap();
    json["as_of"] = "2026-03-31T24:00:00Z".replace("24", "23").into();
    json["experiment"] = "=HYPERLINK(\"x\")".into();
    let metric = &mut json["metrics"][0];
    metric["role"] = "guardrail".into();
    metric["immature"] = 1234.into();
    metric["so_far"] = serde_json::json!({"arms": [{"variant": "control", "n": 700, "estimate": 0.25},
        {"variant": "discount", "n": 550}]});
    let comparison = &mut metric["comparisons"][0];
    comparison["unbounded"] = serde_json::json!(["upper"]);
    comparison["effect"]["upper"].take();
    comparison["p_value"] = 0.0.into();
    comparison["log10_p_value"] = (-412.25).into();
    comparison["relative_effect"]["set"] = "outside".into();
    let comparison = &mut json["metrics"][1]["comparisons"][0];
    comparison["decision"]["reading"] = "stratified_cuped".into();
    comparison["stratified"] = serde_json::json!({"strata": 3, "theta": 0.5, "variance_reduction": 0.25,
        "effect": {"estimate": 2.5, "std_error": 0.5, "lower": 1.5, "upper": 3.5},
        "relative_effect": {"estimate": 0.125, "std_error": 0.01, "lower": 0.1, "upper": 0.15, "set": "interval"},
        "statistic": 5.0, "p_value": 0.0000005});
    let comparison = &mut json["metrics"][2]["comparisons"][0];
    for part in ["effect", "relative_effect", "statistic", "p_value", "decision", "degrees_of_freedom"] {
        comparison.as_object_mut().unwrap().remove(part);
    }
    comparison["not_estimable"] =
        serde_json::json!({"code": "zero_denominator", "detail": "no orders at all"});
    let mut added: serde_json::Value = serde_json::from_str(
        r#"{"metric": "added", "kind": "mean", "role": "secondary", "direction": "up",
            "rebuilding": {"done": 1234, "of": 5678}, "arms": [], "comparisons": []}"#,
    )
    .unwrap();
    json["metrics"].as_array_mut().unwrap().push(added.take());
    let effect = |estimate: f64| serde_json::json!({"estimate": estimate, "std_error": 0.5, "lower": -1.0, "upper": 9.0});
    let quotient =
        |set: &str| serde_json::json!({"estimate": 0.25, "lower": 0.125, "upper": 0.5, "set": set});
    json["economics"] = serde_json::json!([{"variant": "discount", "control": "control", "immature": 12,
        "arms": [{"variant": "control", "n": 700, "kept": 0.25}, {"variant": "discount", "n": 550, "took": 0.4}],
        "kept_per_1000": effect(60.0), "gross_per_customer": effect(4.0), "cost_per_customer": effect(3.0),
        "net_value_per_customer": effect(1.0), "p_value": 0.046, "chance_it_pays": 0.977,
        "rollout": {"customers": 50_000, "kept": effect(3_000.0), "net_value": effect(50_000.0)},
        "cost_per_kept": quotient("outside"),
        "break_even_cost": {"per_customer": effect(4.0), "per_taker": quotient("interval")},
        "takers": {"share": 0.4, "cost": 7.5, "kept": quotient("interval"), "net_value": {"estimate": 2.5, "set": "all"},
            "would_have_stayed": quotient("interval"), "assumption": "it holds"},
        "whom": [{"dimension": "plan", "value": "=pro", "customers": 250, "kept_per_1000": effect(80.0),
                "net_value_per_customer": effect(2.0), "chance_it_pays": 0.999, "adjusted_p_value": 0.002, "advice": "give"},
            {"dimension": "plan", "value": "", "customers": 1, "advice": "undecided",
                "not_estimable": {"code": "too_few_customers", "detail": "one customer"}}]}]);
    json["interactions"] = serde_json::json!([{"dimension": "plan", "metric": "kept", "variant": "discount",
        "values": 2, "statistic": 9.0, "degrees_of_freedom": 1.0, "p_value": 0.0027, "adjusted_p_value": 0.0081,
        "i_squared": 0.875, "significant": true}]);
    serde_json::from_value(json).unwrap()
}

#[test]
fn everything_a_report_can_hold_is_shown() {
    let report = of_a_running_experiment();
    let shown = |write: &dyn Fn(&Report, &mut dyn std::io::Write) -> std::io::Result<()>| {
        let mut bytes = Vec::new();
        write(&report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let table = shown(&|report, out| write_table(report, out));
    for words in [
        "as of 2026-03-31T23:00:00Z",
        "Guardrails",
        "1,234 customers whose window is still open are left out",
        "so far, no basis for a decision: control 25.00 % (n 700), discount - (n 550)",
        "-24.11 to +inf",
        "1e-412",
        "anything but",
        "not estimable: no orders at all",
        "s averaged over strata",
        "relative effect +12.50 %",
        "without strata and covariate: ",
        "3 strata: variance reduced by 25.00 %",
        "  added (mean, more is better)\n      rebuilding: 1,234 of 5,678 customers are counted; its numbers come once all are\n",
        "Money: discount against control (1,250 accounts closed, 12 open)",
        "  kept      +60.00 (-1.000 to 9.000) of 1,000 customers",
        "for each customer kept 0.2500 (anything but\n            0.1250 to 0.5000)",
        "chance that it pays 97.70 %; given to 50,000",
        "stayed without it 25.00 % (12.50 % to 50.00 %)",
        "  give to   plan = =pro +2.000 (-1.000 to 9.000)",
        "  unclear   plan = (missing) (too few)",
        "plan: do the effects differ between values? (believe that they do only where a * stands)",
        "kept, discount: p 0.0027, adj. p 0.0081 * over 2 values, I2 87.50 %",
    ] {
        assert!(table.contains(words), "{words:?} is not in\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 100), "wider than 100 columns");

    let csv = shown(&|report, out| write_csv(report, out));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<std::collections::HashMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    // Twelve figures of the offer, and two of each of its two segments, stand between everybody and the slices.
    assert_eq!(rows.len(), (1 + 2) * 3 * 2 + 1 + 12 + 4);
    economics_rows(&rows[7..23]);
    let added = &rows[6];
    assert_eq!((&*added["metric"], &*added["variant"], &*added["n"]), ("added", "", ""));
    let progress = |row: usize| [rows[row]["rebuilding_done"].as_str(), rows[row]["rebuilding_of"].as_str()];
    assert_eq!([progress(6), progress(0)], [["1234", "5678"], ["", ""]]);
    let first = |column: &str| [rows[0][column].as_str(), rows[1][column].as_str()];
    assert_eq!(first("experiment"), ["'=HYPERLINK(\"x\")"; 2]);
    assert_eq!(first("as_of"), ["2026-03-31T23:00:00Z"; 2]);
    assert_eq!(first("immature"), ["1234"; 2]);
    assert_eq!(first("so_far_n"), ["700", "550"]);
    assert_eq!(first("so_far_estimate"), ["0.25", ""]);
    assert_eq!(first("unbounded"), ["", "upper"]);
    assert_eq!(first("effect_upper"), ["", ""]);
    assert_eq!(first("log10_p_value"), ["", "-412.25"]);
    assert_eq!(first("relative_set"), ["", "outside"]);
    assert_eq!(rows[5]["not_estimable"], "zero_denominator");
    assert_eq!(rows[3]["strata"], "3");
    assert_eq!((&*rows[3]["stratified_effect"], &*rows[3]["stratified_p_value"]), ("2.5", "5e-7"));

    let json: Report = serde_json::from_str(&shown(&|report, out| write_json(report, out))).unwrap();
    assert_eq!(json, report);
}

fn economics_rows(rows: &[std::collections::HashMap<String, String>]) {
    let cells = |row: usize, columns: &[&str]| -> Vec<&str> {
        columns.iter().map(|column| rows[row][*column].as_str()).collect()
    };
    let figures: Vec<&str> =
        rows.iter().map(|row| row["metric"].strip_prefix("economics:").unwrap()).collect();
    let expected = [
        "kept_per_1000",
        "gross_per_customer",
        "cost_per_customer",
        "net_value_per_customer",
        "rollout_kept",
        "rollout_net_value",
        "cost_per_kept",
        "break_even_cost_per_customer",
        "break_even_cost_per_taker",
        "takers_kept",
        "takers_net_value",
        "takers_would_have_stayed",
        "kept_per_1000",
        "net_value_per_customer",
        "kept_per_1000",
        "net_value_per_customer",
    ];
    assert_eq!(figures, expected);
    let shared = ["kind", "role", "variant", "control", "n", "immature"];
    assert_eq!(cells(0, &shared), ["economics", "economics", "discount", "control", "1250", "12"]);
    let numbers = ["effect", "effect_std_error", "effect_lower", "effect_upper", "p_value", "chance_to_win"];
    assert_eq!(cells(3, &numbers), ["1.0", "0.5", "-1.0", "9.0", "0.046", "0.977"]);
    let set = ["effect", "effect_lower", "effect_upper", "relative_set"];
    assert_eq!(cells(6, &set), ["0.25", "0.125", "0.5", "outside"]);
    assert_eq!(cells(10, &set), ["2.5", "", "", "all"]);
    let segment = ["dimension", "value", "n", "immature", "effect", "adjusted_p_value", "not_estimable"];
    assert_eq!(cells(13, &segment), ["plan", "'=pro", "250", "", "2.0", "0.002", ""]);
    assert_eq!(cells(15, &segment), ["plan", "", "1", "", "", "", "too_few_customers"]);
}
