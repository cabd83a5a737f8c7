//! From one phase to the next: exact shares, and the fewest customers move.

use experiment_core::assignment::{Allocation, AllocationError};
use experiment_core::decimal::Decimal;
use proptest::prelude::*;

const ALL: u128 = 1 << 64;

fn decimals(weights: &[u64]) -> Vec<Decimal> {
    weights.iter().map(|weight| Decimal::new(i128::from(*weight), 0)).collect()
}

fn fresh(weights: &[u64]) -> Allocation {
    Allocation::from_weights(&decimals(weights)).unwrap()
}

/// How many hashes have another variant after than before: both lists are walked side by side.
fn moved(before: &Allocation, after: &Allocation) -> u128 {
    let (before, after): (Vec<_>, Vec<_>) = (before.ranges().collect(), after.ranges().collect());
    let (mut b, mut a, mut from, mut moved) = (0, 0, 0_u128, 0);
    while from < ALL {
        let (old, new) = (before[b], after[a]);
        let end = u128::from(old.1.min(new.1)) + 1;
        if old.2 != new.2 {
            moved += end - from;
        }
        b += usize::from(u128::from(old.1) + 1 == end);
        a += usize::from(u128::from(new.1) + 1 == end);
        from = end;
    }
    moved
}

fn weights() -> impl Strategy<Value = Vec<u64>> {
    let weights = prop::collection::vec(prop_oneof![Just(0), Just(1), 0_u64..1_000_000], 1..8);
    weights.prop_filter("somebody must get something", |weights| weights.iter().any(|weight| *weight > 0))
}

#[test]
fn a_third_arm_takes_a_third_of_each() {
    let halves = fresh(&[1, 1]);
    let thirds = halves.next(&decimals(&[1, 1, 1])).unwrap();
    let third = u64::MAX / 3;
    let half = 1_u64 << 63;
    assert_eq!(
        thirds.ranges().collect::<Vec<_>>(),
        [(0, third - 1, 0), (third, half - 1, 2), (half, half + third - 1, 1), (half + third, u64::MAX, 2)]
    );
    assert_eq!(moved(&halves, &thirds), thirds.size(2), "only the new arm gains, and it gains a third");
    assert!(moved(&halves, &fresh(&[1, 1, 1])) > thirds.size(2) * 3 / 2 - 10, "fresh ranges move half");
}

#[test]
fn a_removed_arm_is_shared_out() {
    let thirds = fresh(&[1, 1, 1]);
    let halves = thirds.next(&decimals(&[1, 1])).unwrap();
    assert_eq!(moved(&thirds, &halves), thirds.size(2));
    assert_eq!((halves.size(0), halves.size(1), halves.size(2)), (1 << 63, 1 << 63, 0));
}

#[test]
fn equal_weights_change_nothing_however_written() {
    let before = fresh(&[1, 2, 1]);
    assert_eq!(before.next(&decimals(&[10, 20, 10])), Ok(before.clone()));
    assert_eq!(before.next(&decimals(&[0, 0])), Err(AllocationError::NoWeight));
    assert!(matches!(before.next(&[Decimal::new(-1, 0)]), Err(AllocationError::Weight(_))));
}

#[test]
fn written_allocations_can_be_continued_whatever_variants_they_name() {
    let written = format!("[[0,99,{}],[100,{},1]]", usize::MAX, u64::MAX);
    let before: Allocation = serde_json::from_str(&written).unwrap();
    let after = before.next(&decimals(&[0, 1])).unwrap();
    assert_eq!(after.ranges().collect::<Vec<_>>(), [(0, u64::MAX, 1)]);
}

proptest! {
    #[test]
    fn the_fewest_move_phase_after_phase(phases in prop::collection::vec(weights(), 2..6)) {
        let mut before = fresh(&phases[0]);
        for weights in &phases[1..] {
            let after = before.next(&decimals(weights)).unwrap();
            let target = fresh(weights);
            let mut next = 0_u128;
            for (from, to, _) in after.ranges() {
                prop_assert!(u128::from(from) == next && to >= from, "{:?}", after);
                next = u128::from(to) + 1;
            }
            prop_assert_eq!(next, ALL);
            let count = 8;
            for variant in 0..count {
                prop_assert_eq!(after.size(variant), target.size(variant));
            }
            let least: u128 =
                (0..count).map(|variant| before.size(variant).saturating_sub(after.size(variant))).sum();
            prop_assert_eq!(moved(&before, &after), least);
            prop_assert!(moved(&before, &after) <= moved(&before, &target));
            let most = 2 * before.ranges().len() + weights.len();
            prop_assert!(after.ranges().len() <= most, "{} ranges", after.ranges().len());
            before = after;
        }
    }
}
