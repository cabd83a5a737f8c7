//! Effects by week of entry, and in both halves of the window.

use super::daily::{enter, world};
use super::*;

#[test]
fn a_week_is_the_report_of_its_customers_alone() {
    let (design, mut sums) = world();
    for day in [6, 7, 8, 13, 14, 20] {
        enter(&mut sums, Population::Analysed, day, 0, 120 + i64::from(day));
        enter(&mut sums, Population::Analysed, day, 1, 130);
    }
    // Day 14 is mature, day 20 is not yet.
    let as_of = Some(Day(26).start());
    let whole = report(&design, &sums, as_of).unwrap();
    for index in 0..3 {
        let weekly = &whole.metrics[index].weekly;
        assert_eq!(weekly.iter().map(|week| week.from).collect::<Vec<_>>(), [Day(0), Day(7), Day(14)]);
        for week in weekly {
            let mut alone = sums.clone();
            let days = week.from.0..week.from.0 + 7;
            alone.exposed.retain(|(_, cell), _| days.contains(&cell.day.0));
            alone
                .metrics
                .iter_mut()
                .for_each(|cells| cells.retain(|(_, cell), _| days.contains(&cell.day.0)));
            let alone = report(&design, &alone, as_of).unwrap();
            let (metric, [shown]) = (&alone.metrics[index], &week.comparisons[..]) else {
                panic!("{week:?}")
            };
            assert_eq!((shown.control_n, shown.n), (metric.arms[0].n, metric.arms[1].n));
            assert_eq!((shown.variant.as_str(), shown.effect), ("discount", metric.comparisons[0].effect));
        }
    }
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), whole);
    assert!(text.contains(r#""weekly":[{"from":"1970-01-01","comparisons":[{"variant":"discount","#));
}

#[test]
fn few_customers_have_no_effect_and_what_does_not_wait_no_weeks() {
    let (mut design, mut sums) = world();
    for arm in [0, 1] {
        enter(&mut sums, Population::Analysed, 9, arm, 99);
    }
    let read = |design: &Design, as_of| report(design, &sums, as_of).unwrap();
    let found = read(&design, Some(Day(40).start()));
    let week = &found.metrics[1].weekly[1].comparisons[0];
    assert_eq!((week.control_n, week.n, week.effect), (99, 99, None));
    assert!(read(&design, None).metrics.iter().all(|metric| metric.weekly.is_empty()));
    design.metrics[1].window.to = None;
    assert!(read(&design, Some(Day(40).start())).metrics[1].weekly.is_empty());
}
