//! Bootstrap and permutation: uncertainty by drawing from the data itself, repeatable to the bit.
//!
//! Each resample has a generator of its own, seeded from the seed and its index alone, so the numbers do not
//! depend on the order in which resamples are made, nor on how many threads make them. They are made on all threads
//! of the rayon pool in which the call is made.
//!
//! Slow and noisy beside a formula where there is one; for statistics that have none, and to check the ones that
//! rest on normality.

mod bootstrap;
mod mean_bootstrap;
mod permutation;
pub(crate) mod stream;

pub use bootstrap::{Bootstrap, acceleration, bootstrap, bootstrap_difference, difference_acceleration};
pub use mean_bootstrap::{
    bootstrap_mean, bootstrap_mean_difference, mean_acceleration, mean_difference_acceleration,
};
pub use permutation::{PermutationTest, exact_permutation_test, permutation_test};

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite_input, require_that};

/// Resamples of one call.
const MOST_RESAMPLES: u32 = 1_000_000;
/// Values drawn by one call: some minutes.
const MOST_DRAWS: f64 = 1e10;

/// How many resamples, from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// From 1 to a million; ends of intervals want 10,000.
    pub resamples: u32,
    /// Any number; the same one gives the same bits.
    pub seed: u64,
}

impl Resampling {
    fn check(&self, customers: usize) -> Result<(), NotEstimable> {
        let resamples = f64::from(self.resamples);
        let within = (1..=MOST_RESAMPLES).contains(&self.resamples);
        require_that(within, "the number of resamples", resamples, "1 to 1,000,000")?;
        let draws = customers as f64 * resamples;
        require_that(draws <= MOST_DRAWS, "resamples times customers", draws, "at most 10^10")
    }
}

fn check_values(values: &[f64], needed: u64) -> Result<(), NotEstimable> {
    for value in values {
        finite_input("a value", *value)?;
    }
    let n = values.len() as u64;
    if n < needed { Err(NotEstimable::TooFewCustomers { n, needed }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is drawn, for one seed.
    fn all_draws(
        control: &[f64],
        variant: &[f64],
    ) -> (Bootstrap, Bootstrap, Bootstrap, PermutationTest, f64) {
        let resampling = Resampling { resamples: 999, seed: 17 };
        let largest = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
        (
            bootstrap(control, largest, &resampling).unwrap(),
            bootstrap_difference(control, variant, largest, &resampling).unwrap(),
            bootstrap_mean_difference(control, variant, &resampling).unwrap(),
            permutation_test(control, variant, &resampling).unwrap(),
            difference_acceleration(control, variant, |values| values.iter().sum()).unwrap(),
        )
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let control: Vec<f64> = (0..130).map(|k| f64::from(k * k % 53) / 7.0).collect();
        let variant: Vec<f64> = (0..333).map(|k| f64::from(k * k % 61) / 9.0).collect();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all_draws(&control, &variant))
        };
        let alone = on(1);
        assert_eq!(alone, on(3));
        assert_eq!(alone, on(8));
    }
}
