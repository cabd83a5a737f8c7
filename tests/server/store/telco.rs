//! Telco's customers through the whole store, facts in and report out, against lifelines' records.

use experiment_core::report::report;
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::Proposal;
use experiment_tests::reference::{Record, records};
use experiment_tests::tolerance::number;

use super::world::{HOUR, MARCH, World, event, exposure};
use crate::published::{data_file, inflated};

/// Months of tenure stand for days; the means are taken up to 48 of them.
const DEFINITION: &str = "
key: winback
assignment: external
variants: [{key: Month-to-month}, {key: One_year}, {key: Two_year}]
metrics: [{key: tenure, kind: survival, event: churn, horizon: 48d, role: primary}]
plan: {target: {customers_per_arm: 1}}
";

/// One customer: id, arm, tenure, whether they churned.
fn customers() -> Option<Vec<(String, String, i64, bool)>> {
    let text = inflated(&data_file("telco_churn.csv.gz")?);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|head| *head == name).unwrap();
    let (id, arm, tenure, churn) =
        (column("customerID"), column("Contract"), column("tenure"), column("Churn"));
    let customer = |line: &str| {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        (
            cells[id].to_owned(),
            cells[arm].replace(' ', "_"),
            cells[tenure].parse().unwrap(),
            cells[churn] == "Yes",
        )
    };
    Some(lines.map(customer).collect())
}

#[test]
fn facts_in_and_the_published_curves_out() {
    let Some(customers) = customers() else { return };
    let world = World::new();
    world.start(DEFINITION);
    // Everybody is looked at on one day, and came in as many days before it as their tenure.
    let today = MARCH + 100 * DAY;
    world.clock.set(today + 23 * HOUR);
    let mut facts: Vec<Proposal> = Vec::new();
    for (index, (id, arm, tenure, churned)) in customers.iter().enumerate() {
        let hour = (index as i64 % 20) * HOUR;
        facts.push(exposure(id, "x", arm, today - tenure * DAY + hour));
        // At an hour of its own, not before the exposure.
        facts.extend(churned.then(|| event(id, "e", "churn", None, today + hour + HOUR)));
    }
    for batch in facts.chunks(5_000) {
        world.submit(batch.to_vec());
    }
    world.verify();
    let reading = world.reading("winback");
    let report = report(&reading.design, &reading.aggregates, Some(Timestamp(today).day().end())).unwrap();
    let metric = &report.metrics[0];

    let records: Vec<Record> = records("telco");
    let record =
        |id: String| records.iter().find(|record| record.id == id).unwrap_or_else(|| panic!("no {id}"));
    let mut compared = 0;
    let mut close = |record: &Record, got: Option<f64>, want: f64| {
        assert!(got.is_some_and(|got| record.tolerance.accepts(got, want)), "{}: {got:?}, {want}", record.id);
        compared += 1;
    };
    for arm in &metric.arms {
        let name = arm.variant.replace("_year", " year");
        let curve = record(format!("telco/tenure_by_contract/{name}/kaplan_meier"));
        assert_eq!(arm.followed, curve.inputs["n"].as_u64());
        for (time, at) in curve.outputs["at"].as_object().unwrap() {
            let time: u32 = time.parse().unwrap();
            if time <= 48 {
                let until = arm.survival.iter().rev().find(|point| point.day <= time);
                let share = until.map_or(1.0, |point| point.survival);
                close(curve, Some(share), number(&at["survival"]).unwrap());
            }
        }
        let mean = record(format!("telco/tenure_by_contract/{name}/rmst/h48"));
        close(mean, arm.estimate, number(&mean.outputs["rmst"]).unwrap());
    }
    for comparison in &metric.comparisons {
        let name = comparison.variant.replace("_year", " year");
        let id = format!("telco/tenure_by_contract/{name}_vs_Month-to-month/logrank/unweighted");
        close(record(id.clone()), comparison.statistic, number(&record(id).outputs["chi2"]).unwrap());
    }
    assert_eq!(compared, 3 * 5 + 3 + 2);
}
