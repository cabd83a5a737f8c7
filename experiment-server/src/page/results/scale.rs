//! Effects on the scale on which they are shown.

use experiment_core::report::{Bound, Comparison, Estimand, Reading, RelativeSet};

use super::Shown;
use super::interval::in_words;
use crate::page::number;

/// An effect with its interval; an end that is absent is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Its middle, or near it.
    pub(super) estimate: f64,
    /// Lower end.
    pub(super) lower: Option<f64>,
    /// Upper end.
    pub(super) upper: Option<f64>,
    /// What lies between the ends.
    pub(super) set: RelativeSet,
}

/// How numbers of one metric are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// What kind of number it is.
    pub(super) kind: Estimand,
    /// How effects are shown.
    pub(super) shown: Shown,
}

impl Scale {
    /// The same metric, with effects on its own scale.
    pub(super) fn absolute(self) -> Scale {
        Scale { shown: Shown::Absolute, ..self }
    }

    /// A value of one arm.
    pub(super) fn value(self, value: f64) -> String {
        number::value(self.kind, value)
    }

    /// An effect on this scale.
    pub(super) fn effect(self, effect: f64) -> String {
        match self.shown {
            Shown::Absolute => number::effect(self.kind, effect),
            Shown::Relative => number::relative(effect),
            // Whole customers, or what their values add up to.
            Shown::Scaled(_) if self.kind == Estimand::Proportion => number::signed_count(effect),
            Shown::Scaled(_) => number::signed_plain(effect),
        }
    }

    /// An end of an interval: as an effect, without the unit that stands beside it.
    pub(super) fn end(self, end: f64) -> String {
        self.effect(end).trim_end_matches("\u{a0}pp").to_owned()
    }

    /// An interval in words.
    pub(super) fn interval(self, span: &Span) -> String {
        in_words(span.lower, span.upper, span.set, |end| self.end(end))
    }

    /// Something on the metric's own scale, such as a margin, on this one; `None` where that can't be said.
    pub(super) fn convert(self, absolute: f64, control: Option<f64>) -> Option<f64> {
        match self.shown {
            Shown::Absolute => Some(absolute),
            Shown::Relative => {
                control.filter(|control| *control != 0.0).map(|control| absolute / control.abs())
            }
            Shown::Scaled(customers) => {
                let adds_up = matches!(self.kind, Estimand::Proportion | Estimand::Mean);
                adds_up.then_some(absolute * customers as f64)
            }
        }
    }

    /// The effect by a reading, at 1 − α.
    pub(super) fn of_reading(self, comparison: &Comparison, reading: Reading) -> Option<Span> {
        if self.shown == Shown::Relative {
            let relative = comparison.relative_effect_of(reading)?;
            return Some(Span {
                estimate: relative.estimate,
                lower: relative.lower,
                upper: relative.upper,
                set: relative.set,
            });
        }
        let effect = comparison.effect_of(reading)?;
        let is_unbounded = |bound| comparison.unbounded.contains(&bound);
        let has_ends = effect.lower.is_some() || effect.upper.is_some();
        let convert = |number: f64| self.convert(number, None);
        let set = match has_ends || is_unbounded(Bound::Lower) || is_unbounded(Bound::Upper) {
            true => RelativeSet::Interval,
            false => RelativeSet::All,
        };
        Some(Span {
            estimate: convert(effect.estimate)?,
            lower: effect.lower.and_then(convert),
            upper: effect.upper.and_then(convert),
            set,
        })
    }

    /// What counts for the verdict: the interval at the level that the correction asks for, on one side for a
    /// guardrail. There is none on the relative scale.
    pub(super) fn of_decision(self, comparison: &Comparison) -> Option<Span> {
        let decision =
            comparison.decision.filter(|decision| decision.lower.is_some() || decision.upper.is_some())?;
        if self.shown == Shown::Relative {
            return None;
        }
        let estimate = comparison.effect_of(decision.reading)?.estimate;
        let convert = |number: f64| self.convert(number, None);
        Some(Span {
            estimate: convert(estimate)?,
            lower: decision.lower.and_then(convert),
            upper: decision.upper.and_then(convert),
            set: RelativeSet::Interval,
        })
    }
}
