//! Planning for rank tests, in terms of the probability of superiority.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, positive_input, require_that};
use crate::stats::power::{Errors, PowerOptions, Sizes, normal_effect, normal_power, normal_size};

/// Chance that Mann and Whitney's test rejects when a customer of the variant has the larger value with a planned
/// probability (ties counted one half).
///
/// With many ties the test has more power than this.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a probability outside \[0, 1\], sizes not above 0 or a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rank::power;
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let sizes = Sizes { control: 1500.0, variant: 1500.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// // Φ(0.05 √(12 · ¼ · 3000) − 1.96)
/// assert!((power(0.55, &sizes, &options)? - 0.997_310_813_189_189_1).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Noether (1987), Sample size determination for some common nonparametric tests, JASA 82(398), 645–647,
/// doi:10.1080/01621459.1987.10478478.
pub fn power(superiority: f64, sizes: &Sizes, options: &PowerOptions) -> Result<f64, NotEstimable> {
    let errors = errors(sizes)?;
    normal_power(effect(superiority)?, &errors, options)
}

/// Customers per arm for a wanted power; `ratio` is the variant's size over the control's.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for a probability of one half, [`NotEstimable::UnreachablePower`] when a one-sided test
/// looks the other way, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rank::sample_size;
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let sizes = sample_size(0.55, 1.0, 0.8, &options)?;
/// assert!((sizes.control + sizes.variant - 1_046.517_297_913_211_7).abs() < 1e-8);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    superiority: f64,
    ratio: f64,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<Sizes, NotEstimable> {
    positive_input("the ratio of sizes", ratio)?;
    let unit = errors(&Sizes { control: 1.0, variant: ratio })?;
    let control = normal_size(effect(superiority)?, &unit, wanted_power, options)?;
    let control = finite("the sample size", control)?;
    Ok(Sizes { control, variant: finite("the sample size", control * ratio)? })
}

/// The least distance of the probability of superiority from one half that shows with a wanted power.
///
/// # Errors
/// As [`power`], and [`NotEstimable::UnreachablePower`] where even a probability of 1 does not show.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::rank::minimum_detectable_effect;
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let half = 1_046.517_297_913_211_7 / 2.0;
/// let sizes = Sizes { control: half, variant: half };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// assert!((minimum_detectable_effect(&sizes, 0.8, &options)? - 0.05).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_effect(
    sizes: &Sizes,
    wanted_power: f64,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    let errors = errors(sizes)?;
    let distance = normal_effect(errors.planned, wanted_power, options)?;
    if distance > 0.5 {
        let side = if options.alternative == crate::stats::Alternative::Less { -0.5 } else { 0.5 };
        let reachable = normal_power(side, &errors, options)?;
        return Err(NotEstimable::UnreachablePower { power: wanted_power, reachable });
    }
    Ok(distance)
}

fn effect(superiority: f64) -> Result<f64, NotEstimable> {
    let possible = (0.0..=1.0).contains(&superiority);
    require_that(possible, "the probability of superiority", superiority, "between 0 and 1")?;
    Ok(superiority - 0.5)
}

/// √((n₀ + n₁)/(12 n₀ n₁)), that of U/(n₀n₁) without an effect and for large arms.
fn errors(sizes: &Sizes) -> Result<Errors, NotEstimable> {
    sizes.check()?;
    let error = ((1.0 / sizes.control + 1.0 / sizes.variant) / 12.0).sqrt();
    positive_input("the standard error", finite("the standard error", error)?)?;
    Ok(Errors { null: error, planned: error })
}
