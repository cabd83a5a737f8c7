//! What is fixed before the data, and what is true behind it.

use super::method::Method;
use super::random::Random;
use super::sample::entered;
use super::scenario::{Population, Prior, Truth, World};
use crate::report::MetricDesign;
use crate::stats::NotEstimable;
use crate::stats::sequential::Sides;
use crate::stats::sequential::group_sequential::boundaries;
use crate::stats::sequential::spending::Spending;

/// What the readings of one simulated experiment rest on, beside its looks.
pub(super) struct Case<'a> {
    pub(super) metric: &'a MetricDesign,
    pub(super) weights: &'a [f64],
    /// What is true of each arm; of the control, nothing.
    pub(super) truths: Vec<Truth>,
    pub(super) plan: &'a Plan,
    /// What the Bayesian methods are told; `None` is a flat prior.
    pub(super) prior: Option<Prior>,
    /// The bootstrap's.
    pub(super) seed: u64,
}

/// What is fixed before the data.
pub(super) struct Plan {
    /// The effect that was hoped for, on the metric's scale; also the guardrail's margin.
    pub(super) effect: f64,
    /// Customers at which the confidence sequence is sharpest.
    pub(super) tuning: f64,
    /// z at each daily look.
    pub(super) obrien_fleming: Vec<f64>,
    pub(super) pocock: Vec<f64>,
    /// O'Brien and Fleming's for each of several variants.
    pub(super) obrien_fleming_of_many: Vec<f64>,
}

impl Plan {
    /// For `arms` arms that share `customers` customers.
    ///
    /// # Errors
    /// What the boundaries refuse.
    pub(super) fn new(
        population: &dyn Population,
        arms: usize,
        customers: u32,
    ) -> Result<Plan, NotEstimable> {
        // Any source will do: only drawn effects depend on it.
        let hoped = population.effects(World::Different, &mut Random::new(0, 0));
        let fractions = entered(customers).map(|entered| f64::from(entered) / f64::from(customers));
        let bounds = |alpha: f64, spending: Spending| {
            let bounds = boundaries(&fractions, alpha, Sides::Two, spending)?;
            Ok::<_, NotEstimable>(bounds.into_iter().map(|bound| bound.z).collect())
        };
        let family_alpha = Method::ObrienFleming.alpha() / (arms - 1) as f64;
        Ok(Plan {
            effect: population.truth(&hoped, 1).effect.abs(),
            // Half of the customers that two arms are planned to have.
            tuning: f64::from(customers) / arms as f64,
            obrien_fleming: bounds(Method::ObrienFleming.alpha(), Spending::OBrienFleming)?,
            pocock: bounds(Method::Pocock.alpha(), Spending::Pocock)?,
            obrien_fleming_of_many: bounds(family_alpha, Spending::OBrienFleming)?,
        })
    }
}
