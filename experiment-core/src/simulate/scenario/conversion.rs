//! Customers who order within the window, or don't.

use super::{Effects, Person, Population, Prior, Truth, World};
use crate::simulate::random::Random;
use crate::stats::bayes::BetaPrior;

pub(super) const BINARY: &str = "
key: binary
variants: [{key: control}, {key: offer}]
metrics: [{key: ordered, kind: conversion, event: order, window: {to: 7d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";
pub(super) const LOST: &str = "
key: lost_exposures
variants: [{key: control}, {key: offer}]
metrics: [{key: ordered, kind: conversion, event: order, window: {to: 7d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";
pub(super) const STAGGERED: &str = "
key: staggered_entry
variants: [{key: control}, {key: offer}]
metrics: [{key: kept, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// Who orders without an offer.
const RATE: f64 = 0.2;
/// How many more do with it.
const EFFECT: f64 = 0.035;
/// Who orders outside the window, whatever they do within it.
const OUTSIDE: f64 = 0.3;
/// Where rates are drawn: about 0.2, give or take 0.04.
const PRIOR: BetaPrior = BetaPrior { alpha: 20.0, beta: 80.0 };

/// Orders within a window.
pub(super) struct Conversion {
    /// Start of the window in days.
    pub(super) from: f64,
    /// Its end.
    pub(super) to: f64,
    /// In the different world: share of the variant's customers whose exposure is never recorded, in place
    /// of an effect.
    pub(super) lost: f64,
}

impl Population for Conversion {
    fn effects(&self, world: World, random: &mut Random) -> Effects {
        let (baseline, effect) = match world {
            World::Alike => (RATE, 0.0),
            World::Different => (RATE, EFFECT),
            World::Drawn => {
                let control = random.beta(PRIOR.alpha, PRIOR.beta);
                (control, random.beta(PRIOR.alpha, PRIOR.beta) - control)
            }
        };
        Effects { baseline, by_variant: vec![0.0, effect] }
    }

    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        Truth::of_means(effects.by_variant[variant], effects.baseline)
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        let effect = effects.by_variant[variant];
        if self.lost > 0.0 {
            person.lost = effect > 0.0 && random.chance(self.lost);
        } else if random.chance(effects.baseline + effect) {
            person.orders(random.between(self.from, self.to), 1.0);
        }
        if random.chance(OUTSIDE) {
            // Before a window that starts late, else after it.
            let (low, high) = if self.from > 0.0 { (0.0, self.from) } else { (self.to, 3.0 * self.to) };
            person.orders(random.between(low, high), 1.0);
        }
    }

    fn prior(&self) -> Option<Prior> {
        (self.from == 0.0 && self.lost == 0.0).then_some(Prior::Beta(PRIOR))
    }
}
