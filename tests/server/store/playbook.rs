//! Each template of the playbook through a simulated campaign whose truth is known: customers who fit its audience are
//! assigned, do what its metrics and offers look at, and the verdict is one that the plan allows for that truth.
//!
//! The plan's target is cut to what a test can simulate, and the effects are large enough to be found with it.

mod population;

use experiment_core::assignment::{Customer, assign};
use experiment_core::definition::{Experiment, Role, read_document};
use experiment_core::report::{Level, Report, VerdictCode, report};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::playbook::{TEMPLATES, Template};
use experiment_server::store::{Outcome, Proposal, ProposedAssign, ProposedEvent};
use experiment_tests::data_dir;
use serde_json::{Value, json};

use super::world::{HOUR, MARCH, World};
use crate::process::run;
use population::{Chances, Population, Truth};

/// Customers of each arm that the plan waits for, and how many are simulated for each.
const TARGET: usize = 900;
const PER_ARM: usize = 1_000;
/// Customers enter over so many days, or as many as the plan waits.
const ENTRY_DAYS: i64 = 14;

/// The template as an experiment with the smaller target.
fn experiment(template: &Template) -> Experiment {
    let mut document: Value = read_document(template.text).unwrap();
    let target = &mut document["plan"]["target"]["customers_per_arm"];
    assert!(target.as_u64().unwrap() > TARGET as u64, "{}: {target}", template.name);
    *target = json!(TARGET);
    Experiment::parse(document).unwrap()
}

/// Plays the campaign from the first assignment until every window has ended.
fn play(template: &Template, truth: Truth) -> Report {
    let experiment = experiment(template);
    let population = Population::of(&experiment);
    let world = World::new();
    world.start(&experiment.document.to_string());
    let mut chances = Chances::of(template.name);
    let days = ENTRY_DAYS.max(i64::from(experiment.plan.min_days));
    let customers = PER_ARM * experiment.variants.len();
    let mut entered: Vec<(String, usize, i64)> = Vec::new();
    for day in 0..days {
        world.clock.set(MARCH + day * DAY + 9 * HOUR);
        let now = MARCH + day * DAY + 9 * HOUR;
        let mut proposals = Vec::new();
        while entered.len() < customers * (day + 1) as usize / days as usize {
            let id = format!("c-{}", entered.len());
            let attributes = population.attributes(&mut chances);
            let catalog = world.store().catalog();
            let compiled = catalog.snapshot().get(&experiment.key).unwrap();
            let customer = Customer::new(&id).with_attributes(&attributes);
            let decision = assign(compiled, customer, &world.store().memory_of(&id));
            assert!(decision.is_analysed(), "{}: {} for {attributes:?}", template.name, decision.reason());
            let variant = decision.variant().unwrap();
            proposals.push(Proposal::Assign(ProposedAssign {
                customer: id.clone(),
                experiment: experiment.key.clone(),
                variant: experiment.variants[variant].key.clone(),
                attributes: Some(attributes),
            }));
            entered.push((id, variant, now));
        }
        accepted(&world, proposals);
    }
    world.clock.advance(population.longest() + 2 * DAY);
    let mut events = Vec::new();
    for (id, variant, exposed) in &entered {
        let done = population.events(*variant, truth, &mut chances);
        events.extend(done.into_iter().enumerate().map(|(number, done)| {
            Proposal::Event(ProposedEvent {
                customer: id.clone(),
                event: done.event.to_owned(),
                id: Some(format!("e-{number}")),
                value: done.value,
                at: Some(Timestamp(exposed + done.after)),
                attributes: None,
            })
        }));
    }
    for batch in events.chunks(10_000) {
        accepted(&world, batch.to_vec());
    }
    world.verify();
    let reading = world.reading(&experiment.key);
    let now = world.clock()();
    report(&reading.design, &reading.aggregates, Some(now)).unwrap()
}

fn accepted(world: &World, proposals: Vec<Proposal>) {
    for outcome in world.submit(proposals) {
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    }
}

/// What keeps the report from being whole: a check that fails, a number that is missing.
fn missing(report: &Report, experiment: &Experiment) -> Vec<String> {
    let failing = report.health.checks.iter().filter(|check| check.level == Level::Fail);
    let mut missing: Vec<String> = failing.map(|check| format!("{check:?}")).collect();
    let mut ask = |is_there: bool, what: &dyn std::fmt::Debug| {
        if !is_there {
            missing.push(format!("{what:?}"));
        }
    };
    ask(report.metrics.len() == experiment.metrics.len(), &"metrics");
    ask(!report.verdict.reasons.is_empty(), &report.verdict);
    for metric in &report.metrics {
        ask(metric.immature == Some(0), &(&metric.metric, metric.immature));
        ask(metric.comparisons.len() == experiment.variants.len() - 1, &(&metric.metric, "comparisons"));
        for arm in &metric.arms {
            ask(arm.n > 0 && arm.estimate.is_some_and(f64::is_finite), &(&metric.metric, arm));
        }
        for comparison in &metric.comparisons {
            let ends =
                comparison.effect.is_some_and(|effect| effect.lower.is_some() && effect.upper.is_some());
            ask(ends, &(&metric.metric, comparison));
        }
    }
    let accounts = if experiment.economics.is_some() { experiment.variants.len() - 1 } else { 0 };
    ask(report.economics.len() == accounts, &("economics", report.economics.len()));
    for account in &report.economics {
        let effects = [account.kept_per_1000, account.cost_per_customer, account.net_value_per_customer]
            .map(|it| it.is_some());
        // Only more kept customers have a price, and only what varies a chance.
        let price = account.kept_per_1000.is_some_and(|kept| kept.estimate > 0.0);
        let varies = account.net_value_per_customer.is_some_and(|net| net.std_error > Some(0.0));
        let others = account.cost_per_kept.is_some() == price
            && account.chance_it_pays.is_some() == varies
            && account.rollout.is_some();
        ask(effects == [true; 3] && others && account.immature == Some(0), account);
    }
    missing
}

/// Every template's campaign has a whole report, and a verdict that is allowed.
fn verdicts(truth: Truth, allowed: &[VerdictCode]) {
    let mut wrong = Vec::new();
    for template in &TEMPLATES {
        let report = play(template, truth);
        let missing = missing(&report, &experiment(template));
        if !missing.is_empty() || !allowed.contains(&report.verdict.verdict) {
            wrong.push(format!("{}: {:?}\n  {}", template.name, report.verdict, missing.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_better_ships() {
    verdicts(Truth::Better, &[VerdictCode::Ship]);
}

#[test]
fn what_is_worse_does_not() {
    verdicts(Truth::Worse, &[VerdictCode::KeepControl, VerdictCode::StopForHarm]);
}

/// The sample is complete, so each plan says that it found nothing; a control is kept when the effect is shown to be
/// too small.
#[test]
fn what_changes_nothing_is_inconclusive() {
    verdicts(Truth::Same, &[VerdictCode::Inconclusive, VerdictCode::KeepControl]);
}

#[test]
fn the_book_explains_each() {
    let book = std::fs::read_to_string(data_dir().join("../../docs/playbook.md")).unwrap();
    for template in &TEMPLATES {
        let heading = format!(": `{}`", template.name);
        assert!(book.lines().any(|line| line.starts_with("### ") && line.ends_with(&heading)), "{heading}");
    }
}

/// The sizes in the templates are those that the command gives, for the smallest effect worth acting on, and the target
/// is not below them.
#[test]
fn sizes_are_what_power_says() {
    for template in &TEMPLATES {
        let name = template.name;
        let lines: Vec<&str> = template.text.lines().collect();
        let at = lines.iter().position(|line| line.starts_with("#   experiment power ")).unwrap();
        let command: Vec<&str> = lines[at].trim_start_matches("#   experiment ").split(' ').collect();
        let said = lines[at + 1].trim_start_matches("#   → ").trim_end_matches(" customers per arm");
        let said: u64 = said.replace(',', "").parse().unwrap();
        let (_, answer, stderr) = run(&[&command[..], &["--format", "json"]].concat());
        assert_eq!(stderr, "", "{name}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["customers_control"].as_f64(), Some(said as f64), "{name}");
        let primary =
            experiment(template).metrics.into_iter().find(|metric| metric.role == Role::Primary).unwrap();
        if let Some(least) = primary.min_effect {
            assert_eq!(answer["effect"].as_f64().map(f64::abs), Some(least.to_f64()), "{name}");
        }
        let document: Value = read_document(template.text).unwrap();
        let planned = document["plan"]["target"]["customers_per_arm"].as_u64().unwrap();
        assert!(planned >= said, "{name}: {planned} are fewer than {said}");
    }
}
