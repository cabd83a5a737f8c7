//! What an offer earns: every figure beside one computed apart from the same customers, in plain floating point.

use std::collections::BTreeMap;

use experiment_core::definition::{Role, Window};
use experiment_core::measure::{Cell, Contribution, Moments, Population, Slice};
use experiment_core::report::{
    Advice, Aggregates, Cells, Design, EconomicsDesign, EconomicsReport, Effect, EffectQuotient, RelativeSet,
    report,
};
use experiment_core::time::{DAY, Day, Span, Timestamp};

use super::{ONE, design, metric};

/// (kept, gross value, cost, took) of a customer.
type Customer = (i64, i64, i64, i64);

fn control(i: i64) -> Customer {
    let kept = i64::from(i % 10 < 3);
    let gross = if kept == 1 { 20 + i % 7 } else { 5 * i64::from(i % 4 == 0) };
    (kept, gross * ONE, 0, 0)
}

fn variant(i: i64) -> Customer {
    let (kept, took) = (i64::from(i % 100 < 36), i64::from(i % 5 < 2));
    let gross = if kept == 1 { 21 + i % 7 } else { 5 * i64::from(i % 4 == 0) };
    (kept, gross * ONE, ONE / 50 + took * 5 * ONE, took)
}

fn sums(customers: impl Iterator<Item = Customer>) -> Moments {
    let mut moments = Moments::new(5);
    for (kept, gross, cost, took) in customers {
        moments.add(&Contribution::new(&[kept * ONE, gross, cost, took * ONE, kept * took * ONE])).unwrap();
    }
    moments
}

fn paying() -> Design {
    let window = Window { from: Span(0), to: Some(Span(60 * DAY)), grace: Span(0) };
    let economics =
        EconomicsDesign { window, rollout: Some(100_000), counts_gross: true, is_taken: vec![false, true] };
    let metrics = vec![metric("kept", Role::Primary, experiment_core::definition::Direction::Up)];
    Design { economics: Some(economics), ..design(metrics) }
}

fn place(slice: Slice, variant: u16, day: i32) -> (Slice, Cell) {
    (slice, Cell { phase: 1, variant, population: Population::Analysed, day: Day(day) })
}

fn exposed(cells: &Cells) -> Cells {
    let count = |moments: &Moments| Moments::from_parts(moments.n(), 0, 0, vec![], vec![]).unwrap();
    cells.iter().map(|(place, moments)| (place.clone(), count(moments))).collect()
}

fn economics(design: &Design, cells: Cells, as_of: Option<Timestamp>) -> EconomicsReport {
    let aggregates = Aggregates {
        exposed: exposed(&cells),
        metrics: vec![BTreeMap::new()],
        economics: cells,
        ..Aggregates::default()
    };
    let [only] =
        <[EconomicsReport; 1]>::try_from(report(design, &aggregates, as_of).unwrap().economics).unwrap();
    only
}

fn everybody() -> Cells {
    let cells = [
        (place(Slice::All, 0, 0), sums((0..1_000).map(control))),
        (place(Slice::All, 1, 0), sums((0..1_200).map(variant))),
    ];
    cells.into()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[track_caller]
fn is(effect: Option<Effect>, estimate: f64, std_error: f64) {
    let effect = effect.unwrap();
    close(effect.estimate, estimate);
    close(effect.std_error.unwrap(), std_error);
    assert!(effect.lower.unwrap() < estimate && estimate < effect.upper.unwrap());
}

#[track_caller]
fn quotient(found: &EffectQuotient, estimate: f64, [lower, upper]: [f64; 2]) {
    assert_eq!(found.set, RelativeSet::Interval);
    close(found.estimate, estimate);
    close(found.lower.unwrap(), lower);
    close(found.upper.unwrap(), upper);
}

#[test]
fn every_figure_by_another_way() {
    let found = economics(&paying(), everybody(), None);
    is(found.kept_per_1000, 60.0, 20.059_171_061_007_165);
    is(found.gross_per_customer, 1.791_333_333_333_333_2, 0.456_350_513_420_172_8);
    is(found.cost_per_customer, 2.02, 0.070_740_159_328_240_28);
    is(found.net_value_per_customer, -0.228_666_666_666_667_24, 0.460_235_909_271_638_9);
    close(found.chance_it_pays.unwrap(), 0.309_648_600_090_907_2);
    let rollout = found.rollout.unwrap();
    assert_eq!(rollout.customers, 100_000);
    close(rollout.kept.estimate, 6_000.0);
    close(rollout.net_value.estimate, -22_866.666_666_666_724);
    quotient(
        &found.cost_per_kept.unwrap(),
        33.666_666_666_666_67,
        [20.242_864_348_698_767, 97.659_332_222_750_5],
    );
    let break_even = found.break_even_cost.unwrap();
    is(Some(break_even.per_customer), 1.791_333_333_333_333_2, 0.456_350_513_420_172_8);
    let per_taker = break_even.per_taker.unwrap();
    quotient(&per_taker, 4.478_333_333_333_331, [2.240_334_946_489_346, 6.752_621_924_970_673]);
    let takers = found.takers.unwrap();
    close(takers.share, 0.4);
    close(takers.cost, 5.05);
    quotient(&takers.kept, 0.15, [0.051_709_706_547_001_286, 0.249_497_552_428_160_3]);
    quotient(&takers.net_value, -0.571_666_666_666_668_1, [-2.809_505_089_609_114, 1.701_979_057_479_071_6]);
    let stayed = takers.would_have_stayed.unwrap();
    quotient(&stayed, 0.225, [0.135_550_065_885_342_88, 0.313_242_675_139_495_4]);
    let arms: Vec<_> = found.arms.iter().map(|arm| (&*arm.variant, arm.n, arm.took)).collect();
    assert_eq!(arms, [("control", 1_000, None), ("discount", 1_200, Some(0.4))]);
    assert_eq!((found.immature, found.not_estimable, found.whom.len()), (None, None, 0));
}

#[test]
fn only_closed_accounts_count() {
    let mut cells = everybody();
    cells.insert(place(Slice::All, 1, 1), sums((0..50).map(|_| (1, 900 * ONE, 0, 0))));
    cells.insert(place(Slice::All, 0, 1), sums((0..40).map(|_| (0, 0, 0, 0))));
    let closed = Day(0).end().after(Span(60 * DAY));
    let found = economics(&paying(), cells.clone(), Some(closed));
    assert_eq!(found.immature, Some(90));
    is(found.kept_per_1000, 60.0, 20.059_171_061_007_165);
    let later = economics(&paying(), cells, Some(closed.after(Span(DAY))));
    assert_eq!((later.immature, later.arms[0].n, later.arms[1].n), (Some(0), 1_040, 1_250));
}

#[test]
fn a_cost_that_everybody_has_and_an_offer_that_nobody_takes() {
    let cells = [
        (place(Slice::All, 0, 0), sums((0..100).map(|i| (i % 2, 0, 0, 0)))),
        (place(Slice::All, 1, 0), sums((0..100).map(|i| (i % 2, 0, ONE / 50, 0)))),
    ];
    let found = economics(&paying(), cells.clone().into(), None);
    let cost = found.cost_per_customer.unwrap();
    assert_eq!((cost.estimate, cost.lower, cost.upper), (0.02, Some(0.02), Some(0.02)));
    // Nobody brought anything in: that says nothing of what customers will bring.
    assert_eq!((found.gross_per_customer, found.net_value_per_customer), (None, None));
    assert_eq!((found.chance_it_pays, found.p_value, found.rollout), (None, None, None));
    assert_eq!(found.not_estimable.unwrap().code, "no_variation");
    // Where nothing brought in is counted, the cost is all there is.
    let mut costly = paying();
    costly.economics.as_mut().unwrap().counts_gross = false;
    let alone = economics(&costly, cells.into(), None).net_value_per_customer.unwrap();
    assert_eq!((alone.estimate, alone.lower, alone.upper), (-0.02, Some(-0.02), Some(-0.02)));
    // As many are kept: nothing can be said of the cost for each.
    assert_eq!((found.cost_per_kept, found.takers), (None, None));
    let nobody = economics(&paying(), BTreeMap::new(), None);
    assert_eq!(nobody.not_estimable.unwrap().code, "too_few_customers");
    assert_eq!((nobody.kept_per_1000, nobody.rollout, nobody.cost_per_kept), (None, None, None));
}

#[test]
fn a_few_kept_customers_have_no_bounded_cost() {
    let cells = [
        (place(Slice::All, 0, 0), sums((0..100).map(control))),
        (place(Slice::All, 1, 0), sums((0..100).map(variant))),
    ];
    let found = economics(&paying(), cells.into(), None);
    let cost = found.cost_per_kept.unwrap();
    assert_eq!(cost.set, RelativeSet::Outside);
    assert!(cost.lower.unwrap() < 0.0 && cost.upper.unwrap() < cost.estimate);
}

#[test]
fn an_offer_that_loses_customers_has_no_price_for_each_kept() {
    let cells = [
        (place(Slice::All, 0, 0), sums((0..1_000).map(|i| (i64::from(i % 10 < 5), 0, 0, 0)))),
        (place(Slice::All, 1, 0), sums((0..1_000).map(|i| (i64::from(i % 10 < 3), i * ONE, ONE, i % 2)))),
    ];
    let found = economics(&paying(), cells.into(), None);
    close(found.kept_per_1000.unwrap().estimate, -200.0);
    assert_eq!(found.cost_per_kept, None);
}

#[test]
fn shares_are_from_0_to_1_or_contradict_the_assumption() {
    // 60 % are kept without it, 40 % take it, and of those who don't only 20 % are kept: being offered it drove them
    // away. Less than nobody would have stayed, or more than everybody.
    let driven = |i: i64| {
        let took = i64::from(i % 5 < 2);
        (if took == 1 { 1 } else { i64::from(i % 5 == 2 && i % 3 == 0) }, i * ONE, took * ONE, took)
    };
    let cells = [
        (place(Slice::All, 0, 0), sums((0..3_000).map(|i| (i64::from(i % 10 < 6), i * ONE, 0, 0)))),
        (place(Slice::All, 1, 0), sums((0..3_000).map(driven))),
    ];
    let takers = economics(&paying(), cells.into(), None).takers.unwrap();
    assert_eq!((takers.would_have_stayed, takers.contradicted), (None, true));
    let usual = economics(&paying(), everybody(), None).takers.unwrap();
    assert!(!usual.contradicted && usual.would_have_stayed.is_some());
}

#[test]
fn segments_say_whom_to_give_it_to() {
    let slice = |value: &str| Slice::Value { dimension: 0, value: value.to_owned() };
    let worth = |gross: i64| (0..1_000).map(move |i| (i % 2, gross * ONE + i * 1_000, 0, 0));
    let mut cells = everybody();
    for (value, control, variant) in [("loyal", 20, 19), ("at risk", 5, 7), ("new", 10, 10)] {
        cells.insert(place(slice(value), 0, 0), sums(worth(control)));
        cells.insert(place(slice(value), 1, 0), sums(worth(variant)));
    }
    cells.insert(place(slice("rare"), 1, 0), sums(worth(3).take(1)));
    // However much better it looks: 99 customers an arm are no segment.
    cells.insert(place(slice("few"), 0, 0), sums(worth(1).take(99)));
    cells.insert(place(slice("few"), 1, 0), sums(worth(90).take(99)));
    let found = economics(&paying(), cells, None);
    let whom: Vec<_> = found.whom.iter().map(|whom| (&*whom.value, whom.customers, whom.advice)).collect();
    let expected = [
        ("at risk", 2_000, Advice::Give),
        ("few", 198, Advice::Undecided),
        ("loyal", 2_000, Advice::Withhold),
        ("new", 2_000, Advice::Undecided),
        ("rare", 1, Advice::Undecided),
    ];
    assert_eq!(whom, expected);
    close(found.whom[0].net_value_per_customer.unwrap().estimate, 2.0);
    assert!(found.whom.iter().all(|whom| whom.dimension == "plan"));
    let [few, rare] = [1, 4].map(|place| &found.whom[place]);
    assert_eq!((few.chance_it_pays, few.adjusted_p_value, &few.not_estimable), (None, None, &None));
    assert_eq!(rare.not_estimable.as_ref().unwrap().code, "too_few_customers");
}
