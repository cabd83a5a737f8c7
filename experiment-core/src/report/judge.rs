//! What one comparison decides, by the plan's method: in its family, or by a guardrail's margin.

use super::family::Adjusted;
use super::reading::{Pair, alternative, better, proportion_of};
use super::sequence::{FEWEST_CUSTOMERS, Sequence, deciding_sequence, is_large_enough};
use super::{Bayes, Comparison, Decision, Design, Estimand, MetricDesign, Reading, Shows};
use crate::definition::{Direction, Method, Role, Sides};
use crate::stats::proportion::{miettinen_nurminen_interval, rate_difference};
use crate::stats::{Alternative, Interval, NotEstimable, TestOptions};

/// One comparison, to be decided.
pub(crate) struct Judge<'a> {
    pub(crate) design: &'a Design,
    pub(crate) metric: &'a MetricDesign,
    pub(crate) pair: Pair<'a>,
    pub(crate) reading: Reading,
}

impl Judge<'_> {
    /// Primaries and secondaries: whether there is an effect, by the place in the family.
    pub(crate) fn by_family(&self, comparison: &Comparison, place: &Adjusted) -> Option<Decision> {
        match (self.design.plan.method, self.metric.role) {
            (Method::AlwaysValid, _) => self.by_sequence(place),
            (Method::Bayesian, Role::Primary) => self.by_posterior(&comparison.bayes?),
            _ => self.by_test(comparison, place),
        }
    }

    /// Guardrails: not worse by the margin. The one-sided bound in the bad direction stays inside it.
    pub(crate) fn by_margin(&self, confidence_level: f64) -> Option<Decision> {
        let options = TestOptions { alternative: better(self.metric.direction), confidence_level };
        let interval = match self.design.plan.method {
            Method::AlwaysValid => self.anytime_bound(&options)?,
            _ => self.pair.guardrail_interval(self.reading, &options).ok()?,
        };
        let margin = self.metric.margin?;
        let (lower, upper, significant) = match self.metric.direction {
            Direction::Up => (Some(interval.lower), None, interval.lower > -margin),
            Direction::Down => (None, Some(interval.upper), interval.upper < margin),
        };
        let shows = significant.then_some(Shows::NotWorse);
        Some(Decision { reading: self.reading, lower, upper, significant, confidence_level, shows })
    }

    fn by_test(&self, comparison: &Comparison, place: &Adjusted) -> Option<Decision> {
        let options =
            TestOptions { alternative: self.alternative(), confidence_level: place.confidence_level };
        let nothing_spent = place.confidence_level >= 1.0;
        let interval = match self.pair.decision_interval(self.reading, &options) {
            Ok(interval) => interval,
            // A look so early that nothing may be spent rules nothing out.
            Err(_) if nothing_spent => Interval { lower: f64::NEG_INFINITY, upper: f64::INFINITY },
            Err(_) => return None,
        };
        let effect = comparison.effect_of(self.reading)?;
        let p_value = comparison.p_value_of(self.reading);
        // A one-sided test asks for the good direction only; its mirror image is asked at the same level.
        let mirrored = || p_value.is_some_and(|p_value| 1.0 - p_value <= 1.0 - place.confidence_level);
        Some(self.decision(interval, place, effect.estimate, mirrored))
    }

    fn by_sequence(&self, place: &Adjusted) -> Option<Decision> {
        let sequence =
            |alternative| deciding_sequence(self.design, self.metric, &self.pair, self.reading, alternative);
        let found = sequence(self.alternative())?;
        let interval = found.at(place.confidence_level)?.interval;
        let mirrored = || {
            let other = match better(self.metric.direction) {
                Alternative::Less => Alternative::Greater,
                _ => Alternative::Less,
            };
            let look = sequence(other).and_then(|sequence| sequence.at(place.confidence_level));
            look.is_some_and(|look| look.always_valid_p_value <= 1.0 - place.confidence_level)
        };
        Some(self.decision(interval, place, found.estimate.effect, mirrored))
    }

    /// Whether the variant wins, or the control does, with the chance and the expected loss that the plan asks for.
    fn by_posterior(&self, bayes: &Bayes) -> Option<Decision> {
        let ship = self.design.plan.ship?;
        let large_enough = is_large_enough(self.metric, &self.pair);
        let wins = |chance: f64, loss: f64| large_enough && chance >= ship.chance && loss <= ship.max_loss;
        let shows = if wins(bayes.chance_to_win, bayes.expected_loss) {
            Some(Shows::Better)
        } else if wins(bayes.chance_to_lose, bayes.expected_loss_of_control) {
            Some(Shows::Worse)
        } else {
            None
        };
        Some(Decision {
            reading: self.reading,
            lower: Some(bayes.lower),
            upper: Some(bayes.upper),
            significant: shows.is_some(),
            confidence_level: 1.0 - self.design.plan.alpha,
            shows,
        })
    }

    fn decision(
        &self,
        interval: Interval,
        place: &Adjusted,
        effect: f64,
        mirrored: impl Fn() -> bool,
    ) -> Decision {
        let good = match self.metric.direction {
            Direction::Up => effect > 0.0,
            Direction::Down => effect < 0.0,
        };
        let worse = match self.design.plan.sides {
            Sides::Two => place.significant,
            Sides::One => mirrored(),
        };
        let shows = match good {
            true => place.significant.then_some(Shows::Better),
            false => worse.then_some(Shows::Worse),
        };
        Decision {
            reading: self.reading,
            lower: Some(interval.lower).filter(|end| end.is_finite()),
            upper: Some(interval.upper).filter(|end| end.is_finite()),
            significant: place.significant,
            confidence_level: place.confidence_level,
            shows,
        }
    }

    fn alternative(&self) -> Alternative {
        alternative(&self.design.plan, self.metric.direction)
    }

    /// A guardrail's bound that may be looked at on any day.
    fn anytime_bound(&self, options: &TestOptions) -> Option<Interval> {
        if [self.pair.control, self.pair.variant].into_iter().any(|arm| arm.n() < FEWEST_CUSTOMERS as i64) {
            return None;
        }
        let tuning = self.design.plan.tuning_customers();
        let rare = self.reading == Reading::Unadjusted
            && self.metric.estimand == Estimand::Proportion
            && !is_large_enough(self.metric, &self.pair);
        let sequence = if rare {
            let (effect, std_error) = self.score_estimate(options).ok()?;
            Sequence::of(&self.pair, effect, std_error, tuning, options)?
        } else {
            match self.pair.estimate(self.reading, options) {
                Ok(test) => Sequence::of(&self.pair, test.effect, test.std_error, tuning, options)?,
                // All customers of an arm alike: what is seen is all there is.
                Err(NotEstimable::NoVariation { control, variant }) => {
                    return Some(Interval { lower: variant - control, upper: variant - control });
                }
                Err(_) => return None,
            }
        };
        Some(sequence.at(options.confidence_level)?.interval)
    }

    /// Where outcomes are rare the plain standard error is too small, and 0 without any: the one that would put
    /// the plain bound where the score bound is.
    fn score_estimate(&self, options: &TestOptions) -> Result<(f64, f64), NotEstimable> {
        let (control, variant) =
            (proportion_of(self.metric, self.pair.control), proportion_of(self.metric, self.pair.variant));
        let effect = rate_difference(&control, &variant)?;
        let bound = miettinen_nurminen_interval(&control, &variant, options)?;
        let end = match self.metric.direction {
            Direction::Up => bound.lower,
            Direction::Down => bound.upper,
        };
        let z = crate::stats::distribution::normal::upper_quantile(1.0 - options.confidence_level);
        Ok((effect, (end - effect).abs() / z))
    }
}
