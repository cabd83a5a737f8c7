//! Planning for rates of events per customer and time, by the logarithm of their ratio.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, positive_input};
use crate::stats::power::{Errors, PowerOptions, Sizes, normal_effect, normal_power, normal_size};
use crate::stats::root::try_brent;

/// The planned rates, events per unit of exposure; both above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRates {
    /// In the control.
    pub control: f64,
    /// In the variant.
    pub variant: f64,
}

impl EventRates {
    /// ln of the ratio, and its standard error for one unit of exposure in the control and `ratio` in the variant.
    fn plan(&self, exposures: &Sizes) -> Result<(f64, Errors), NotEstimable> {
        positive_input("the control's rate", self.control)?;
        positive_input("the variant's rate", self.variant)?;
        exposures.check()?;
        let of = |rate: f64, exposure: f64| 1.0 / rate / exposure;
        let variance = of(self.control, exposures.control) + of(self.variant, exposures.variant);
        let error = positive_input("the standard error", variance.sqrt())?;
        let effect = finite("the ratio of rates", libm::log(self.variant) - libm::log(self.control))?;
        Ok((effect, Errors { null: error, planned: error }))
    }
}

/// Chance that the test of the log ratio rejects; `exposures` are customers times their time.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for rates or exposures not above 0 or a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rate::{EventRates, power};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let rates = EventRates { control: 0.5, variant: 0.6 };
/// let exposures = Sizes { control: 1500.0, variant: 1000.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Counted };
/// // statsmodels `power_poisson_ratio_2indep`
/// assert!((power(&rates, &exposures, &options)? - 0.914_462_437_646_361_6).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Gu, Ng, Tang & Schucany (2008), Testing the ratio of two Poisson rates, Biometrical Journal 50(2), 283–298,
/// doi:10.1002/bimj.200710403.
pub fn power(rates: &EventRates, exposures: &Sizes, options: &PowerOptions) -> Result<f64, NotEstimable> {
    let (effect, errors) = rates.plan(exposures)?;
    normal_power(effect, &errors, options)
}

/// Exposure per arm for a wanted power; `ratio` is the variant's exposure over the control's.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for equal rates, [`NotEstimable::UnreachablePower`] when a one-sided test looks the
/// other way, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rate::{EventRates, sample_size};
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let rates = EventRates { control: 0.5, variant: 0.6 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let exposures = sample_size(&rates, 1.5, 0.8, &options)?;
/// assert!((exposures.control - 734.593_625_629_245_7).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    rates: &EventRates,
    ratio: f64,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<Sizes, NotEstimable> {
    positive_input("the ratio of exposures", ratio)?;
    let (effect, unit) = rates.plan(&Sizes { control: 1.0, variant: ratio })?;
    let control = finite("the exposure", normal_size(effect, &unit, wanted_power, options)?)?;
    Ok(Sizes { control, variant: finite("the exposure", control * ratio)? })
}

/// The least ratio of rates above 1 (below 1 for [`Alternative::Less`](crate::stats::Alternative::Less)) that shows.
///
/// # Errors
/// As [`power`], and [`NotEstimable::UnreachablePower`] when no decrease can be seen.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rate::{EventRates, minimum_detectable_ratio, power};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let exposures = Sizes { control: 1500.0, variant: 1000.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Counted };
/// let ratio = minimum_detectable_ratio(0.5, &exposures, 0.914_462_437_646_361_6, &options)?;
/// assert!((ratio - 1.2).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_ratio(
    control_rate: f64,
    exposures: &Sizes,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    let side = if options.alternative == crate::stats::Alternative::Less { -1.0 } else { 1.0 };
    let with = |ln_ratio: f64| {
        let variant = control_rate * libm::exp(side * ln_ratio);
        power(&EventRates { control: control_rate, variant }, exposures, options)
    };
    let (_, errors) = EventRates { control: control_rate, variant: control_rate }.plan(exposures)?;
    let quantity = "the minimum detectable ratio";
    let mut upper = normal_effect(errors.planned, wanted_power, options)?;
    // A falling rate is known ever less well: past a point a larger fall shows less.
    let mut best = with(upper)?;
    while best < wanted_power {
        upper *= 1.25;
        let next = with(upper)?;
        if next < best {
            return Err(NotEstimable::UnreachablePower { power: wanted_power, reachable: best });
        }
        best = next;
    }
    let missing = |ln_ratio: f64| Ok(with(ln_ratio)? - wanted_power);
    finite(quantity, libm::exp(side * try_brent(quantity, missing, 0.0, upper)?))
}
