//! Reports that carry their inputs, and `experiment recompute` on them.

use experiment_server::command::Exit;
use serde_json::{Value, json};

use super::results::Campaign;
use crate::process::run_with;

fn recompute(report: &Value) -> (Exit, String) {
    let (exit, stdout, stderr) = run_with(report.to_string().as_bytes(), &["recompute", "-"]);
    assert_eq!(stderr, "");
    (exit, stdout)
}

/// Decided on the second day; what came later says the opposite.
fn decided() -> Campaign {
    let campaign = Campaign::start("{target: {customers_per_arm: 100}}");
    campaign.wave("first", [20, 80]);
    campaign.served.pass("3d");
    campaign.wave("second", [190, 10]);
    campaign.wave("third", [190, 10]);
    campaign.served.pass("3d");
    campaign
}

#[test]
fn a_report_of_the_server_is_made_again_to_the_bit() {
    let campaign = Campaign::start("{method: always_valid, min_days: 9, tuning: 400}");
    campaign.wave("first", [60, 62]);
    campaign.served.pass("1d");
    campaign.wave("second", [40, 110]);
    campaign.served.pass("3d");
    let report = campaign.report("fresh&inputs=true");
    assert_eq!(report["metrics"][0]["daily"].as_array().unwrap().len(), 2);
    assert_eq!(report["inputs"]["decision"], Value::Null);
    let (exit, told) = recompute(&report);
    assert_eq!(exit, Exit::Fine, "{told}");
    assert!(told.starts_with("once as of 2026-03-05T12:00:00Z, version "), "{told}");
    // The same report as without inputs, and of a past day too.
    let mut bare = report.clone();
    bare.as_object_mut().unwrap().remove("inputs");
    assert_eq!(campaign.report("fresh&inputs=false"), bare);
    let past = campaign.report("as_of=2026-03-02&inputs=true");
    assert_eq!((&past["as_of"], recompute(&past).0), (&json!("2026-03-03T00:00:00Z"), Exit::Fine));
    let problem = campaign.served.get("/v1/experiments/once/results?inputs&format=csv");
    let problem = problem.problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["mend"], "send format=json, or no inputs");
}

#[test]
fn the_verdict_of_the_day_of_decision_is_made_again_from_the_sums_of_that_day() {
    let mut report = decided().report("fresh&inputs=true");
    assert_eq!(
        (&report["verdict"]["verdict"], &report["verdict"]["decided_on"]),
        (&json!("ship"), &json!("2026-03-02"))
    );
    assert_eq!(report["inputs"]["decision"]["day"], "2026-03-02");
    let (exit, told) = recompute(&report);
    assert_eq!(exit, Exit::Fine, "{told}");
    assert!(told.contains("the verdict from the sums of 2026-03-02, when it was decided"), "{told}");

    let mut lied = report.clone();
    lied["verdict"]["verdict"] = "keep_control".into();
    let (exit, told) = recompute(&lied);
    assert_eq!(exit, Exit::BadNews);
    assert!(told.contains("verdict.verdict: \"keep_control\" stored, \"ship\" made again"), "{told}");

    // Customers of the control who did it: 20 become 180.
    let sum = report.pointer_mut("/inputs/decision/aggregates/metrics/0/0/days/0/4").unwrap();
    assert_eq!(*sum, json!(20_000_000));
    *sum = 180_000_000.into();
    let (exit, told) = recompute(&report);
    assert_eq!(exit, Exit::BadNews);
    assert!(told.contains("verdict.verdict: \"ship\" stored, \"stop_for_harm\" made again"), "{told}");
}
