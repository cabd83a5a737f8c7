//! An offer that only makes customers order sooner what they would have ordered anyway.

use super::revenue::log_normal;
use super::{Effects, Person, Population, Truth, World};
use crate::simulate::random::Random;

pub(super) const DEFINITION: &str = "
key: pulled_forward
variants: [{key: control}, {key: offer}]
metrics: [{key: revenue, kind: sum, event: order, window: {to: 60d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// Orders within the window, on average.
const ORDERS: f64 = 1.5;
/// The window in days.
const WINDOW: f64 = 60.0;
/// What an order is worth on average, and the deviation of its logarithm.
const VALUE: (f64, f64) = (20.0, 0.6);
/// Share of the orders that the offer moves.
const MOVED: f64 = 0.5;
/// How much sooner they come: within the first ten days.
const SOONER: f64 = 6.0;

/// Orders within sixty days. `by_variant` is the share of orders that come sooner, which is no effect.
pub(super) struct PulledForward;

impl Population for PulledForward {
    fn effects(&self, world: World, _: &mut Random) -> Effects {
        let moved = if world == World::Alike { 0.0 } else { MOVED };
        Effects { baseline: ORDERS * VALUE.0, by_variant: vec![0.0, moved] }
    }

    fn truth(&self, effects: &Effects, _: usize) -> Truth {
        Truth::of_means(0.0, effects.baseline)
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        for _ in 0..random.poisson(ORDERS) {
            let mut day = random.between(0.0, WINDOW);
            if random.chance(effects.by_variant[variant]) {
                day /= SOONER;
            }
            person.orders(day, log_normal(VALUE.0, VALUE.1, random.normal()));
        }
    }
}
