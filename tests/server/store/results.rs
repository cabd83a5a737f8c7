//! The sums as readers get them.

use experiment_core::definition::LifecycleStep;
use experiment_core::measure::{MAX_DIMENSION_VALUES, Moments, Population, Slice, bucket_value};
use experiment_core::report::{Cells, CheckCode, Level, Stage, report};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{Attributes, Proposal, ProposedExposure, Reading, StoreError};

use super::world::{HOUR, MARCH, WINBACK, World, accepted, attributes, event, exposure};

/// The sums of one variant over everybody of a population.
fn total(cells: &Cells, variant: u16, population: Population) -> Moments {
    let mut total = Moments::default();
    for ((slice, cell), moments) in cells {
        if *slice == Slice::All && cell.variant == variant && cell.population == population {
            total.merge(moments).unwrap();
        }
    }
    total
}

fn analysed(reading: &Reading, metric: usize, variant: u16) -> Moments {
    total(&reading.aggregates.metrics[metric], variant, Population::Analysed)
}

fn with_plan(proposal: Proposal, plan: &str) -> Proposal {
    match proposal {
        Proposal::Exposure(mut exposure) => {
            exposure.attributes = Some(attributes(plan));
            Proposal::Exposure(exposure)
        }
        other => other,
    }
}

#[test]
fn sums_by_hand() {
    let world = World::running();
    let start = MARCH;
    world.clock.set(MARCH + 10 * DAY);
    world.submit(vec![
        with_plan(exposure("a", "x", "control", start), "basic"),
        event("a", "1", "order", 10.0, start - DAY),
        event("a", "2", "order", 20.5, start),
        event("a", "3", "order", 30.0, start + 2 * DAY),
        event("a", "4", "order", 99.0, start + 3 * DAY),
        with_plan(exposure("b", "x", "control", start + HOUR), "pro"),
        event("b", "1", "cancel", None, start + 2 * HOUR),
        exposure("c", "x", "discount", start),
        exposure("c", "y", "control", start + HOUR),
        event("c", "1", "order", 700.0, start + HOUR),
    ]);
    let reading = world.reading("winback");
    assert_eq!(reading.sequence, 12);
    assert_eq!(reading.design.definition_version, Some(1));
    assert_eq!(total(&reading.aggregates.exposed, 0, Population::Analysed).n(), 2);
    assert_eq!(total(&reading.aggregates.exposed, 1, Population::Crossed).n(), 1);
    let unit = 1_000_000;
    assert_eq!(analysed(&reading, 0, 0).sums(), [unit], "a was active on day 2");
    assert_eq!(analysed(&reading, 1, 0).sums(), [50_500_000, 10 * unit]);
    assert_eq!(analysed(&reading, 2, 0).sums(), [2 * unit]);
    assert_eq!(analysed(&reading, 3, 0).sums(), [50_500_000, 2 * unit]);
    assert_eq!(analysed(&reading, 4, 0).sums(), [unit]);
    let crossed = total(&reading.aggregates.metrics[1], 1, Population::Crossed);
    assert_eq!(crossed.sums(), [500 * unit, 0], "capped");
    let basic = Slice::Value { dimension: 0, value: "basic".to_owned() };
    let (_, of_basic) = reading.aggregates.metrics[1].iter().find(|((slice, _), _)| *slice == basic).unwrap();
    assert_eq!((of_basic.n(), of_basic.sums()), (1, &[50_500_000, 10 * unit][..]));
    world.verify();
}

#[test]
fn counts_by_hand() {
    let world = World::new();
    world.start(
        "
key: winback
variants: [{key: control}, {key: discount}]
metrics:
  - {key: p50, kind: quantile, of: {kind: sum, event: order}, q: 0.5, window: {to: 3d}, scale: 0.01, role: primary}
  - {key: p90, kind: quantile, of: {kind: sum, event: order}, q: 0.9, window: {to: 3d}, scale: 0.01, role: guardrail, margin: 1}
plan: {target: {customers_per_arm: 9}}
",
    );
    world.clock.set(MARCH + 4 * DAY);
    world.submit(vec![
        exposure("a", "x", "control", MARCH),
        exposure("b", "x", "control", MARCH),
        exposure("c", "x", "control", MARCH),
        event("a", "1", "order", 1.23, MARCH),
        event("a", "2", "order", 10.0, MARCH + DAY),
        event("b", "1", "order", -11.24, MARCH),
        event("c", "1", "order", 5.0, MARCH + 3 * DAY),
    ]);
    let reading = world.reading("winback");
    let [p50, p90] = &reading.aggregates.distributions[..] else { panic!("{reading:?}") };
    assert_eq!(p50, p90, "quantiles of one value share its counts");
    let counts: Vec<_> =
        p50.values().flatten().map(|(place, count)| (bucket_value(*place), *count)).collect();
    assert_eq!(counts, [(-1_120, 1), (0, 1), (1_120, 1)], "11.23 and 11.24 are 11.2 to three digits");
    // A later fact moves a customer to another bucket, and the past still has it where it was.
    world.clock.advance(DAY);
    accepted(world.one(event("c", "2", "order", 1.0, MARCH)));
    let counts: Vec<_> = world.reading("winback").aggregates.distributions[0]
        .values()
        .flatten()
        .map(|(place, count)| (bucket_value(*place), *count))
        .collect();
    assert_eq!(counts, [(-1_120, 1), (100, 1), (1_120, 1)]);
    let before = world.store().aggregates("winback", Some(Timestamp(MARCH + 4 * DAY).day())).unwrap();
    assert_eq!(before.aggregates.distributions, reading.aggregates.distributions);
    world.verify();
}

#[test]
fn days_of_churn_by_hand() {
    let world = World::new();
    world.start(
        "
key: winback
variants: [{key: control}, {key: discount}]
metrics:
  - {key: cancelled, kind: survival, event: cancel, horizon: 3d, role: primary}
  - {key: silent, kind: survival, inactive: {event: order, for: 2d}, horizon: 3d}
plan: {target: {customers_per_arm: 9}}
",
    );
    world.clock.set(MARCH + 4 * DAY);
    let noon = MARCH + 12 * HOUR;
    world.submit(vec![
        exposure("a", "x", "control", noon),
        event("a", "1", "cancel", None, noon + 13 * HOUR),
        event("a", "2", "cancel", None, noon + 3 * DAY),
        exposure("b", "x", "control", noon),
        event("b", "1", "cancel", None, noon - HOUR),
        event("b", "2", "order", 5.0, noon + DAY),
        exposure("c", "x", "discount", noon + DAY),
        event("c", "1", "cancel", None, noon + DAY),
    ]);
    let reading = world.reading("winback");
    let places = |metric: usize| -> Vec<_> {
        let cells = reading.aggregates.distributions[metric].iter();
        cells
            .flat_map(|((_, cell), places)| places.iter().map(|place| (cell.variant, *place.0, *place.1)))
            .collect()
    };
    assert_eq!(places(0), [(0, 1, 1), (1, 0, 1)], "a on the next day, b before exposure only, c at once");
    assert_eq!(places(1), [(0, 2, 1), (0, 3, 1), (1, 2, 1)], "silence is dated ahead");
    assert_eq!(analysed(&reading, 0, 0).n(), 2);
    world.verify();
    // Followed for three whole days: both are there on day 0, one on day 1 and later.
    let report = report(&reading.design, &reading.aggregates, Some(Timestamp(MARCH + 4 * DAY))).unwrap();
    let control = &report.metrics[0].arms[0];
    assert_eq!((control.n, control.followed, control.estimate), (2, Some(2), Some(2.0)));
}

#[test]
fn a_past_day_shows_what_was_known_then() {
    let mut world = World::new();
    let mut known: Vec<(Timestamp, Reading)> = Vec::new();
    world.start(WINBACK);
    for day in 0..6_i64 {
        let now = MARCH + day * DAY;
        world.clock.set(now);
        for i in 0..8 {
            // Some come anew, some late with an earlier date, some cross over.
            let customer = format!("c-{}", (i * 3 + day * 5) % 17);
            let variant = if (i + day) % 5 == 0 { "discount" } else { "control" };
            let back = (i % 3) * HOUR * 20;
            let met = exposure(&customer, &format!("x-{day}-{i}"), variant, (now - back).max(MARCH));
            world.one(with_plan(met, ["basic", "pro", ""][(i % 3) as usize]));
            world.one(event(&customer, &format!("e-{day}-{i}"), "order", i as f64, now - back));
        }
        if day == 3 {
            world.define(&format!("{WINBACK}\ntraffic: 0.5"));
        }
        if day == 4 {
            world.step("winback", LifecycleStep::Stop);
            world.restart();
        }
        known.push((Timestamp(now), world.reading("winback")));
    }
    for (now, reading) in &known {
        assert_eq!(&world.store().aggregates("winback", Some(now.day())).unwrap(), reading);
    }
    let stages: Vec<Stage> = known.iter().map(|(_, reading)| reading.design.stage).collect();
    assert_eq!(stages[3..], [Stage::Running, Stage::Final, Stage::Final]);
    let versions: Vec<_> = known.iter().map(|(_, reading)| reading.design.definition_version).collect();
    assert_eq!(versions[2..4], [Some(1), Some(2)]);
    let before = world.store().aggregates("winback", Some(Timestamp(MARCH - 1).day())).unwrap_err();
    assert!(matches!(before, StoreError::UnknownExperiment { .. }));
    world.verify();
}

#[test]
fn a_dimension_with_too_many_values_is_dropped_whole() {
    let mut world = World::running();
    let met = |i: usize| with_plan(exposure(&format!("c-{i}"), "x", "control", MARCH), &format!("plan-{i}"));
    for i in 0..MAX_DIMENSION_VALUES {
        accepted(world.one(met(i)));
    }
    let full = world.reading("winback");
    assert_eq!((full.aggregates.exposed.len(), full.aggregates.dropped_dimensions.len()), (201, 0));
    world.clock.advance(DAY);
    // A customer known by another value, and one value more.
    accepted(world.one(with_plan(exposure("c-5", "y", "control", MARCH), "plan-6")));
    assert!(world.reading("winback").aggregates.dropped_dimensions.is_empty());
    accepted(world.one(met(MAX_DIMENSION_VALUES)));
    for _ in 0..2 {
        let dropped = world.reading("winback");
        assert_eq!(
            (dropped.aggregates.exposed.len(), &dropped.aggregates.dropped_dimensions[..]),
            (1, &[0][..])
        );
        assert_eq!(world.store().aggregates("winback", Some(Timestamp(MARCH).day())).unwrap(), full);
        world.verify();
        world.restart();
        accepted(world.one(with_plan(
            exposure("c-7", &format!("z-{}", world.store().log_position()), "control", MARCH),
            "new",
        )));
        world.verify();
    }
}

/// WINBACK with two dimensions, and strata of both together.
fn stratified() -> String {
    let sliced = WINBACK.replace("dimensions: [plan]", "dimensions: [plan, country]");
    sliced.replace("plan: {method", "plan: {stratify: [country, plan], method")
}

fn from(proposal: Proposal, plan: &str, country: &str) -> Proposal {
    match proposal {
        Proposal::Exposure(exposure) => {
            let known = [("plan", plan), ("country", country)];
            let known = Attributes::from_iter(known.map(|(name, value)| (name.to_owned(), value.into())));
            Proposal::Exposure(ProposedExposure { attributes: Some(known), ..exposure })
        }
        other => other,
    }
}

#[test]
fn values_of_several_dimensions_are_counted_together() {
    let mut world = World::new();
    world.start(&stratified());
    // Pairs that a plain separator would mix up.
    let pairs = [("a", "b"), ("a\",\"b", ""), ("", "a\",\"b"), ("a", "b")];
    for (i, (plan, country)) in pairs.into_iter().enumerate() {
        accepted(world.one(from(exposure(&format!("c-{i}"), "x", "control", MARCH), plan, country)));
    }
    for _ in 0..2 {
        let reading = world.reading("winback");
        assert_eq!(reading.design.strata(), Some(2));
        let counted: Vec<(&str, i64)> = reading
            .aggregates
            .exposed
            .iter()
            .filter_map(|((slice, _), moments)| match slice {
                Slice::Value { dimension: 2, value } => Some((value.as_str(), moments.n())),
                _ => None,
            })
            .collect();
        let expected = [(r#"["","a\",\"b"]"#, 1), (r#"["a\",\"b",""]"#, 1), (r#"["b","a"]"#, 2)];
        assert_eq!(counted, expected);
        world.verify();
        world.restart();
    }
}

#[test]
fn too_many_strata_are_dropped_and_the_dimensions_stay() {
    let world = World::new();
    world.start(&stratified());
    let met = |i: usize| {
        let (plan, country) = (format!("plan-{}", i / 15), format!("country-{}", i % 15));
        from(exposure(&format!("c-{i}"), "x", "control", MARCH), &plan, &country)
    };
    for i in 0..MAX_DIMENSION_VALUES {
        accepted(world.one(met(i)));
    }
    let full = world.reading("winback");
    assert_eq!(
        (full.aggregates.exposed.len(), full.aggregates.dropped_dimensions.len()),
        (1 + 14 + 15 + 200, 0)
    );
    accepted(world.one(met(MAX_DIMENSION_VALUES)));
    let dropped = world.reading("winback");
    assert_eq!(
        (dropped.aggregates.exposed.len(), &dropped.aggregates.dropped_dimensions[..]),
        (1 + 14 + 15, &[2][..])
    );
    world.verify();
    let report = report(&dropped.design, &dropped.aggregates, None).unwrap();
    let check = report.health.checks.iter().find(|check| check.check == CheckCode::DimensionValues).unwrap();
    assert_eq!(
        check.detail,
        "country × plan has more than 200 values and is left out; group its values first. Effects are not \
         stratified as planned."
    );
    assert!(report.dimensions.iter().all(|slice| ["plan", "country"].contains(&&*slice.dimension)));
}

#[test]
fn exposures_unlike_our_own_draw_are_counted() {
    for (mode, analysed, left_out) in [("server", 40, 0), ("strict", 0, 0), ("external", 40, 0)] {
        let world = World::new();
        world.start(&format!("{WINBACK}\nassignment: {mode}"));
        for i in 0..40 {
            accepted(world.one(exposure(&format!("c-{i}"), "x", "discount", MARCH)));
        }
        let reading = world.reading("winback");
        let exposed = &reading.aggregates.exposed;
        let in_main = total(exposed, 1, Population::Analysed).n();
        let off = total(exposed, 1, Population::OffAssignment).n();
        assert_eq!(in_main + off, 40);
        let ours = u64::try_from(40 - off).unwrap();
        match mode {
            "server" => {
                assert_eq!((in_main, off), (analysed, left_out));
                assert!((5..35).contains(&reading.aggregates.off_assignment));
            }
            "strict" => {
                assert_eq!(reading.aggregates.off_assignment, 40 - ours);
                assert!((5..35).contains(&off));
            }
            _ => assert_eq!((in_main, reading.aggregates.off_assignment), (analysed, 0)),
        }
        world.verify();
    }
}

#[test]
fn facts_that_come_too_late_are_told() {
    let world = World::running();
    let late = |world: &World| {
        let Reading { design, aggregates, .. } = world.reading("winback");
        let now = Timestamp(MARCH + 4 * DAY + HOUR);
        let checks = report(&design, &aggregates, Some(now)).unwrap().health.checks;
        (aggregates.late, checks.into_iter().find(|check| check.check == CheckCode::LateFacts))
    };
    // Day 0 is mature at the end of day 3.
    world.clock.set(MARCH + HOUR);
    let first = (0..100).map(|i| exposure(&format!("c-{i}"), "x", "control", MARCH + HOUR)).collect();
    world.submit(first);
    world.clock.set(MARCH + 2 * DAY);
    world.submit((0..50).map(|i| event(&format!("c-{i}"), "1", "order", 10.0, MARCH + 30 * HOUR)).collect());
    assert_eq!(late(&world).1, None);
    // On day 4 itself, before any report could have counted on day 0, and then after.
    world.clock.set(MARCH + 4 * DAY + HOUR);
    world.submit(vec![event("c-60", "1", "order", 10.0, MARCH + 30 * HOUR)]);
    let (found, check) = late(&world);
    assert_eq!((found[0].customers, &found[0].steps[..]), (0, &[1_000_000][..]));
    assert!(found[1].steps.is_empty(), "secondaries are not watched");
    let check = check.unwrap();
    assert_eq!(check.level, Level::Warn);
    assert!(
        check.detail.starts_with(
            "Facts that came after their windows and grace were over changed retained by 1.96 %"
        )
    );
    // A whole cohort that comes late was never reported without itself.
    world.clock.set(MARCH + 20 * DAY);
    world.submit(vec![
        exposure("old", "x", "control", MARCH + DAY + HOUR),
        event("old", "1", "order", 10.0, MARCH + DAY + 30 * HOUR),
    ]);
    assert_eq!(late(&world).0, found);
    // One more of a cohort that was reported is late.
    world.submit(vec![exposure("new", "x", "control", MARCH + HOUR)]);
    assert_eq!(late(&world).0[0].customers, 1);
    world.verify();
}
