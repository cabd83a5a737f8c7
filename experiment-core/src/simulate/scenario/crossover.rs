//! Customers some of whom see the other variant too, the more active the likelier.

use super::{Effects, Person, Population, Truth, World};
use crate::simulate::random::Random;

pub(super) const DEFINITION: &str = "
key: crossover
variants: [{key: control}, {key: offer}]
metrics: [{key: orders, kind: count, event: order, window: {to: 28d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// Orders within the window, on average over customers.
const ORDERS: f64 = 5.0;
/// Activity of the quiet and of the lively, over the average.
const ACTIVITY: [f64; 2] = [0.4, 1.6];
/// By how much the offer multiplies everybody's activity, less 1.
const EFFECT: f64 = 0.06;
/// Chance that an order is made where the other variant shows: 2 % of the customers, of whom the offer makes
/// a few more, since they order more.
const CROSSES: f64 = 0.004;

/// Orders within four weeks.
pub(super) struct Crossover;

impl Population for Crossover {
    fn effects(&self, world: World, _: &mut Random) -> Effects {
        let effect = if world == World::Alike { 0.0 } else { EFFECT };
        Effects { baseline: ORDERS, by_variant: vec![0.0, effect] }
    }

    /// Of all customers, crossed or not.
    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        Truth::of_means(effects.by_variant[variant] * effects.baseline, effects.baseline)
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        let activity = ACTIVITY[usize::from(random.chance(0.5))];
        let mean = effects.baseline * activity * (1.0 + effects.by_variant[variant]);
        for _ in 0..random.poisson(mean) {
            person.orders(random.between(0.0, 28.0), 1.0);
            person.crossed |= random.chance(CROSSES);
        }
    }
}
