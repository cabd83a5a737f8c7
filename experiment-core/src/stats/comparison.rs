//! What every two-arm comparison is asked (`TestOptions`) and answers (`Comparison`).

use crate::stats::distribution::{normal, student_t};
use crate::stats::not_estimable::{NotEstimable, finite, open_fraction};

/// The hypothesis against "no effect"; effects are variant minus control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alternative {
    /// The effect differs from 0.
    TwoSided,
    /// The effect is above 0.
    Greater,
    /// The effect is below 0.
    Less,
}

/// What the caller chooses; there are no hidden defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestOptions {
    /// The side or sides on which an effect counts.
    pub alternative: Alternative,
    /// Coverage of the interval, in (0, 1), e.g. 0.95. A one-sided interval has all of the miss on one side.
    pub confidence_level: f64,
}

impl TestOptions {
    /// Two-sided at a confidence level.
    ///
    /// ```
    /// use experiment_core::stats::{Alternative, TestOptions};
    /// assert_eq!(TestOptions::two_sided(0.95).alternative, Alternative::TwoSided);
    /// ```
    pub fn two_sided(confidence_level: f64) -> Self {
        Self { alternative: Alternative::TwoSided, confidence_level }
    }

    /// One-sided for an effect above 0: the interval has a lower end only.
    pub fn greater(confidence_level: f64) -> Self {
        Self { alternative: Alternative::Greater, confidence_level }
    }

    /// One-sided for an effect below 0: the interval has an upper end only.
    pub fn less(confidence_level: f64) -> Self {
        Self { alternative: Alternative::Less, confidence_level }
    }

    /// The probability left out on each side that has an end.
    pub(crate) fn tail(&self) -> Result<f64, NotEstimable> {
        let miss = 1.0 - open_fraction("confidence level", self.confidence_level)?;
        Ok(match self.alternative {
            Alternative::TwoSided => miss / 2.0,
            Alternative::Greater | Alternative::Less => miss,
        })
    }

    /// Puts an infinity where a one-sided interval has no end.
    pub(crate) fn keep_ends(&self, lower: f64, upper: f64) -> Interval {
        match self.alternative {
            Alternative::TwoSided => Interval { lower, upper },
            Alternative::Greater => Interval { lower, upper: f64::INFINITY },
            Alternative::Less => Interval { lower: f64::NEG_INFINITY, upper },
        }
    }
}

/// A confidence interval, `lower <= upper`; an end that does not exist is infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end, or −∞.
    pub lower: f64,
    /// The upper end, or +∞.
    pub upper: f64,
}

/// The answer of a test: an effect (variant minus control, in the metric's unit) and its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Variant minus control.
    pub effect: f64,
    /// Standard error of `effect`, as the statistic uses it.
    pub std_error: f64,
    /// `effect` (less the hypothesised one, if not 0) over `std_error`.
    pub statistic: f64,
    /// Degrees of freedom of the t distribution; `None` when the statistic is held against the normal.
    pub degrees_of_freedom: Option<f64>,
    /// Probability of a statistic at least this extreme, from the survival function: 0 only below 5e-324.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
    /// Interval for `effect`, at the level and on the sides that were asked for.
    pub interval: Interval,
}

/// The distribution that a statistic is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reference {
    Normal,
    StudentT { degrees_of_freedom: f64 },
}

impl Reference {
    /// The point with probability `tail` above it.
    pub(crate) fn upper_quantile(self, tail: f64) -> f64 {
        match self {
            Self::Normal => normal::upper_quantile(tail),
            Self::StudentT { degrees_of_freedom } => student_t::upper_quantile(tail, degrees_of_freedom),
        }
    }

    /// p-value of a statistic and its base-10 logarithm.
    pub(crate) fn p_value(self, statistic: f64, alternative: Alternative) -> (f64, f64) {
        let (point, sides) = match alternative {
            Alternative::TwoSided => (statistic.abs(), 2.0),
            Alternative::Greater => (statistic, 1.0),
            Alternative::Less => (-statistic, 1.0),
        };
        let (tail, log10_tail) = match self {
            Self::Normal => (normal::sf(point), normal::log10_sf(point)),
            Self::StudentT { degrees_of_freedom } => {
                (student_t::sf(point, degrees_of_freedom), student_t::log10_sf(point, degrees_of_freedom))
            }
        };
        ((sides * tail).min(1.0), (libm::log10(sides) + log10_tail).min(0.0))
    }

    fn degrees_of_freedom(self) -> Option<f64> {
        match self {
            Self::Normal => None,
            Self::StudentT { degrees_of_freedom } => Some(degrees_of_freedom),
        }
    }
}

/// Tests `effect` against `null_effect` and puts a symmetric interval around it.
pub(crate) fn compare(
    effect: f64,
    null_effect: f64,
    std_error: f64,
    reference: Reference,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let tail = options.tail()?;
    finite("the effect", effect)?;
    finite("the standard error", std_error)?;
    let statistic = finite("the statistic", (effect - null_effect) / std_error)?;
    if let Some(degrees_of_freedom) = reference.degrees_of_freedom() {
        finite("the degrees of freedom", degrees_of_freedom)?;
    }
    let half_width = finite("the interval", reference.upper_quantile(tail) * std_error)?;
    let (p_value, log10_p_value) = reference.p_value(statistic, options.alternative);
    Ok(Comparison {
        effect,
        std_error,
        statistic,
        degrees_of_freedom: reference.degrees_of_freedom(),
        p_value,
        log10_p_value,
        interval: options.keep_ends(effect - half_width, effect + half_width),
    })
}
