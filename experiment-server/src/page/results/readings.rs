//! Other readings of the same data, which don't decide.

use experiment_core::definition::Direction;
use experiment_core::report::{Comparison, MetricReport, Reading, RelativeSet};

use super::Shown;
use super::scale::{Scale, Span};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// One reading of one comparison.
pub(super) struct OtherReading {
    pub(super) variant: String,
    pub(super) name: String,
    pub(super) effect: String,
    pub(super) interval: String,
    pub(super) p: String,
}

/// All other readings of a metric, arm by arm.
pub(super) fn other_readings(report: &MetricReport, scale: Scale) -> Vec<OtherReading> {
    let direction = report.direction;
    let of = |comparison| Readings { scale, direction, comparison, found: Vec::new() }.collect();
    report.comparisons.iter().flat_map(of).collect()
}

struct Readings<'a> {
    scale: Scale,
    direction: Direction,
    comparison: &'a Comparison,
    found: Vec<OtherReading>,
}

impl Readings<'_> {
    fn collect(mut self) -> Vec<OtherReading> {
        let (text, comparison) = (&ENGLISH, self.comparison);
        let decides = comparison.deciding_reading();
        if let Some(decision) = comparison.decision {
            let level = number::level(decision.confidence_level);
            self.ends(fill(text.reading_decides, &[("level", &level)]), decision.lower, decision.upper, None);
        }
        let relative = self.scale.relative();
        if self.scale.shown != Shown::Relative
            && let Some(span) = relative.of_reading(comparison, decides)
        {
            self.add(text.reading_relative.to_owned(), relative, span, None);
        }
        if let Some(sequence) = comparison.always_valid {
            let name = text.reading_sequence.to_owned();
            self.ends(name, sequence.lower, sequence.upper, Some(sequence.p_value));
        }
        if let Some(bayes) = comparison.bayes {
            let chance = number::certain(bayes.chance_to_win);
            let loss = number::loss(self.scale.kind, bayes.expected_loss);
            let name = fill(text.reading_bayes, &[("chance", &chance), ("loss", &loss)]);
            self.ends(name, Some(bayes.lower), Some(bayes.upper), None);
        }
        if decides != Reading::Unadjusted {
            self.reading(text.reading_unadjusted.to_owned(), Reading::Unadjusted);
        }
        if let Some(cuped) = &comparison.cuped {
            let less = number::percent(cuped.variance_reduction);
            self.reading(fill(text.reading_cuped, &[("reduction", &less)]), Reading::Cuped);
        }
        if let Some(stratified) = &comparison.stratified {
            let (strata, less) =
                (stratified.strata.to_string(), number::percent(stratified.variance_reduction));
            let name = fill(text.reading_stratified, &[("strata", &strata), ("reduction", &less)]);
            self.reading(name, Reading::Stratified);
        }
        if let Some(everybody) = comparison.intention_to_treat {
            let span = Span::from(&everybody.effect);
            self.add(text.reading_crossed.to_owned(), self.scale.absolute(), span, everybody.p_value);
        }
        if let Some(harm) = comparison.harm {
            let name = fill(text.reading_harm, &[("level", &number::level(harm.confidence_level))]);
            // The effect is no better than the bound.
            let (lower, upper) = match self.direction {
                Direction::Up => (None, Some(harm.bound)),
                Direction::Down => (Some(harm.bound), None),
            };
            self.ends(name, lower, upper, None);
        }
        self.found
    }

    fn reading(&mut self, name: String, reading: Reading) {
        if let Some(span) = self.scale.absolute().of_reading(self.comparison, reading) {
            self.add(name, self.scale.absolute(), span, self.comparison.p_value_of(reading));
        }
    }

    /// An interval around the effect that decides.
    fn ends(&mut self, name: String, lower: Option<f64>, upper: Option<f64>, p: Option<f64>) {
        let effect = self.comparison.effect_of(self.comparison.deciding_reading());
        if let Some(effect) = effect.filter(|_| lower.is_some() || upper.is_some()) {
            let span = Span { estimate: effect.estimate, lower, upper, set: RelativeSet::Interval };
            self.add(name, self.scale.absolute(), span, p);
        }
    }

    fn add(&mut self, name: String, scale: Scale, span: Span, p: Option<f64>) {
        self.found.push(OtherReading {
            variant: self.comparison.variant.clone(),
            name,
            effect: scale.effect(span.estimate),
            interval: scale.interval(&span),
            p: p.map(number::p_value).unwrap_or_default(),
        });
    }
}
