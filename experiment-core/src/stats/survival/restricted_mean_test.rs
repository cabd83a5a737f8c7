//! The difference in restricted means.

use crate::stats::comparison::{Reference, compare};
use crate::stats::survival::{SurvivalTable, restricted_mean};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// The difference in restricted means, variant minus control, with the horizon that it holds for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestrictedMeanTest {
    /// The horizon, in units of time.
    pub horizon: f64,
    /// The test of the difference; the effect is in units of time.
    pub comparison: Comparison,
}

/// Compares the mean time without the event up to `horizon`, by the normal distribution.
///
/// The effect can be told to anyone: so many days more within the first so many. Needs no proportional hazards.
/// Choose the horizon before the data, at most the earlier of the arms' last times.
///
/// # Errors
/// As [`restricted_mean`], and [`NotEstimable::NoVariation`] when neither arm has an event before the horizon.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, restricted_mean_test};
/// let arm = |rows: [(f64, bool); 2]| {
///     SurvivalTable::from_follow_ups(&rows.map(|(time, event)| FollowUp { time, event }))
/// };
/// let (control, variant) = (arm([(1.0, true), (2.0, false)])?, arm([(3.0, true), (4.0, true)])?);
/// let test = restricted_mean_test(&control, &variant, 2.0, &TestOptions::two_sided(0.95))?;
/// assert_eq!((test.comparison.effect, test.comparison.std_error), (0.5, 0.125f64.sqrt()));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Royston & Parmar (2013), as for [`restricted_mean`].
pub fn restricted_mean_test(
    control: &SurvivalTable,
    variant: &SurvivalTable,
    horizon: f64,
    options: &TestOptions,
) -> Result<RestrictedMeanTest, NotEstimable> {
    let (of_control, of_variant) = (restricted_mean(control, horizon)?, restricted_mean(variant, horizon)?);
    let std_error = (of_control.variance + of_variant.variance).sqrt();
    if std_error == 0.0 {
        return Err(NotEstimable::NoVariation { control: of_control.mean, variant: of_variant.mean });
    }
    let effect = of_variant.mean - of_control.mean;
    let comparison = compare(effect, 0.0, std_error, Reference::Normal, options)?;
    Ok(RestrictedMeanTest { horizon, comparison })
}
