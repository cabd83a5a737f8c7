//! What was planned beside what was reached.

use experiment_core::definition::{Method, Plan, Role, Sides, Target};
use experiment_core::report::{Estimand, LookReport, Report};

use super::banner;
use crate::page::number;
use crate::page::subject::Subject;
use crate::page::text::{ENGLISH, fill};

/// The plan, row by row, and its looks.
pub(super) struct PlanTable {
    pub(super) rows: Vec<(&'static str, String)>,
    pub(super) looks: Vec<Look>,
}

/// A look at a group-sequential plan.
pub(super) struct Look {
    pub(super) planned: String,
    pub(super) reached: String,
    pub(super) at: String,
}

impl PlanTable {
    pub(super) fn of(subject: &Subject, report: &Report) -> PlanTable {
        let (text, plan) = (&ENGLISH, &subject.experiment.plan);
        let sides = if plan.sides == Sides::Two { text.plan_sides } else { text.plan_side };
        let mut rows = vec![(text.plan_method, text.method(plan.method).to_owned())];
        match plan.method {
            // It does not limit how often one is wrong, and has no sides.
            Method::Bayesian => rows.push((text.plan_level, number::level(1.0 - plan.alpha))),
            _ => {
                rows.push((text.plan_alpha, format!("{}, {sides}", number::level(plan.alpha))));
                rows.push((text.plan_correction, text.correction(plan.correction).to_owned()));
            }
        }
        rows.push((text.plan_target, target(plan, report)));
        if let Some(progress) = &report.progress {
            rows.push((text.look_reached, number::percent(progress.reached)));
        }
        if plan.min_days > 0 {
            rows.push((text.plan_min_days, plan.min_days.to_string()));
        }
        if !plan.stratify.is_empty() {
            rows.push((text.plan_stratify, plan.stratify.join(", ")));
        }
        if let Some(ship) = plan.ship {
            let (chance, loss) =
                (number::percent(ship.chance), number::loss(scale_of(report), ship.max_loss));
            rows.push((text.plan_ship, fill(text.plan_ship_how, &[("chance", &chance), ("loss", &loss)])));
        }
        PlanTable { rows, looks: report.looks.iter().map(Look::of).collect() }
    }
}

/// On what scale the plan's loss is: that of the primaries, where they are alike.
fn scale_of(report: &Report) -> Estimand {
    let mut primaries = report.metrics.iter().filter(|metric| metric.role == Role::Primary);
    let are_shares = primaries.all(|metric| metric.kind == Estimand::Proportion);
    if are_shares { Estimand::Proportion } else { Estimand::Mean }
}

fn target(plan: &Plan, report: &Report) -> String {
    let text = &ENGLISH;
    match (&report.progress, plan.target) {
        (Some(progress), _) => banner::target(progress),
        (None, Some(Target::CustomersPerArm(customers))) => {
            fill(text.target_customers, &[("customers", &number::count(customers))])
        }
        (None, Some(Target::End(day))) => fill(text.target_end, &[("day", &day.to_string())]),
        (None, None) => text.plan_no_target.to_owned(),
    }
}

impl Look {
    fn of(look: &LookReport) -> Look {
        let text = &ENGLISH;
        Look {
            planned: look.planned.map_or(text.look_last.to_owned(), number::percent),
            reached: number::percent(look.reached),
            at: look.at.map_or(text.nothing.to_owned(), |at| at.to_string()),
        }
    }
}
