//! Spend that follows what the customer spent before.

use super::revenue::log_normal;
use super::{Effects, Person, Population, Prior, Truth, World};
use crate::simulate::random::Random;
use crate::stats::bayes::NormalPrior;
use crate::stats::distribution::normal;

pub(super) const DEFINITION: &str = "
key: correlated
variants: [{key: control}, {key: offer}]
metrics:
  - {key: spend, kind: sum, event: order, window: {to: 28d}, role: primary, covariate: {event: order, lookback: 90d}}
plan: {target: {customers_per_arm: 1000}}
";
pub(super) const MANY_VARIANTS: &str = "
key: many_variants
variants: [{key: control}, {key: bonus}, {key: discount}, {key: letter}, {key: call}]
metrics: [{key: spend, kind: sum, event: order, window: {to: 28d}, role: primary}]
plan: {target: {customers_per_arm: 1000}}
";

/// What customers spend on average without an offer.
const MEAN: f64 = 20.0;
/// Standard deviation of the logarithm.
const SIGMA: f64 = 0.5;
/// Correlation of the logarithms before and after.
const CORRELATION: f64 = 0.8;
/// By how much the offer multiplies what each customer spends, less 1.
const EFFECT: f64 = 0.035;
/// The same with many variants, whose arms are smaller.
const EFFECT_OF_MANY: f64 = 0.08;
/// Standard deviation of drawn effects, over the mean.
const PRIOR_DEVIATION: f64 = 0.03;
/// The ninth decile of a standard normal.
const NINTH_DECILE: f64 = 0.9;

/// Spend within four weeks, after spend within ninety days before.
pub(super) struct Correlated {
    /// Variants beside the control; of several, the first half does something.
    pub(super) variants: usize,
}

impl Population for Correlated {
    fn effects(&self, world: World, random: &mut Random) -> Effects {
        let mut by_variant = vec![0.0; self.variants + 1];
        match (world, self.variants) {
            (World::Alike, _) => {}
            (World::Different, 1) => by_variant[1] = EFFECT,
            (World::Different, variants) => by_variant[1..=variants / 2].fill(EFFECT_OF_MANY),
            (World::Drawn, _) => by_variant[1] = PRIOR_DEVIATION * random.normal(),
        }
        Effects { baseline: MEAN, by_variant }
    }

    fn truth(&self, effects: &Effects, variant: usize) -> Truth {
        let effect = effects.by_variant[variant];
        let decile = log_normal(effects.baseline, SIGMA, normal::quantile(NINTH_DECILE));
        Truth {
            superiority: Some(normal::cdf(libm::log1p(effect) / (SIGMA * std::f64::consts::SQRT_2))),
            quantile: Some(effect * decile),
            ..Truth::of_means(effect * effects.baseline, effects.baseline)
        }
    }

    fn draw(&self, effects: &Effects, variant: usize, random: &mut Random, person: &mut Person) {
        let before = random.normal();
        let rest = (1.0 - CORRELATION * CORRELATION).sqrt();
        let after = CORRELATION * before + rest * random.normal();
        // Segments as a marketer would cut them: by what was spent before, and not sharply.
        let rank = before + 0.5 * random.normal();
        person.stratum = usize::from(rank > -0.5) + usize::from(rank > 0.7);
        person.orders(-random.between(0.0, 90.0), log_normal(MEAN, SIGMA, before));
        let mean = effects.baseline * (1.0 + effects.by_variant[variant]);
        person.orders(random.between(0.0, 28.0), log_normal(mean, SIGMA, after));
    }

    fn prior(&self) -> Option<Prior> {
        let prior = NormalPrior { mean: 0.0, std_dev: PRIOR_DEVIATION * MEAN };
        (self.variants == 1).then_some(Prior::Normal(prior))
    }
}
