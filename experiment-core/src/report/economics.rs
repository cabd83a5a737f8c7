//! What an offer earns after its cost: kept customers and money, from sums over one window and one population.

use super::family::adjust;
use super::metric::reason;
use super::reading::{count, effect, ends_of};
use super::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS};
use super::sums::{mature, values};
use super::{
    Advice, Aggregates, BreakEvenCost, Design, EconomicsArm, EconomicsReport, Effect, EffectQuotient,
    RelativeSet, Rollout, Takers, Whom,
};
use crate::definition::Correction;
use crate::measure::{Account, ECONOMICS_PLACES, Moments, MomentsOverflow, Slice};
use crate::stats::distribution::normal;
use crate::stats::effect_ratio::effect_ratio;
use crate::stats::mean::welch_test;
use crate::stats::ratio::PairSummary;
use crate::stats::{Comparison, Interval, NotEstimable, TestOptions};
use crate::time::Timestamp;

/// What must hold for figures about those who take an offer.
const ASSUMPTION: &str = "Being offered it changes nothing for customers who do not take it, and in the control \
                          nobody can.";

/// Weights of the entries of the vector of accounts: a number a customer.
type Weights = [f64; Account::COUNT];

const KEPT: Weights = [1.0, 0.0, 0.0, 0.0, 0.0];
const GROSS: Weights = [0.0, 1.0, 0.0, 0.0, 0.0];
const COST: Weights = [0.0, 0.0, 1.0, 0.0, 0.0];
const NET: Weights = [0.0, 1.0, -1.0, 0.0, 0.0];
const TOOK: Weights = [0.0, 0.0, 0.0, 1.0, 0.0];
const NOTHING: Weights = [0.0; Account::COUNT];
/// 1 for a customer who was not kept, or was kept and took the offer; less 1 for all.
const KEPT_WITHOUT_TAKING: Weights = [-1.0, 0.0, 0.0, 0.0, 1.0];
const NOT_KEPT: Weights = [-1.0, 0.0, 0.0, 0.0, 0.0];

/// The economics of each variant against the control.
pub(crate) fn economics(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Result<Vec<EconomicsReport>, MomentsOverflow> {
    if design.economics.is_none() {
        return Ok(Vec::new());
    }
    let everybody = Accounts::of(design, aggregates, &Slice::All, as_of)?;
    let mut reports: Vec<EconomicsReport> =
        design.treatments().map(|variant| everybody.compare(variant, as_of.is_some())).collect();
    let mut found = Vec::new();
    for slice in values(&aggregates.exposed) {
        let Slice::Value { dimension, value } = &slice else { continue };
        let Some(name) = design.dimensions.get(usize::from(*dimension)) else { continue };
        let accounts = Accounts::of(design, aggregates, &slice, as_of)?;
        for (place, variant) in design.treatments().enumerate() {
            found.push((place, accounts.whom(name, value, variant)));
        }
    }
    for dimension in &design.dimensions {
        let members: Vec<_> = found.iter().filter(|(_, whom)| whom.dimension == *dimension).collect();
        // A segment that is too small stays in the family: its size must not depend on the data.
        let p_values: Vec<Option<f64>> = members.iter().map(|(_, whom)| whom.adjusted_p_value).collect();
        let adjusted = adjust(&p_values, Correction::BenjaminiHochberg, design.plan.alpha);
        for ((place, whom), adjusted) in members.into_iter().zip(adjusted) {
            let earns = whom.net_value_per_customer.is_some_and(|net| net.estimate > 0.0);
            let advice = match (whom.adjusted_p_value.is_some() && adjusted.significant, earns) {
                (false, _) => Advice::Undecided,
                (true, true) => Advice::Give,
                (true, false) => Advice::Withhold,
            };
            let adjusted_p_value = whom.adjusted_p_value.and(adjusted.p_value);
            reports[*place].whom.push(Whom { adjusted_p_value, advice, ..whom.clone() });
        }
    }
    Ok(reports)
}

/// The closed accounts of one slice, an entry an arm.
struct Accounts<'a> {
    design: &'a Design,
    arms: Vec<Moments>,
    /// Customers whose account is open.
    open: u64,
}

impl<'a> Accounts<'a> {
    fn of(
        design: &'a Design,
        aggregates: &Aggregates,
        slice: &Slice,
        as_of: Option<Timestamp>,
    ) -> Result<Accounts<'a>, MomentsOverflow> {
        let window = design.economics.as_ref().map(|economics| economics.window).unwrap_or_default();
        let count = design.variants.len();
        let (arms, open) = mature(&window, Account::COUNT, &aggregates.economics, slice, count, as_of)?;
        Ok(Accounts { design, arms, open })
    }

    fn options(&self) -> TestOptions {
        TestOptions::two_sided(1.0 - self.design.plan.alpha)
    }

    fn compare(&self, variant: usize, waits: bool) -> EconomicsReport {
        let control = self.design.control;
        let tested = self.compare_means(variant, &NET, &NET);
        let net = self.effect_on(NET, variant, 1.0);
        let per_customer = |weights| self.effect_on(weights, variant, 1.0).ok();
        let rollout = self.design.economics.as_ref().and_then(|economics| economics.rollout);
        let rollout = rollout.and_then(|customers| {
            let all = |weights| self.effect_on(weights, variant, customers as f64).ok();
            Some(Rollout { customers, kept: all(KEPT)?, net_value: all(NET)? })
        });
        EconomicsReport {
            variant: self.design.variants[variant].key.clone(),
            control: self.design.variants[control].key.clone(),
            immature: waits.then_some(self.open),
            arms: [control, variant].map(|arm| self.arm(arm)).into(),
            kept_per_1000: self.effect_on(KEPT, variant, 1_000.0).ok(),
            gross_per_customer: per_customer(GROSS),
            cost_per_customer: per_customer(COST),
            net_value_per_customer: net.as_ref().ok().copied(),
            p_value: tested.as_ref().ok().map(|net| net.p_value),
            chance_it_pays: tested.ok().and_then(|net| self.chance(variant, &net)),
            rollout,
            cost_per_kept: self.cost_per_kept(variant),
            break_even_cost: self.break_even(variant),
            takers: self.takers(variant),
            whom: Vec::new(),
            not_estimable: net.as_ref().err().map(reason),
        }
    }

    /// The offer in one segment; its p-value is not adjusted yet.
    fn whom(&self, dimension: &str, value: &str, variant: usize) -> Whom {
        let net = self.compare_means(variant, &NET, &NET);
        let tested = net.as_ref().ok().filter(|_| self.is_large_enough(variant));
        Whom {
            dimension: dimension.to_owned(),
            value: value.to_owned(),
            customers: count(&self.arms[self.design.control]) + count(&self.arms[variant]),
            kept_per_1000: self.effect_on(KEPT, variant, 1_000.0).ok(),
            net_value_per_customer: net.as_ref().ok().map(|net| scaled(net, 1.0)),
            chance_it_pays: tested.and_then(|net| self.chance(variant, net)),
            adjusted_p_value: tested.map(|net| net.p_value),
            advice: Advice::Undecided,
            not_estimable: net.as_ref().err().map(reason),
        }
    }

    /// Given where more are kept: a quotient of two losses, or of a saving and a loss, would look like a price.
    fn cost_per_kept(&self, variant: usize) -> Option<EffectQuotient> {
        let kept = self.mean(variant, &KEPT).ok()? - self.mean(self.design.control, &KEPT).ok()?;
        self.quotient(variant, [COST, KEPT], [COST, KEPT]).ok().filter(|_| kept > 0.0)
    }

    fn arm(&self, arm: usize) -> EconomicsArm {
        let mean = |weights| self.mean(arm, &weights).ok();
        EconomicsArm {
            variant: self.design.variants[arm].key.clone(),
            n: count(&self.arms[arm]),
            kept: mean(KEPT),
            gross: mean(GROSS),
            cost: mean(COST),
            net: mean(NET),
            took: if self.can_take(arm) { mean(TOOK) } else { None },
        }
    }

    /// What the offer may cost: what it brings in beyond what the control brings in after its own cost.
    fn break_even(&self, variant: usize) -> Option<BreakEvenCost> {
        let per_customer = self.effect_between(&NET, variant, &GROSS, 1.0).ok()?;
        let per_taker = if self.is_taken_in_variant_alone(variant) {
            self.quotient(variant, [NET, NOTHING], [GROSS, TOOK]).ok()
        } else {
            None
        };
        Some(BreakEvenCost { per_customer, per_taker })
    }

    fn takers(&self, variant: usize) -> Option<Takers> {
        if !self.is_taken_in_variant_alone(variant) {
            return None;
        }
        let share = self.mean(variant, &TOOK).ok().filter(|share| *share > 0.0)?;
        // Of those who took it so many were kept; less the effect on them, so many would have been anyway.
        let stayed = self.quotient(variant, [NOT_KEPT, NOTHING], [KEPT_WITHOUT_TAKING, TOOK]);
        let stayed = stayed.ok().map(share_of);
        Some(Takers {
            share,
            cost: self.mean(variant, &COST).ok()? / share,
            kept: self.quotient(variant, [KEPT, TOOK], [KEPT, TOOK]).ok()?,
            net_value: self.quotient(variant, [NET, TOOK], [NET, TOOK]).ok()?,
            contradicted: stayed == Some(None),
            would_have_stayed: stayed.flatten(),
            assumption: ASSUMPTION.to_owned(),
        })
    }

    fn can_take(&self, arm: usize) -> bool {
        let economics = self.design.economics.as_ref();
        economics.is_some_and(|economics| economics.is_taken.get(arm).copied().unwrap_or(false))
    }

    fn is_taken_in_variant_alone(&self, variant: usize) -> bool {
        self.can_take(variant) && !self.can_take(self.design.control)
    }

    /// The effect on one number a customer, times `by`.
    fn effect_on(&self, weights: Weights, variant: usize, by: f64) -> Result<Effect, NotEstimable> {
        self.effect_between(&weights, variant, &weights, by)
    }

    fn effect_between(
        &self,
        of_control: &Weights,
        variant: usize,
        of_variant: &Weights,
        by: f64,
    ) -> Result<Effect, NotEstimable> {
        match self.compare_means(variant, of_control, of_variant) {
            // A cost that everybody has does not vary, and is known.
            Err(NotEstimable::NoVariation { control, variant }) if self.is_cost_alone(of_variant) => {
                let estimate = by * (variant - control);
                Ok(effect(estimate, Some(0.0), Interval { lower: estimate, upper: estimate }).0)
            }
            test => Ok(scaled(&test?, by)),
        }
    }

    /// Whether a number says nothing of what customers do but take the offer.
    fn is_cost_alone(&self, weights: &Weights) -> bool {
        let counts_gross = self.design.economics.as_ref().is_none_or(|economics| economics.counts_gross);
        *weights == COST || (!counts_gross && (*weights == NET || *weights == GROSS))
    }

    /// Whether both arms have customers enough, kept and lost ones, for a chance and for advice.
    fn is_large_enough(&self, variant: usize) -> bool {
        [self.design.control, variant].into_iter().all(|arm| {
            let n = count(&self.arms[arm]);
            let kept = self.mean(arm, &KEPT).map_or(0.0, |kept| kept * n as f64);
            n >= FEWEST_CUSTOMERS && kept.min(n as f64 - kept) >= FEWEST_EVENTS as f64
        })
    }

    /// That the net value is above 0.
    fn chance(&self, variant: usize, net: &Comparison) -> Option<f64> {
        self.is_large_enough(variant).then(|| normal::sf(-net.effect / net.std_error))
    }

    /// A number of the variant's customers against one of the control's.
    fn compare_means(
        &self,
        variant: usize,
        of_control: &Weights,
        of_variant: &Weights,
    ) -> Result<Comparison, NotEstimable> {
        let control = self.pair(self.design.control, of_control, &NOTHING)?.outcome();
        let variant = self.pair(variant, of_variant, &NOTHING)?.outcome();
        welch_test(&control, &variant, &self.options())
    }

    /// An effect over another; each arm's numbers are [above, below] the line.
    fn quotient(
        &self,
        variant: usize,
        [y0, x0]: [Weights; 2],
        [y1, x1]: [Weights; 2],
    ) -> Result<EffectQuotient, NotEstimable> {
        let control = self.pair(self.design.control, &y0, &x0)?;
        let found = effect_ratio(&control, &self.pair(variant, &y1, &x1)?, &self.options())?;
        let ([lower, upper], set) = ends_of(found.set);
        Ok(EffectQuotient { estimate: found.estimate, lower, upper, set })
    }

    fn mean(&self, arm: usize, weights: &Weights) -> Result<f64, NotEstimable> {
        let moments = &self.arms[arm];
        let too_few = NotEstimable::TooFewCustomers { n: count(moments), needed: 1 };
        let mut mean = 0.0;
        for (entry, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            mean += weight * moments.mean(entry, ECONOMICS_PLACES).ok_or(too_few)?;
        }
        Ok(mean)
    }

    /// Two numbers a customer with their variances and covariance.
    fn pair(&self, arm: usize, y: &Weights, x: &Weights) -> Result<PairSummary, NotEstimable> {
        let moments = &self.arms[arm];
        let too_few = NotEstimable::TooFewCustomers { n: count(moments), needed: 2 };
        let covariance = |one: &Weights, other: &Weights| {
            let mut total = 0.0;
            for (i, a) in one.iter().enumerate().filter(|(_, a)| **a != 0.0) {
                for (j, b) in other.iter().enumerate().filter(|(_, b)| **b != 0.0) {
                    total += a * b * moments.covariance(i, j, ECONOMICS_PLACES).ok_or(too_few)?;
                }
            }
            Ok(total)
        };
        // A difference of two numbers that always agree does not vary; rounding must not make it less than that.
        let variance = |weights| Ok(f64::max(covariance(weights, weights)?, 0.0));
        if moments.n() < 2 {
            return Err(too_few);
        }
        Ok(PairSummary {
            n: count(moments),
            mean_y: self.mean(arm, y)?,
            mean_x: self.mean(arm, x)?,
            variance_y: variance(y)?,
            variance_x: variance(x)?,
            covariance: covariance(y, x)?,
        })
    }
}

/// The part of a set that a share can have; `None` where no share is in it.
fn share_of(found: EffectQuotient) -> Option<EffectQuotient> {
    let estimate = found.estimate.clamp(0.0, 1.0);
    let whole = EffectQuotient { estimate, lower: None, upper: None, set: RelativeSet::All };
    let (Some(lower), Some(upper)) = (found.lower, found.upper) else { return Some(whole) };
    let between = |lower: f64, upper: f64| {
        let (lower, upper) = (lower.max(0.0), upper.min(1.0));
        let set = RelativeSet::Interval;
        (lower <= upper).then_some(EffectQuotient { estimate, lower: Some(lower), upper: Some(upper), set })
    };
    match found.set {
        RelativeSet::All => Some(whole),
        RelativeSet::Interval => between(lower, upper),
        RelativeSet::Outside if lower >= 1.0 || upper <= 0.0 => Some(whole),
        RelativeSet::Outside if lower < 0.0 => between(upper, 1.0),
        RelativeSet::Outside if upper > 1.0 => between(0.0, lower),
        RelativeSet::Outside => Some(EffectQuotient { estimate, ..found }),
    }
}

fn scaled(test: &Comparison, by: f64) -> Effect {
    let interval = Interval { lower: by * test.interval.lower, upper: by * test.interval.upper };
    effect(by * test.effect, Some(by * test.std_error), interval).0
}
