//! Rates of events over exposure: purchases per customer-day, tickets per month.
//!
//! Counts are taken as Poisson: given all events of both arms, those of the variant are binomial with its share
//! of the exposure, if the rates are the same. Most methods here are those of that one proportion. Where some
//! customers have many events and others none, counts vary more than that: sum per customer and compare
//! [`mean`](crate::stats::mean)s.

use crate::stats::comparison::{Reference, compare};
use crate::stats::distribution::normal;
use crate::stats::exact::{ExactTest, conditional_test};
use crate::stats::not_estimable::{finite, positive_input};
use crate::stats::proportion::{ProportionSummary, clopper_pearson_interval, wilson_interval};
use crate::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};

/// Events and the time (or other size) over which they were counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSummary {
    /// How many events.
    pub events: u64,
    /// Customers times days, or whatever the rate is to be per; above 0.
    pub exposure: f64,
}

impl RateSummary {
    /// Events per unit of exposure.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.exposure
    }
}

/// A score test of two rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateTest {
    /// Approximately normal; above 0 when the variant's rate is the larger.
    pub statistic: f64,
    /// Probability of a statistic at least as extreme if the rates are the same.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
}

/// Variant's rate over the control's; +∞ when only the variant has events.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when neither arm has events, [`NotEstimable::ImpossibleInput`] for an exposure
/// that is not a finite number above 0, [`NotEstimable::Overflow`] when the exposures are beyond comparison.
///
/// # Examples
/// ```
/// use experiment_core::stats::rate::{RateSummary, rate_ratio};
/// let control = RateSummary { events: 1_000, exposure: 1e5 };
/// let variant = RateSummary { events: 1_100, exposure: 1e5 };
/// assert_eq!(rate_ratio(&control, &variant)?, 1.1);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn rate_ratio(control: &RateSummary, variant: &RateSummary) -> Result<f64, NotEstimable> {
    let shares = Shares::of(control, variant)?;
    if control.events == 0 {
        return Ok(f64::INFINITY);
    }
    Ok(variant.events as f64 / control.events as f64 * shares.control_over_variant)
}

/// Tests whether two rates are the same, by the score statistic.
///
/// # Errors
/// As [`rate_ratio`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::rate::{RateSummary, score_test};
/// let control = RateSummary { events: 60, exposure: 51_477.5 };
/// let variant = RateSummary { events: 30, exposure: 54_308.7 };
/// let test = score_test(&control, &variant, Alternative::TwoSided)?;
/// assert!((test.statistic + 3.417_401_839_000_214_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Ng & Tang (2005), Testing the equality of two Poisson means using the rate ratio, Statistics in Medicine
/// 24(6), 955–965, doi:10.1002/sim.1949.
pub fn score_test(
    control: &RateSummary,
    variant: &RateSummary,
    alternative: Alternative,
) -> Result<RateTest, NotEstimable> {
    let shares = Shares::of(control, variant)?;
    let events = control.events as f64 + variant.events as f64;
    let distance = variant.events as f64 * shares.control - control.events as f64 * shares.variant;
    let statistic = finite("the statistic", distance / (events * shares.control * shares.variant).sqrt())?;
    let (p_value, log10_p_value) = Reference::Normal.p_value(statistic, alternative);
    Ok(RateTest { statistic, p_value, log10_p_value })
}

/// Tests whether two rates are the same, exactly, given all events.
///
/// Two-sided is the sum over all splits of the events that are no likelier than the observed one.
///
/// # Errors
/// As [`rate_ratio`], and [`NotEstimable::ImpossibleInput`] for more than 10¹² events.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::rate::{RateSummary, exact_test};
/// let control = RateSummary { events: 1, exposure: 1.0 };
/// let variant = RateSummary { events: 3, exposure: 1.0 };
/// assert!((exact_test(&control, &variant, Alternative::TwoSided)?.p_value - 0.625).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Przyborowski & Wilenski (1940), Biometrika 31(3–4), 313–323, doi:10.1093/biomet/31.3-4.313.
pub fn exact_test(
    control: &RateSummary,
    variant: &RateSummary,
    alternative: Alternative,
) -> Result<ExactTest, NotEstimable> {
    let shares = Shares::of(control, variant)?;
    conditional_test(&shares.events, shares.variant, shares.control, alternative)
}

/// The exact interval of the ratio of rates: Clopper and Pearson's for the variant's share of the events.
///
/// # Errors
/// As [`rate_ratio`], and [`NotEstimable::ImpossibleInput`] for a confidence level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::rate::{RateSummary, exact_ratio_interval};
/// let control = RateSummary { events: 1, exposure: 1.0 };
/// let variant = RateSummary { events: 3, exposure: 1.0 };
/// let interval = exact_ratio_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 0.240_880_227_829_261_8).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Clopper & Pearson (1934), Biometrika 26(4), 404–413, doi:10.1093/biomet/26.4.404.
pub fn exact_ratio_interval(
    control: &RateSummary,
    variant: &RateSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    ratio_interval(control, variant, options, clopper_pearson_interval)
}

/// The score interval of the ratio of rates: Wilson's for the variant's share of the events. The default.
///
/// # Errors
/// As [`exact_ratio_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::rate::{RateSummary, score_ratio_interval};
/// let control = RateSummary { events: 0, exposure: 50.0 };
/// let variant = RateSummary { events: 6, exposure: 55.0 };
/// let interval = score_ratio_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 1.419_915_117_965_485_4).abs() < 1e-12);
/// assert_eq!(interval.upper, f64::INFINITY);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Wilson (1927), JASA 22(158), 209–212, doi:10.1080/01621459.1927.10502953.
pub fn score_ratio_interval(
    control: &RateSummary,
    variant: &RateSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    ratio_interval(control, variant, options, wilson_interval)
}

/// The interval of the ratio of rates that is symmetric on its logarithm.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when either arm has no events, otherwise as [`exact_ratio_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::rate::{RateSummary, log_ratio_interval};
/// let control = RateSummary { events: 10, exposure: 100.0 };
/// let variant = RateSummary { events: 20, exposure: 110.0 };
/// let interval = log_ratio_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 3.884_241_737_799_804_6).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd ed., chapter 14.
pub fn log_ratio_interval(
    control: &RateSummary,
    variant: &RateSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    let ln_ratio = libm::log(rate_ratio(control, variant)?);
    if control.events == 0 || variant.events == 0 {
        return Err(no_events(control, variant));
    }
    let std_error = (1.0 / control.events as f64 + 1.0 / variant.events as f64).sqrt();
    let half_width = normal::upper_quantile(options.tail()?) * std_error;
    let upper = finite("the upper end", libm::exp(ln_ratio + half_width))?;
    Ok(options.keep_ends(libm::exp(ln_ratio - half_width), upper))
}

/// Compares two rates by their difference, each arm with its own variance (Wald).
///
/// For the effect in the metric's unit; [`score_test`] keeps its level better.
///
/// # Errors
/// As [`rate_ratio`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::rate::{RateSummary, difference_test};
/// let control = RateSummary { events: 1, exposure: 1.0 };
/// let variant = RateSummary { events: 3, exposure: 1.0 };
/// let test = difference_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert_eq!(test.effect, 2.0);
/// assert!((test.std_error - 2.0).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn difference_test(
    control: &RateSummary,
    variant: &RateSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    Shares::of(control, variant)?;
    let error = |arm: &RateSummary| (arm.events as f64).sqrt() / arm.exposure;
    let std_error = libm::hypot(error(control), error(variant));
    compare(variant.rate() - control.rate(), 0.0, std_error, Reference::Normal, options)
}

type ProportionInterval = fn(&ProportionSummary, &TestOptions) -> Result<Interval, NotEstimable>;

/// The interval of a share as one of the ratio: p/(1 − p) over the same of the exposure.
fn ratio_interval(
    control: &RateSummary,
    variant: &RateSummary,
    options: &TestOptions,
    interval: ProportionInterval,
) -> Result<Interval, NotEstimable> {
    let shares = Shares::of(control, variant)?;
    let mirrored = match options.alternative {
        Alternative::TwoSided => *options,
        Alternative::Greater => TestOptions::less(options.confidence_level),
        Alternative::Less => TestOptions::greater(options.confidence_level),
    };
    let of_variant = interval(&shares.events, options)?;
    // 1 − p is the control's share, whose own interval keeps the digits of a small one.
    let of_control = interval(&shares.events.complement(), &mirrored)?;
    let end = |variant: f64, control: f64| variant / control * shares.control_over_variant;
    Ok(options.keep_ends(end(of_variant.lower, of_control.upper), end(of_variant.upper, of_control.lower)))
}

/// Each arm's part of the exposure, and the variant's events among all.
struct Shares {
    control: f64,
    variant: f64,
    control_over_variant: f64,
    events: ProportionSummary,
}

impl Shares {
    fn of(control: &RateSummary, variant: &RateSummary) -> Result<Self, NotEstimable> {
        positive_input("the exposure", control.exposure)?;
        positive_input("the exposure", variant.exposure)?;
        let ratio = control.exposure / variant.exposure;
        let shares = (ratio / (1.0 + ratio), 1.0 / (1.0 + ratio));
        if shares.0 == 0.0 || shares.1 == 0.0 || !ratio.is_finite() {
            return Err(NotEstimable::Overflow { quantity: "the ratio of the exposures" });
        }
        let quantity = "the number of events";
        let events = control.events.checked_add(variant.events).ok_or(NotEstimable::Overflow { quantity })?;
        if events == 0 {
            return Err(no_events(control, variant));
        }
        Ok(Self {
            control: shares.0,
            variant: shares.1,
            control_over_variant: ratio,
            events: ProportionSummary { successes: variant.events, n: events },
        })
    }
}

fn no_events(control: &RateSummary, variant: &RateSummary) -> NotEstimable {
    NotEstimable::NoSuccesses { control: control.events, variant: variant.events }
}
