//! Customers who leave, a few each day.

use super::person::Churn as ChurnDays;
use super::{Effects, Person, Population, Truth, World};
use crate::simulate::random::Random;

/// The window is the horizon; the days of churn are counted beside the metric.
pub(super) const DEFINITION: &str = "
key: churn
variants: [{key: control}, {key: offer}]
metrics: [{key: kept, kind: retention, event: order, window: {to: 30d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// Days over which the restricted mean is taken.
pub(super) const HORIZON: u32 = 30;
/// Chance to leave on a day.
const HAZARD: f64 = 0.02;
/// How much smaller it is with the offer.
const EFFECT: f64 = -0.0023;
/// Days until a customer is lost from sight, on average.
const LOST_AFTER: f64 = 120.0;

/// The same chance to leave on every day, and some lost from sight.
pub(super) struct Churn;

impl Population for Churn {
    fn effects(&self, world: World, _: &mut Random) -> Effects {
        let effect = if world == World::Alike { 0.0 } else { EFFECT };
        Effects { baseline: HAZARD, by_variant: vec![0.0, effect] }
    }

    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        let control = restricted_mean(effects.baseline);
        Truth::of_means(restricted_mean(effects.baseline + effects.by_variant[variant]) - control, control)
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        let hazard = effects.baseline + effects.by_variant[variant];
        person.churn = ChurnDays {
            day: (random.exponential() / -libm::log1p(-hazard)).floor() + 1.0,
            lost_day: (LOST_AFTER * random.exponential()).floor() + 1.0,
        };
    }
}

/// Σ (1 − hazard)ᵈ over the days before the horizon: the area under the survival curve.
fn restricted_mean(hazard: f64) -> f64 {
    (1.0 - libm::pow(1.0 - hazard, f64::from(HORIZON))) / hazard
}
