//! Reached against target, and the days to go: everything by hand.

use experiment_core::definition::Method;
use experiment_core::report::{Cells, Progress};

use super::*;

/// A fixed plan whose only metric has a window of seven days; customers enter evenly from day 0 on.
fn entering(target: Option<Target>, days: i32, an_arm_and_day: i64) -> (Design, Aggregates) {
    let mut design = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    design.stage = Stage::Running;
    (design.plan.method, design.plan.target) = (Method::Fixed, target);
    let mut sums = Aggregates { metrics: vec![Cells::new()], ..Aggregates::default() };
    for (day, arm) in (0..days).flat_map(|day| [(day, 0), (day, 1)]) {
        // The variant's arm is a little larger: the smaller one is waited for.
        let n = an_arm_and_day + i64::from(arm);
        sums.exposed.insert(cell(arm, Population::Analysed, day), counted(n));
        sums.metrics[0].insert(cell(arm, Population::Analysed, day), proportion(n, n / 2));
    }
    (design, sums)
}

fn progress(design: &Design, sums: &Aggregates, as_of: Timestamp) -> Option<Progress> {
    report(design, sums, Some(as_of)).unwrap().progress
}

#[test]
fn customers_who_have_entered_are_waited_for() {
    let (plan, sums) = entering(Some(Target::CustomersPerArm(1_000)), 20, 100);
    // Day 0 is mature at the end of day 7; the tenth day of entry, day 9, at the end of day 16.
    let found = progress(&plan, &sums, Day(9).end()).unwrap();
    assert_eq!((found.customers_per_arm, found.end), (Some(1_000), None));
    assert_eq!((found.reached, found.days_to_go), (0.3, Some(7)));
    let found = progress(&plan, &sums, Day(16).end()).unwrap();
    assert_eq!((found.reached, found.days_to_go), (1.0, Some(0)));
    // Half a day is a day to go.
    let found = progress(&plan, &sums, Timestamp(Day(16).start().0 + DAY / 2)).unwrap();
    assert_eq!((found.reached, found.days_to_go), (0.9, Some(1)));
}

#[test]
fn customers_yet_to_come_are_foreseen_from_the_last_week() {
    let (plan, sums) = entering(Some(Target::CustomersPerArm(3_000)), 20, 100);
    // At noon of day 19, 1,900 entered on whole days; eleven more days bring the rest, of whom the last enter on day
    // 29 and are mature at the end of day 36.
    let noon = Timestamp(Day(19).start().0 + DAY / 2);
    assert_eq!(progress(&plan, &sums, noon).unwrap().days_to_go, Some(18));
    // Nobody came for a week.
    assert_eq!(progress(&plan, &sums, Day(27).end()).unwrap().days_to_go, None);
    let stopped = Design { stage: Stage::Final, ..plan };
    // The customers of day 19 are mature at the end of day 26, and that is all.
    assert_eq!(progress(&stopped, &sums, noon).unwrap().days_to_go, Some(8));
}

#[test]
fn a_last_day_of_entry_and_no_target() {
    let (plan, sums) = entering(Some(Target::End(Day(9))), 5, 100);
    let found = progress(&plan, &sums, Day(9).end()).unwrap();
    assert_eq!((found.customers_per_arm, found.end), (None, Some(Day(9))));
    assert_eq!((found.reached, found.days_to_go), (0.3, Some(7)));
    // Stopped long before that day: the customers of day 4 are the last.
    let stopped = Design { stage: Stage::Final, ..plan.clone() };
    assert_eq!(progress(&stopped, &sums, Day(9).end()).unwrap().days_to_go, Some(2));
    let (open, sums) = entering(None, 5, 100);
    assert_eq!(progress(&open, &sums, Day(9).end()), None);
    assert_eq!(report(&plan, &sums, None).unwrap().progress, None);
}
