//! Sample ratio mismatch over phases: each phase is held against the weights that it had.

use std::collections::BTreeMap;

use crate::measure::Slice;
use crate::report::{Aggregates, Design, sums};
use crate::stats::chi_square::{ChiSquareTest, added_up};
use crate::stats::sequential::srm::SequentialSrm;
use crate::stats::srm::chi_square_test;
use crate::time::Day;

/// How near to the planned shares the sequential test seeks a mismatch.
const CONCENTRATION: f64 = 10_000.0;

/// Customers by phase and arm.
type ByPhase = BTreeMap<u32, Vec<u64>>;

/// First exposures of a slice, of all populations.
pub(super) struct Entrants<'a> {
    design: &'a Design,
    by_phase: ByPhase,
    by_day: BTreeMap<Day, ByPhase>,
}

impl<'a> Entrants<'a> {
    pub(super) fn of(design: &'a Design, aggregates: &Aggregates, slice: &Slice) -> Entrants<'a> {
        let mut entrants = Entrants { design, by_phase: ByPhase::new(), by_day: BTreeMap::new() };
        let arms = design.variants.len();
        for (cell, moments) in sums::slice_cells(&aggregates.exposed, slice) {
            let n = u64::try_from(moments.n()).unwrap_or(0);
            for by_phase in [&mut entrants.by_phase, entrants.by_day.entry(cell.day).or_default()] {
                let customers = by_phase.entry(cell.phase).or_insert_with(|| vec![0; arms]);
                if let Some(count) = customers.get_mut(usize::from(cell.variant)) {
                    *count += n;
                }
            }
        }
        entrants
    }

    /// Customers by arm that the weights of each phase promise.
    pub(super) fn expected(&self) -> Vec<f64> {
        let mut expected = vec![0.0; self.design.variants.len()];
        for (phase, customers) in &self.by_phase {
            let (weights, n) = (self.design.weights(*phase), customers.iter().sum::<u64>() as f64);
            let all: f64 = weights.iter().sum();
            for (arm, weight) in expected.iter_mut().zip(weights).filter(|_| all > 0.0) {
                *arm += n * weight / all;
            }
        }
        expected
    }

    /// Pearson's χ², added up over phases; in each over the arms that it had. `None` without customers in a phase of
    /// two arms.
    pub(super) fn test(&self) -> Option<ChiSquareTest> {
        let of_phase = |(phase, customers): (&u32, &Vec<u64>)| {
            let (customers, weights) = self.open(*phase, customers);
            chi_square_test(&customers, &weights).ok()
        };
        added_up(&self.by_phase.iter().filter_map(of_phase).collect::<Vec<_>>()).ok()
    }

    /// The sequential test over cohort days, which bears looking. The evidence is the product over phases: a customer
    /// adds to that of one phase alone, so its expectation stays at most 1 without a mismatch in any of them.
    pub(super) fn sequential_p_value(&self) -> Option<f64> {
        let mut tests: BTreeMap<u32, (SequentialSrm, f64)> = BTreeMap::new();
        let mut lowest = None;
        for by_phase in self.by_day.values() {
            for (phase, customers) in by_phase {
                let (customers, weights) = self.open(*phase, customers);
                if !tests.contains_key(phase) {
                    // One arm alone has no share to miss.
                    let Ok(test) = SequentialSrm::new(&weights, CONCENTRATION) else { continue };
                    tests.insert(*phase, (test, 0.0));
                }
                if let Some((test, evidence)) = tests.get_mut(phase) {
                    *evidence = test.observe(&customers).ok()?.log_e_value;
                }
            }
            let evidence: f64 = tests.values().map(|(_, evidence)| evidence).sum();
            if !tests.is_empty() {
                lowest = Some(f64::min(lowest.unwrap_or(1.0), libm::exp(-evidence)));
            }
        }
        lowest
    }

    /// The first arm with customers from phases in which its weight was 0, and how many.
    pub(super) fn stray(&self) -> Option<(usize, u64)> {
        let strays = |arm: usize| -> u64 {
            let is_closed = |phase: u32| self.design.weights(phase).get(arm).is_none_or(|w| *w <= 0.0);
            let closed = self.by_phase.iter().filter(|(phase, _)| is_closed(**phase));
            closed.map(|(_, customers)| customers[arm]).sum()
        };
        (0..self.design.variants.len()).map(|arm| (arm, strays(arm))).find(|(_, strays)| *strays > 0)
    }

    /// Customers and weights of the arms that a phase had.
    fn open(&self, phase: u32, customers: &[u64]) -> (Vec<u64>, Vec<f64>) {
        let arms = customers.iter().copied().zip(self.design.weights(phase));
        arms.filter(|(_, weight)| *weight > 0.0).unzip()
    }
}
