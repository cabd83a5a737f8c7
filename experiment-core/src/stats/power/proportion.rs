//! Planning for proportions.
//!
//! # References
//! Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., eqs. 4.14 and 4.19
//! without continuity correction (pooled); Chow, Shao, Wang & Lokhnygina (2018), Sample Size Calculations in
//! Clinical Research, 3rd ed., section 4.2.1 (unpooled); Cohen (1988), Statistical Power Analysis, 2nd ed.,
//! chapter 6 (arcsine).

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};
use crate::stats::power::{Errors, PowerOptions, Sizes, normal_power, normal_size};
use crate::stats::root::try_brent;

/// The planned rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// In the control, within \[0, 1\].
    pub control: f64,
    /// In the variant, within \[0, 1\].
    pub variant: f64,
}

/// The planned test of two proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProportionTest {
    /// Variance of both arms as one sample under "no difference", own variances under the plan: matches
    /// [`pooled_z_test`](crate::stats::proportion::pooled_z_test).
    Pooled,
    /// Own variances throughout: matches [`unpooled_z_test`](crate::stats::proportion::unpooled_z_test).
    Unpooled,
    /// The difference of angles 2 asin √p, whose variance does not depend on p (Cohen's h).
    Arcsine,
}

/// Cohen's h, 2 asin √p₁ − 2 asin √p₀: the effect on a scale of even variance.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for rates outside \[0, 1\].
///
/// # Examples
/// ```
/// use experiment_core::stats::power::proportion::{Rates, cohen_h};
/// let h = cohen_h(&Rates { control: 0.1, variant: 0.12 })?;
/// assert!((h - 0.063_982_102_986_058_55).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Cohen (1988), eq. 6.2.1.
pub fn cohen_h(rates: &Rates) -> Result<f64, NotEstimable> {
    check(rates)?;
    let angle = |p: f64| 2.0 * libm::asin(p.sqrt());
    Ok(angle(rates.variant) - angle(rates.control))
}

/// Chance that the test rejects when the rates are as planned.
///
/// # Errors
/// [`NotEstimable::NoVariation`] when the planned rates are both 0 or 1, [`NotEstimable::ImpossibleInput`]
/// for rates, sizes or a level out of range.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::proportion::{ProportionTest, Rates, power};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let rates = Rates { control: 0.1, variant: 0.12 };
/// let sizes = Sizes { control: 3841.0, variant: 3841.0 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let power = power(&rates, &sizes, ProportionTest::Pooled, &options)?;
/// assert!((power - 0.800_015_577_809_418_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn power(
    rates: &Rates,
    sizes: &Sizes,
    test: ProportionTest,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    sizes.check()?;
    let (effect, errors) = plan(rates, sizes, test)?;
    normal_power(effect, &errors, options)
}

/// Customers per arm for a wanted power; `ratio` is the variant's size over the control's.
///
/// # Errors
/// [`NotEstimable::NoEffect`] for equal rates, [`NotEstimable::UnreachablePower`] when a one-sided test looks
/// the other way, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::proportion::{ProportionTest, Rates, sample_size};
/// use experiment_core::stats::power::{FarTail, PowerOptions};
/// let rates = Rates { control: 0.1, variant: 0.12 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let sizes = sample_size(&rates, 1.0, 0.8, ProportionTest::Pooled, &options)?;
/// assert!((sizes.control - 3_840.847_482_436_276_6).abs() < 1e-7);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    rates: &Rates,
    ratio: f64,
    power: f64,
    test: ProportionTest,
    options: &PowerOptions,
) -> Result<Sizes, NotEstimable> {
    positive_input("the ratio of sizes", ratio)?;
    check(rates)?;
    options.check_reachable(rates.variant - rates.control, power)?;
    let (effect, unit) = plan(rates, &Sizes { control: 1.0, variant: ratio }, test)?;
    let control = finite("the sample size", normal_size(effect, &unit, power, options)?)?;
    Ok(Sizes { control, variant: finite("the sample size", control * ratio)? })
}

/// The least difference in rates that the test shows with a wanted power, as a positive number.
///
/// Upwards from the control's rate, or downwards for [`Alternative::Less`](crate::stats::Alternative::Less).
///
/// # Errors
/// [`NotEstimable::UnreachablePower`] when even a rate of 1 (or 0) does not show, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::power::proportion::{ProportionTest, minimum_detectable_effect};
/// use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
/// let sizes = Sizes { control: 3_840.847_482_436_276_6, variant: 3_840.847_482_436_276_6 };
/// let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail: FarTail::Ignored };
/// let effect = minimum_detectable_effect(0.1, &sizes, 0.8, ProportionTest::Pooled, &options)?;
/// assert!((effect - 0.02).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_effect(
    control_rate: f64,
    sizes: &Sizes,
    wanted_power: f64,
    test: ProportionTest,
    options: &PowerOptions,
) -> Result<f64, NotEstimable> {
    open_fraction("the control's rate", control_rate)?;
    open_fraction("the power", wanted_power)?;
    sizes.check()?;
    let direction = if options.alternative == crate::stats::Alternative::Less { -1.0 } else { 1.0 };
    let farthest = if direction > 0.0 { 1.0 - control_rate } else { control_rate };
    let missing = |effect: f64| {
        let variant = (control_rate + direction * effect).clamp(0.0, 1.0);
        Ok(power(&Rates { control: control_rate, variant }, sizes, test, options)? - wanted_power)
    };
    let most = missing(farthest)? + wanted_power;
    if most < wanted_power {
        return Err(NotEstimable::UnreachablePower { power: wanted_power, reachable: most });
    }
    let least = missing(0.0)? + wanted_power;
    require_that(least < wanted_power, "the power", wanted_power, "above what no effect gives")?;
    try_brent("the minimum detectable effect", missing, 0.0, farthest)
}

fn check(rates: &Rates) -> Result<(), NotEstimable> {
    for rate in [rates.control, rates.variant] {
        require_that((0.0..=1.0).contains(&rate), "a rate", rate, "between 0 and 1")?;
    }
    Ok(())
}

/// The effect on the test's scale, and its standard errors.
fn plan(rates: &Rates, sizes: &Sizes, test: ProportionTest) -> Result<(f64, Errors), NotEstimable> {
    check(rates)?;
    let (p0, p1) = (rates.control, rates.variant);
    let (n0, n1) = (sizes.control, sizes.variant);
    let own = (p0 * (1.0 - p0) / n0 + p1 * (1.0 - p1) / n1).sqrt();
    if own == 0.0 && test != ProportionTest::Arcsine {
        return Err(NotEstimable::NoVariation { control: p0, variant: p1 });
    }
    Ok(match test {
        ProportionTest::Pooled => {
            let share = n1 / (n0 + n1);
            let pooled = p0 + share * (p1 - p0);
            let null = (pooled * (1.0 - pooled) * (1.0 / n0 + 1.0 / n1)).sqrt();
            (p1 - p0, Errors { null, planned: own })
        }
        ProportionTest::Unpooled => (p1 - p0, Errors { null: own, planned: own }),
        ProportionTest::Arcsine => {
            let error = (1.0 / n0 + 1.0 / n1).sqrt();
            (cohen_h(rates)?, Errors { null: error, planned: error })
        }
    })
}
