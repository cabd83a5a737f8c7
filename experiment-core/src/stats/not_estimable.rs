//! Why a number could not be given: an ordinary, typed answer to degenerate data.

/// The reason a method has no answer for this input, with the numbers that are to blame.
///
/// Methods return this instead of `NaN`; [`NotEstimable::code`] is stable and meant for machines,
/// `Display` is a sentence meant for people.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEstimable {
    /// An arm, or the whole sample, holds fewer customers than the method needs.
    #[error("there are {n} customers where at least {needed} are needed")]
    TooFewCustomers {
        /// Customers in the smaller arm.
        n: u64,
        /// The least number that the method can work with.
        needed: u64,
    },
    /// Every customer has the same value within each arm, so nothing measures the uncertainty.
    #[error("no customer differs from another within an arm (control {control}, variant {variant})")]
    NoVariation {
        /// The one value in the control.
        control: f64,
        /// The one value in the variant.
        variant: f64,
    },
    /// No customer's rank says anything that another's does not: all values are equal, or all of one arm lie
    /// on one side of the other's.
    #[error(
        "the ranks do not vary within the arms (probability of superiority {probability_of_superiority})"
    )]
    NoRankVariation {
        /// P(variant larger) + ½ P(equal).
        probability_of_superiority: f64,
    },
    /// A relative effect divides by the control's mean, which is zero.
    #[error("the control's mean is 0 (the variant's is {variant}), so there is nothing to be relative to")]
    ZeroControlMean {
        /// The variant's mean.
        variant: f64,
    },
    /// A ratio metric divides by the mean of its denominator, which is zero.
    #[error("the denominator is 0 on average over {n} customers")]
    ZeroDenominator {
        /// Customers in the arm.
        n: u64,
    },
    /// The variant's mean over the control's is zero or negative, so its logarithm does not exist.
    #[error("the means {variant} and {control} have no positive ratio, so its logarithm does not exist")]
    NoPositiveRatio {
        /// The control's mean.
        control: f64,
        /// The variant's mean.
        variant: f64,
    },
    /// A ratio of rates needs a success in each arm (or, for score methods, in either).
    #[error("successes are missing: {control} in the control, {variant} in the variant")]
    NoSuccesses {
        /// Successes in the control.
        control: u64,
        /// Successes in the variant.
        variant: u64,
    },
    /// A ratio of odds needs customers of each arm who did it and who did not.
    #[error("nobody is without a success: failures are {control} in the control, {variant} in the variant")]
    NoFailures {
        /// Failures in the control.
        control: u64,
        /// Failures in the variant.
        variant: u64,
    },
    /// A covariate does not vary, or is a sum of multiples of those before it.
    #[error("covariate {index}, counted from 0, says nothing that those before it do not")]
    DependentCovariate {
        /// Which one, counted from 0.
        index: usize,
    },
    /// No event occurred while customers of different arms were at risk, or an arm had none at risk.
    #[error(
        "none of the {events} events tells the arms apart: at none are enough customers of all arms at risk"
    )]
    NoEvents {
        /// Events of all arms.
        events: u64,
    },
    /// The likelihood of a hazard ratio grows without end towards 0 or infinity.
    #[error(
        "the hazard ratio has no finite estimate, with {control} events in the control and {variant} in the variant"
    )]
    NoFiniteHazardRatio {
        /// Events of the control.
        control: u64,
        /// Events of the variant.
        variant: u64,
    },
    /// A row or column of a table of counts is empty, so nothing is expected in its cells.
    #[error("{margin} {index} of the table, counted from 0, is empty")]
    EmptyMargin {
        /// "row" or "column".
        margin: &'static str,
        /// Which one, counted from 0.
        index: usize,
    },
    /// A planned effect of zero can never be detected, whatever the sample.
    #[error("an effect of {effect} cannot be detected by any sample")]
    NoEffect {
        /// The planned effect.
        effect: f64,
    },
    /// The wanted power cannot be had within the range that makes sense.
    #[error("a power of {power} cannot be reached: the most within range is {reachable}")]
    UnreachablePower {
        /// The power that was asked for.
        power: f64,
        /// The largest power within range.
        reachable: f64,
    },
    /// An input that no data can produce, or an option outside its range.
    #[error("{quantity} is {value}, but must be {allowed}")]
    ImpossibleInput {
        /// What was given.
        quantity: &'static str,
        /// Its value.
        value: f64,
        /// The values that are allowed, in words.
        allowed: &'static str,
    },
    /// The result is too large (or too small a divisor was met) for a 64-bit float.
    #[error("{quantity} is beyond the range of a 64-bit float")]
    Overflow {
        /// What could not be represented.
        quantity: &'static str,
    },
    /// An iteration reached its cap without settling.
    #[error("{procedure} did not settle within {iterations} iterations")]
    NoConvergence {
        /// What was being computed.
        procedure: &'static str,
        /// The cap that was reached.
        iterations: u32,
    },
}

impl NotEstimable {
    /// A stable name in `snake_case`, e.g. `too_few_customers`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewCustomers { .. } => "too_few_customers",
            Self::NoVariation { .. } => "no_variation",
            Self::NoRankVariation { .. } => "no_rank_variation",
            Self::ZeroControlMean { .. } => "zero_control_mean",
            Self::ZeroDenominator { .. } => "zero_denominator",
            Self::NoPositiveRatio { .. } => "no_positive_ratio",
            Self::NoSuccesses { .. } => "no_successes",
            Self::NoFailures { .. } => "no_failures",
            Self::DependentCovariate { .. } => "dependent_covariate",
            Self::NoEvents { .. } => "no_events",
            Self::NoFiniteHazardRatio { .. } => "no_finite_hazard_ratio",
            Self::EmptyMargin { .. } => "empty_margin",
            Self::NoEffect { .. } => "no_effect",
            Self::UnreachablePower { .. } => "unreachable_power",
            Self::ImpossibleInput { .. } => "impossible_input",
            Self::Overflow { .. } => "overflow",
            Self::NoConvergence { .. } => "no_convergence",
        }
    }
}

/// Refuses a value that overflowed on the way.
pub(crate) fn finite(quantity: &'static str, value: f64) -> Result<f64, NotEstimable> {
    if value.is_finite() { Ok(value) } else { Err(NotEstimable::Overflow { quantity }) }
}

/// Refuses an input that is not a finite number.
pub(crate) fn finite_input(quantity: &'static str, value: f64) -> Result<f64, NotEstimable> {
    require(value.is_finite(), quantity, value, "a finite number")
}

/// Refuses an input that is not a finite number of at least zero.
pub(crate) fn non_negative_input(quantity: &'static str, value: f64) -> Result<f64, NotEstimable> {
    require(value.is_finite() && value >= 0.0, quantity, value, "a finite number of at least 0")
}

/// Refuses an input that is not a finite number above zero.
pub(crate) fn positive_input(quantity: &'static str, value: f64) -> Result<f64, NotEstimable> {
    require(value.is_finite() && value > 0.0, quantity, value, "a finite number above 0")
}

/// Refuses an input outside the open interval from 0 to 1.
pub(crate) fn open_fraction(quantity: &'static str, value: f64) -> Result<f64, NotEstimable> {
    require(value > 0.0 && value < 1.0, quantity, value, "between 0 and 1, both excluded")
}

/// Refuses an input for which a condition does not hold.
pub(crate) fn require_that(
    holds: bool,
    quantity: &'static str,
    value: f64,
    allowed: &'static str,
) -> Result<(), NotEstimable> {
    require(holds, quantity, value, allowed).map(|_| ())
}

fn require(
    holds: bool,
    quantity: &'static str,
    value: f64,
    allowed: &'static str,
) -> Result<f64, NotEstimable> {
    if holds { Ok(value) } else { Err(NotEstimable::ImpossibleInput { quantity, value, allowed }) }
}
