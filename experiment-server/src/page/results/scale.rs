//! Effects on the scale on which they are shown.

use experiment_core::definition::{Metric, MetricKind};
use experiment_core::report::{
    Bound, Comparison, Decision, Effect, Estimand, MetricReport, Reading, RelativeSet,
};

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

impl From<&Effect> for Span {
    fn from(effect: &Effect) -> Span {
        let Effect { estimate, lower, upper, .. } = *effect;
        Span { estimate, lower, upper, set: RelativeSet::Interval }
    }
}

/// How numbers of one metric are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// What kind of number it is.
    pub(super) kind: Estimand,
    /// How effects are shown.
    pub(super) shown: Shown,
    /// Whether what one customer does adds up over many.
    adds_up: bool,
}

impl Scale {
    /// Of a metric as it is defined.
    pub(super) fn of(report: &MetricReport, defined: &[Metric], shown: Shown) -> Scale {
        let metric = defined.iter().find(|metric| metric.key == report.metric);
        let is_single = metric.is_none_or(|metric| matches!(metric.kind, MetricKind::Single(_)));
        let adds_up = is_single && matches!(report.kind, Estimand::Proportion | Estimand::Mean);
        Scale { kind: report.kind, shown, adds_up }
    }

    /// The metric's own.
    pub(super) fn absolute_of(kind: Estimand) -> Scale {
        Scale { kind, shown: Shown::Absolute, adds_up: false }
    }

    /// The same metric, with effects over the control.
    pub(super) fn relative(self) -> Scale {
        Scale { shown: Shown::Relative, ..self }
    }

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
            Shown::Relative => control.filter(|control| *control > 0.0).map(|control| absolute / control),
            Shown::Scaled(customers) => self.adds_up.then_some(absolute * customers as f64),
        }
    }

    /// The effect by a reading, at 1 − α.
    pub(super) fn of_reading(self, comparison: &Comparison, reading: Reading) -> Option<Span> {
        if self.shown == Shown::Relative {
            let relative = comparison.relative_effect_of(reading)?;
            // Over a control below 0 more would read as less.
            comparison.effect_of(reading).filter(|effect| effect.estimate * relative.estimate >= 0.0)?;
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
        let decision = deciding_interval(comparison).filter(|_| self.shown != Shown::Relative)?;
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

/// The decision, if it has an interval.
pub(super) fn deciding_interval(comparison: &Comparison) -> Option<Decision> {
    comparison.decision.filter(|decision| decision.lower.is_some() || decision.upper.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(effect: [f64; 3], relative: [f64; 3]) -> Comparison {
        let ends = |[estimate, lower, upper]: [f64; 3]| serde_json::json!({"estimate": estimate, "lower": lower, "upper": upper, "set": "interval"});
        let comparison = serde_json::json!({
            "variant": "gift", "control": "control", "method": "welch_t",
            "effect": ends(effect), "relative_effect": ends(relative),
            "decision": {"reading": "unadjusted", "lower": -1.0, "upper": 9.0, "significant": false,
                         "confidence_level": 0.99},
        });
        serde_json::from_value(comparison).unwrap()
    }

    #[test]
    fn over_a_control_below_zero_there_is_no_relative_effect() {
        let scale = Scale::absolute_of(Estimand::Mean).relative();
        let of = |comparison: &Comparison| scale.of_reading(comparison, Reading::Unadjusted);
        assert!(of(&comparison([4.0, 1.0, 7.0], [0.4, 0.1, 0.7])).is_some());
        // A score of -10 that becomes -6 is no loss of 40 %.
        assert_eq!(of(&comparison([4.0, 1.0, 7.0], [-0.4, -0.7, -0.1])), None);
        assert_eq!((scale.convert(2.0, Some(-10.0)), scale.convert(2.0, Some(10.0))), (None, Some(0.2)));
    }

    #[test]
    fn what_decides_is_on_no_relative_scale() {
        let found = comparison([4.0, 1.0, 7.0], [0.4, 0.1, 0.7]);
        let absolute = Scale::absolute_of(Estimand::Mean);
        let decides = absolute.of_decision(&found).unwrap();
        assert_eq!((decides.lower, decides.upper), (Some(-1.0), Some(9.0)));
        assert_eq!(absolute.relative().of_decision(&found), None);
    }

    #[test]
    fn only_what_adds_up_is_scaled() {
        let scaled = |adds_up| Scale { kind: Estimand::Mean, shown: Shown::Scaled(1_000), adds_up };
        assert_eq!((scaled(true).convert(0.5, None), scaled(false).convert(0.5, None)), (Some(500.0), None));
    }
}
