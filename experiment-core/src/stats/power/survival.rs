//! Planning for the log-rank test and Cox's hazard ratio: what counts is events, not customers.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};
use crate::stats::power::{Errors, PowerOptions, Sizes, normal_effect, normal_power, normal_size};

/// Chance that the log-rank test rejects for a hazard ratio (variant over control), given the events of both arms.
///
/// `ratio` is the variant's size over the control's.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a hazard ratio, number of events or ratio not above 0, or a level outside
/// (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::survival::power;
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// // Φ(|ln 0.75| √(300/4) − 1.96)
/// assert!((power(0.75, 300.0, 1.0, &options)? - 0.702_441_606_207_973_1).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Schoenfeld (1983), Sample-size formula for the proportional-hazards regression model, Biometrics 39(2), 499–503,
/// doi:10.2307/2531021.
pub fn power(
    hazard_ratio: f64,
    events: f64,
    ratio: f64,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    positive_input("the number of events", events)?;
    let error = unit_error(ratio)? / events.sqrt();
    normal_power(effect(hazard_ratio)?, &Errors { null: error, planned: error }, options)
}

/// Events of both arms together for a wanted power: (z + z)² (1 + r)²/(r ln² HR) for arms as 1 to r.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for a hazard ratio of 1, [`NotEstimable::UnreachablePower`] when a one-sided test looks
/// the other way, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::survival::events;
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// assert!((events(0.75, 1.0, 0.8, &options)? - 379.351_729_597_381_3).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Schoenfeld (1983).
pub fn events(
    hazard_ratio: f64,
    ratio: f64,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    let unit = unit_error(ratio)?;
    let events =
        normal_size(effect(hazard_ratio)?, &Errors { null: unit, planned: unit }, wanted_power, options)?;
    finite("the number of events", events)
}

/// Customers per arm for a number of events: each customer has the event within follow-up with a planned probability.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for events or a ratio not above 0, or probabilities outside \[0, 1\] or both 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::survival::{EventProbabilities, sample_size};
/// let probabilities = EventProbabilities { control: 0.3, variant: 0.2 };
/// let sizes = sample_size(500.0, 1.0, &probabilities)?;
/// assert!((sizes.control - 1000.0).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    events: f64,
    ratio: f64,
    probabilities: &EventProbabilities,
) -> Result<Sizes, NotEstimable> {
    positive_input("the number of events", events)?;
    positive_input("the ratio of sizes", ratio)?;
    for probability in [probabilities.control, probabilities.variant] {
        let possible = (0.0..=1.0).contains(&probability);
        require_that(possible, "the probability of an event", probability, "between 0 and 1")?;
    }
    let a_control = probabilities.control + ratio * probabilities.variant;
    positive_input("the probability of an event", a_control)?;
    let control = finite("the sample size", events / a_control)?;
    Ok(Sizes { control, variant: finite("the sample size", control * ratio)? })
}

/// How likely a customer is to have the event within the planned follow-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventProbabilities {
    /// In the control.
    pub control: f64,
    /// In the variant.
    pub variant: f64,
}

impl EventProbabilities {
    /// From the control's probability and the hazard ratio: 1 − (1 − p)^HR.
    ///
    /// # Errors
    /// [`NotEstimable::ImpossibleInput`] for a probability outside (0, 1) or a hazard ratio not above 0.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::power::survival::EventProbabilities;
    /// let probabilities = EventProbabilities::under(0.19, 2.0)?;
    /// assert!((probabilities.variant - (1.0 - 0.81 * 0.81)).abs() < 1e-15);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn under(control: f64, hazard_ratio: f64) -> Result<Self, NotEstimable> {
        open_fraction("the probability of an event", control)?;
        positive_input("the hazard ratio", hazard_ratio)?;
        Ok(Self { control, variant: -libm::expm1(hazard_ratio * libm::log1p(-control)) })
    }
}

/// The least hazard ratio above 1 that shows; its inverse is the least one below.
///
/// # Errors
/// As [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::survival::minimum_detectable_ratio;
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let ratio = minimum_detectable_ratio(300.0, 1.0, 0.8, &options)?;
/// assert!((ratio - 1.381_955_045_130_179).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_ratio(
    events: f64,
    ratio: f64,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    positive_input("the number of events", events)?;
    let error = unit_error(ratio)? / events.sqrt();
    finite("the hazard ratio", libm::exp(normal_effect(error, wanted_power, options)?))
}

fn effect(hazard_ratio: f64) -> Result<f64, NotEstimable> {
    Ok(libm::log(positive_input("the hazard ratio", hazard_ratio)?))
}

/// (1 + r)/√r, the standard error of ln HR times the root of the events.
fn unit_error(ratio: f64) -> Result<f64, NotEstimable> {
    positive_input("the ratio of sizes", ratio)?;
    finite("the standard error", ratio.sqrt() + 1.0 / ratio.sqrt())
}
