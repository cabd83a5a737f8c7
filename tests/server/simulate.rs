//! `experiment simulate`, run as it is run in a shell, in this process.

use experiment_server::command::Exit;
use serde_json::Value;

use crate::process::run;

fn simulate(args: &[&str]) -> (Exit, String, String) {
    run(&[&["simulate"], args].concat())
}

const SMALL: [&str; 6] = ["--scenario", "binary,ratio", "--customers", "300", "--runs", "60"];

#[test]
fn the_same_table_for_any_number_of_threads_and_in_every_format() {
    let json = |threads| {
        let args = [&SMALL[..], &["--method", "pooled_z,relative", "--format", "json", "--threads", threads]];
        let (exit, stdout, stderr) = simulate(&args.concat());
        assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""));
        stdout
    };
    let one = json("1");
    assert_eq!(one, json("3"));
    let calibration: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(
        (&calibration["runs"], &calibration["customers"], &calibration["seed"]),
        (&60.into(), &300.into(), &1.into())
    );
    let rows = calibration["rows"].as_array().unwrap();
    // pooled_z at one and at daily looks, relative at one, on the first; relative alone on the second.
    assert_eq!(rows.len(), 2 * 3 + 2);
    let daily = &rows[1];
    assert_eq!(
        [&daily["scenario"], &daily["world"], &daily["method"], &daily["looks"], &daily["promise"]],
        ["binary", "alike", "pooled_z", "daily", "nothing"]
    );
    assert_eq!(daily["power"], Value::Null, "there is no effect to find");

    let (_, csv, _) = simulate(&[&SMALL[..], &["--method", "pooled_z,relative", "--format", "csv"]].concat());
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + rows.len());
    assert!(lines[0].starts_with("scenario,world,method,looks,runs,"));
    let rate = daily["false_rejections"].as_f64().unwrap();
    assert!(
        lines[2].starts_with(&format!("binary,alike,pooled_z,daily,60,0,0.05,nothing,{rate},,")),
        "{}",
        lines[2]
    );

    let (_, table, _) = simulate(&[&SMALL[..], &["--method", "pooled_z,relative"]].concat());
    assert!(table.starts_with("60 simulated experiments a row, 300 customers each, seed 1\n"), "{table}");
    assert!(table.ends_with("Every promise is kept.\n"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
}

#[test]
fn looks_choose_the_rows() {
    let looks = |looks| {
        let args = ["--method", "pooled_z,always_valid", "--looks", looks, "--format", "csv"];
        let (exit, stdout, _) =
            simulate(&[&SMALL[..2], &["--customers", "300", "--runs", "5"], &args].concat());
        assert_eq!(exit, Exit::Fine);
        stdout
            .lines()
            .skip(1)
            .map(|line| line.split(',').take(4).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(looks("one"), ["binary alike pooled_z one", "binary different pooled_z one"]);
    let daily = looks("daily");
    assert_eq!(daily[..2], ["binary alike pooled_z daily", "binary alike always_valid daily"]);
    // Also on ratios, where it is tried too.
    assert_eq!(daily.len(), 6);
}

/// Three payers an arm are too few for Welch's test: it says so itself, and the exit code is bad news.
#[test]
fn a_broken_promise_is_bad_news() {
    let args = ["--scenario", "revenue", "--method", "welch", "--looks", "one", "--customers", "200"];
    let (exit, table, stderr) = simulate(&[&args[..], &["--runs", "1000"]].concat());
    assert_eq!((exit, stderr.as_str()), (Exit::BadNews, ""));
    assert!(table.contains("BROKEN") && table.contains(" promise.\n"), "{table}");
}

#[test]
fn wrong_use_names_the_flag_and_the_mend() {
    let wrong = |args: &[&str], expected: &[&str]| {
        let (exit, stdout, stderr) = simulate(args);
        assert_eq!((exit, stdout.as_str()), (Exit::WrongUse, ""), "{args:?}");
        for part in expected {
            assert!(stderr.contains(part), "{args:?}: {stderr}");
        }
    };
    wrong(&["--scenario", "binray"], &["--scenario", "binray", "binary"]);
    wrong(&["--method", "welsh"], &["--method", "welch", "always_valid"]);
    wrong(&["--runs", "0"], &["--runs", "1..=1000000"]);
    wrong(&["--customers", "10"], &["--customers", "200..=1000000"]);
    wrong(&["--looks", "weekly"], &["--looks", "one, daily"]);
    wrong(&["--threads", "0"], &["--threads"]);
    wrong(
        &["--scenario", "churn", "--method", "welch"],
        &["--method", "mend: choose a method that fits", "churn: log_rank, restricted_mean"],
    );
}

#[test]
fn help_has_examples() {
    let (exit, help, _) = simulate(&["--help"]);
    assert_eq!(exit, Exit::Fine);
    assert!(help.contains("Examples:\n") && help.contains("experiment simulate --runs 20000"), "{help}");
}

#[test]
fn whole_plans_have_a_table_of_their_own() {
    let args = ["--verdicts", "--runs", "2", "--customers", "400"];
    let (exit, csv, _) = simulate(&[&args[..], &["--format", "csv", "--threads", "1"]].concat());
    assert_eq!(exit, Exit::Fine);
    assert_eq!(csv, simulate(&[&args[..], &["--format", "csv", "--threads", "3"]].concat()).1);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "method,truth,runs,ship,keep_control,stop_for_harm,inconclusive,invalid,sample");
    assert_eq!(lines.len(), 1 + 4 * 5);
    assert!(lines[1].starts_with("fixed,alike,2,") && lines[20].starts_with("bayesian,lost,1,"), "{csv}");
    let (_, table, _) = simulate(&args);
    assert_eq!(table.lines().count(), 1 + 4 * 5);
    assert_eq!(simulate(&["--verdicts", "--method", "welch"]).0, Exit::WrongUse);
}
