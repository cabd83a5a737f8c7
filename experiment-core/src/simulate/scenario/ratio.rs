//! Value per order, where those who order often also order dearly.

use super::revenue::log_normal;
use super::{Effects, Person, Population, Truth, World};
use crate::simulate::random::Random;

pub(super) const DEFINITION: &str = "
key: ratio
variants: [{key: control}, {key: offer}]
metrics:
  - key: order_value
    kind: ratio
    numerator: {kind: sum, event: order}
    denominator: {kind: count, event: order}
    window: {to: 28d}
    role: primary
  - {key: spend, kind: sum, event: order, window: {to: 28d}, role: primary}
plan: {target: {customers_per_arm: 1000}}
";

/// (orders within the window on average, what an order is worth on average) of the rare and of the frequent.
const KINDS: [(f64, f64); 2] = [(0.5, 20.0), (3.5, 26.0)];
/// Standard deviation of the logarithm of an order's value.
const SIGMA: f64 = 0.6;
/// By how much the offer multiplies each order's value, less 1.
const EFFECT: f64 = 0.04;

/// Orders within four weeks.
pub(super) struct Ratio;

impl Population for Ratio {
    fn effects(&self, world: World, _: &mut Random) -> Effects {
        let orders: f64 = KINDS.iter().map(|(orders, _)| orders).sum();
        let value: f64 = KINDS.iter().map(|(orders, value)| orders * value).sum();
        let effect = if world == World::Alike { 0.0 } else { EFFECT };
        Effects { baseline: value / orders, by_variant: vec![0.0, effect] }
    }

    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        Truth::of_means(effects.by_variant[variant] * effects.baseline, effects.baseline)
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        let (orders, value) = KINDS[usize::from(random.chance(0.5))];
        for _ in 0..random.poisson(orders) {
            let mean = value * (1.0 + effects.by_variant[variant]);
            person.orders(random.between(0.0, 28.0), log_normal(mean, SIGMA, random.normal()));
        }
    }
}
