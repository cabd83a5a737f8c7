//! Spend: nearly everybody spends nothing, a few spend very different sums.

use super::{Effects, Person, Population, Truth, World};
use crate::simulate::random::Random;

pub(super) const DEFINITION: &str = "
key: revenue
variants: [{key: control}, {key: offer}]
metrics: [{key: revenue, kind: sum, event: order, window: {to: 14d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// Who spends anything without an offer.
const PAYERS: f64 = 0.03;
/// How many more do with it.
const EFFECT: f64 = 0.02;
/// What a payer spends on average.
const MEAN: f64 = 30.0;
/// Standard deviation of its logarithm.
const SIGMA: f64 = 0.8;

/// Spend within two weeks.
pub(super) struct Revenue;

impl Population for Revenue {
    fn effects(&self, world: World, _: &mut Random) -> Effects {
        let effect = if world == World::Alike { 0.0 } else { EFFECT };
        Effects { baseline: PAYERS, by_variant: vec![0.0, effect] }
    }

    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        let more = effects.by_variant[variant];
        Truth {
            // Payers of both arms spend alike, so only how many they are decides whose customer spends more.
            superiority: Some(0.5 * (1.0 + more)),
            ..Truth::of_means(MEAN * more, MEAN * effects.baseline)
        }
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        if random.chance(effects.baseline + effects.by_variant[variant]) {
            let value = log_normal(MEAN, SIGMA, random.normal());
            person.orders(random.between(0.0, 14.0), value);
        }
        if random.chance(PAYERS) {
            person.orders(random.between(14.0, 60.0), MEAN);
        }
    }
}

/// A log-normal value of this mean whose logarithm has the deviation `sigma`, from a standard normal.
pub(super) fn log_normal(mean: f64, sigma: f64, normal: f64) -> f64 {
    mean * libm::exp(sigma * normal - 0.5 * sigma * sigma)
}
