//! Planning: how many customers, with what chance of seeing which effect.
//!
//! Each module answers three questions: the power of a given sample, the sample for a given power, and the least
//! effect that a sample shows with a given power. [`proportion`] and [`mean`] plan what most experiments decide on;
//! [`variance`] gives [`mean`] the variance of ratios, quantiles, and of what CUPED leaves. [`rate`], [`rank`] and
//! [`survival`] plan their tests, [`non_inferiority`] and [`equivalence`] margins, [`omnibus`]
//! several arms and tables, [`group_sequential`] and [`sequence`] looks while data comes in. [`duration`] turns customers into days.
//!
//! Sizes are not rounded: round up, arm by arm, where customers are counted.

pub mod duration;
pub mod equivalence;
pub mod group_sequential;
pub mod mean;
pub mod non_inferiority;
pub mod omnibus;
pub mod proportion;
pub mod rank;
pub mod rate;
pub mod sequence;
pub mod survival;
pub mod variance;

use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};
use crate::stats::root::try_brent;
use crate::stats::{Alternative, NotEstimable};

/// Whether a two-sided test's rejections in the wrong direction count as power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarTail {
    /// Only rejections towards the effect count: what one wants, and what closed formulas give.
    Ignored,
    /// All rejections count, as in statsmodels; at no effect the power is then α, not α/2.
    Counted,
}

/// What the planned test is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerOptions {
    /// Level of the test, in (0, 1), both sides together if it has two.
    pub alpha: f64,
    /// The side or sides on which an effect counts.
    pub alternative: Alternative,
    /// Only matters for [`Alternative::TwoSided`].
    pub far_tail: FarTail,
}

/// Customers per arm; not rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// In the control.
    pub control: f64,
    /// In the variant.
    pub variant: f64,
}

impl Sizes {
    fn check(&self) -> Result<(), NotEstimable> {
        positive_input("the control's size", self.control)?;
        positive_input("the variant's size", self.variant)?;
        Ok(())
    }
}

impl PowerOptions {
    /// The probability on one side of the test.
    fn tail(&self) -> Result<f64, NotEstimable> {
        let alpha = open_fraction("alpha", self.alpha)?;
        Ok(if self.alternative == Alternative::TwoSided { alpha / 2.0 } else { alpha })
    }

    /// The effect as seen from the side that counts: negative when the test looks the other way.
    fn towards(&self, effect: f64) -> f64 {
        match self.alternative {
            Alternative::TwoSided => effect.abs(),
            Alternative::Greater => effect,
            Alternative::Less => -effect,
        }
    }

    fn counts_far_tail(&self) -> bool {
        self.alternative == Alternative::TwoSided && self.far_tail == FarTail::Counted
    }

    /// Refuses what no sample can reach: a target out of range, no effect, or one on the wrong side.
    fn check_reachable(&self, effect: f64, power: f64) -> Result<(), NotEstimable> {
        open_fraction("the power", power)?;
        let tail = self.tail()?;
        if effect == 0.0 {
            return Err(NotEstimable::NoEffect { effect });
        }
        if self.towards(effect) < 0.0 {
            return Err(NotEstimable::UnreachablePower { power, reachable: tail });
        }
        Ok(())
    }
}

/// Standard errors of the estimate: as the test assumes it, and as it is under the planned effect.
struct Errors {
    null: f64,
    planned: f64,
}

/// Power of a z test whose statistic is normal around the effect.
fn normal_power(effect: f64, errors: &Errors, options: &PowerOptions) -> Result<f64, NotEstimable> {
    let critical = normal::upper_quantile(options.tail()?) * errors.null;
    let towards = options.towards(effect);
    let near = normal::cdf((towards - critical) / errors.planned);
    let far =
        if options.counts_far_tail() { normal::cdf((-towards - critical) / errors.planned) } else { 0.0 };
    Ok((near + far).min(1.0))
}

/// The control's size of a z test, where `unit` holds the standard errors for one customer in the control.
fn normal_size(effect: f64, unit: &Errors, power: f64, options: &PowerOptions) -> Result<f64, NotEstimable> {
    options.check_reachable(effect, power)?;
    let z_alpha = normal::upper_quantile(options.tail()?);
    let distance = z_alpha * unit.null + normal::quantile(power) * unit.planned;
    require_that(distance > 0.0, "the power", power, "above what the level gives with no customers at all")?;
    let root = distance / effect.abs();
    let size = root * root;
    if !options.counts_far_tail() {
        return Ok(size);
    }
    // The far tail adds power, so a smaller sample does.
    let missing = |ln_size: f64| {
        let scale = libm::exp(-0.5 * ln_size);
        let errors = Errors { null: unit.null * scale, planned: unit.planned * scale };
        Ok(normal_power(effect, &errors, options)? - power)
    };
    let ln_size = libm::log(size);
    if missing(ln_size)? <= 0.0 {
        return Ok(size);
    }
    Ok(libm::exp(try_brent("the sample size", missing, ln_size - 60.0, ln_size)?))
}

/// The least effect, as a positive number, that a z test with one standard error shows.
fn normal_effect(error: f64, power: f64, options: &PowerOptions) -> Result<f64, NotEstimable> {
    open_fraction("the power", power)?;
    let distance = normal::upper_quantile(options.tail()?) + normal::quantile(power);
    require_that(distance > 0.0, "the power", power, "above what no effect gives")?;
    let quantity = "the minimum detectable effect";
    if !options.counts_far_tail() {
        return finite(quantity, distance * error);
    }
    // The far tail adds power, so a smaller effect does.
    let unit = Errors { null: 1.0, planned: 1.0 };
    let missing = |effect: f64| Ok(normal_power(effect, &unit, options)? - power);
    require_that(missing(0.0)? < 0.0, "the power", power, "above what no effect gives")?;
    finite(quantity, error * try_brent(quantity, missing, 0.0, distance)?)
}
