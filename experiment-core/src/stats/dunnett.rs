//! Dunnett's test: several variants against one control, within one metric.
//!
//! The comparisons share the control and so hang together; knowing how makes the family-wise correction
//! sharper than Bonferroni's or Holm's. Assumes one common variance.
//!
//! # References
//! Dunnett (1955), A multiple comparison procedure for comparing several treatments with a control, JASA
//! 50(272), 1096–1121, doi:10.1080/01621459.1955.10501294.

use crate::stats::distribution::normal;
use crate::stats::mean::MeanSummary;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};
use crate::stats::root::try_brent;
use crate::stats::{Alternative, Comparison, NotEstimable, TestOptions};

/// Comparisons at most.
const MAX_VARIANTS: usize = 100;
/// ln of the density of the scale, over its mode's, below which it is left out.
const LN_NEGLIGIBLE: f64 = -100.0;
/// Step of the trapezoidal rule over a standard normal; the error is e⁻¹²⁰.
const NORMAL_STEP: f64 = 0.4;
/// The narrowest step, for variants 10,000 times the size of the control.
const LEAST_STEP: f64 = 0.004;
/// Step over the logarithm of the scale.
const SCALE_STEP: f64 = 0.15;

/// Several variants against one control.
#[derive(Clone, Debug, PartialEq)]
pub struct Dunnett {
    /// Customers less arms.
    pub degrees_of_freedom: f64,
    /// The common variance.
    pub pooled_variance: f64,
    /// What a t statistic must exceed (two-sided: in absolute value).
    pub critical_value: f64,
    /// One per variant, in order: p-values adjusted for all, intervals that hold together. The logarithm of a
    /// p-value that underflows is −∞ here.
    pub comparisons: Vec<Comparison>,
}

/// Compares each variant with the control; p-values and intervals are adjusted for their number.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] below two customers in an arm, [`NotEstimable::NoVariation`] when no arm
/// varies, [`NotEstimable::ImpossibleInput`] for no variant or more than 100, or moments that no data has.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::dunnett::dunnett_test;
/// use experiment_core::stats::mean::MeanSummary;
/// let control = MeanSummary { n: 11, mean: 0.0, variance: 1.0 };
/// let variants = [MeanSummary { mean: 1.0, ..control }, MeanSummary { mean: 0.5, ..control }];
/// let test = dunnett_test(&control, &variants, &TestOptions::two_sided(0.95))?;
/// assert_eq!(test.degrees_of_freedom, 30.0);
/// // Dunnett's table has 2.32 for two comparisons and 30 degrees of freedom.
/// assert!((test.critical_value - 2.32).abs() < 5e-3);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Dunnett (1955), with correlations √(nᵢ/(nᵢ + n₀)) √(nⱼ/(nⱼ + n₀)) for arms of different size.
pub fn dunnett_test(
    control: &MeanSummary,
    variants: &[MeanSummary],
    options: &TestOptions,
) -> Result<Dunnett, NotEstimable> {
    control.check()?;
    let (mut degrees_of_freedom, mut squares) =
        (control.n as f64 - 1.0, (control.n as f64 - 1.0) * control.variance);
    for variant in variants {
        variant.check()?;
        degrees_of_freedom += variant.n as f64 - 1.0;
        squares += (variant.n as f64 - 1.0) * variant.variance;
    }
    let pooled_variance = finite("the pooled variance", squares / degrees_of_freedom)?;
    if pooled_variance == 0.0 {
        let variant = variants.first().map_or(control.mean, |variant| variant.mean);
        return Err(NotEstimable::NoVariation { control: control.mean, variant });
    }
    let ratios: Vec<f64> = variants.iter().map(|variant| variant.n as f64 / control.n as f64).collect();
    let family = Family::new(&ratios, degrees_of_freedom, options.alternative)?;
    let critical_value =
        family.critical_value(1.0 - open_fraction("confidence level", options.confidence_level)?)?;
    let comparisons = variants.iter().map(|variant| {
        let effect = finite("the effect", variant.mean - control.mean)?;
        let std_error = (pooled_variance / variant.n as f64 + pooled_variance / control.n as f64).sqrt();
        let statistic = finite("the statistic", effect / std_error)?;
        let half_width = finite("the interval", critical_value * std_error)?;
        let p_value = family.p_value(statistic);
        Ok(Comparison {
            effect,
            std_error,
            statistic,
            degrees_of_freedom: Some(degrees_of_freedom),
            p_value,
            log10_p_value: libm::log10(p_value),
            interval: options.keep_ends(effect - half_width, effect + half_width),
        })
    });
    let comparisons = comparisons.collect::<Result<Vec<Comparison>, NotEstimable>>()?;
    Ok(Dunnett { degrees_of_freedom, pooled_variance, critical_value, comparisons })
}

/// The value that the largest t statistic exceeds with probability `alpha` when no variant differs.
///
/// `size_ratios` are the variants' sizes over the control's; `degrees_of_freedom` may be infinite.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for no variant or more than 100, a ratio not above 0, less than one degree of
/// freedom, or an `alpha` outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::dunnett::critical_value;
/// let two = critical_value(&[1.0, 1.0], 20.0, Alternative::TwoSided, 0.05)?;
/// assert!((two - 2.378_689_980_180_786_4).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn critical_value(
    size_ratios: &[f64],
    degrees_of_freedom: f64,
    alternative: Alternative,
    alpha: f64,
) -> Result<f64, NotEstimable> {
    Family::new(size_ratios, degrees_of_freedom, alternative)?.critical_value(open_fraction("alpha", alpha)?)
}

/// The joint distribution of the t statistics: Tᵢ = (bᵢ Z₀ + aᵢ Zᵢ)/S.
struct Family {
    alternative: Alternative,
    /// (bᵢ, aᵢ), b² = n/(n + n₀) and a² = 1 − b², with how many variants share them.
    loadings: Vec<(f64, f64, f64)>,
    /// Values of S with their weights.
    scales: Vec<(f64, f64)>,
    step: f64,
}

impl Family {
    fn new(
        size_ratios: &[f64],
        degrees_of_freedom: f64,
        alternative: Alternative,
    ) -> Result<Self, NotEstimable> {
        let count = size_ratios.len();
        require_that(
            (1..=MAX_VARIANTS).contains(&count),
            "the number of variants",
            count as f64,
            "from 1 to 100",
        )?;
        // Below, S spreads over so many powers of ten that it cannot be walked.
        let enough = degrees_of_freedom >= 1.0;
        require_that(enough, "the degrees of freedom", degrees_of_freedom, "at least 1")?;
        let mut loadings: Vec<(f64, f64, f64)> = Vec::new();
        let mut step = NORMAL_STEP;
        for ratio in size_ratios {
            positive_input("the ratio of sizes", *ratio)?;
            let (b, a) = ((ratio / (1.0 + ratio)).sqrt(), 1.0 / (1.0 + ratio).sqrt());
            step = step.min(NORMAL_STEP * a / b);
            match loadings.iter_mut().find(|known| known.0 == b) {
                Some(known) => known.2 += 1.0,
                None => loadings.push((b, a, 1.0)),
            }
        }
        Ok(Self { alternative, loadings, scales: scales(degrees_of_freedom), step: step.max(LEAST_STEP) })
    }

    fn critical_value(&self, alpha: f64) -> Result<f64, NotEstimable> {
        let mut most = 4.0;
        while self.tail(most) > alpha {
            most *= 2.0;
            finite("the critical value", most)?;
        }
        let least = if self.alternative == Alternative::TwoSided { 0.0 } else { -most };
        if self.tail(least) <= alpha {
            return Ok(least);
        }
        try_brent("Dunnett's critical value", |c| Ok(self.tail(c) - alpha), least, most)
    }

    fn p_value(&self, statistic: f64) -> f64 {
        self.tail(match self.alternative {
            Alternative::TwoSided => statistic.abs(),
            Alternative::Greater => statistic,
            Alternative::Less => -statistic,
        })
    }

    /// P(some statistic exceeds `c`), from survival functions so that small ones keep their digits.
    fn tail(&self, c: f64) -> f64 {
        let over_scales = self.scales.iter().map(|(scale, weight)| weight * self.tail_at(c * scale));
        over_scales.sum::<f64>().clamp(0.0, 1.0)
    }

    /// The same with S known, by the trapezoidal rule over Z₀.
    fn tail_at(&self, c: f64) -> f64 {
        // Where it is most likely that some exceed, Z₀ is near b c.
        let reach = (9.0 + c.abs()).min(38.0);
        let steps = (reach / self.step).ceil() as i32;
        let terms = (-steps..=steps).map(|index| {
            let z = f64::from(index) * self.step;
            let density = normal::density(z);
            if density == 0.0 { 0.0 } else { density * self.some_exceed(c, z) }
        });
        terms.sum::<f64>() * self.step
    }

    /// 1 − Π (1 − P(one exceeds)) given S and Z₀.
    fn some_exceed(&self, c: f64, z: f64) -> f64 {
        let ln_none = self.loadings.iter().map(|(b, a, count)| {
            let above = normal::sf((c - b * z) / a);
            let below = match self.alternative {
                Alternative::TwoSided => normal::sf((c + b * z) / a),
                Alternative::Greater | Alternative::Less => 0.0,
            };
            count * libm::log1p(-(above + below).min(1.0))
        });
        -libm::expm1(ln_none.sum())
    }
}

/// Points of S = √(χ²/df) with weights, equidistant in ln S, where the density is smooth at any df.
fn scales(degrees_of_freedom: f64) -> Vec<(f64, f64)> {
    // Beyond 10¹² degrees S differs from 1 by less than the critical value's last digits.
    if degrees_of_freedom > 1e12 {
        return vec![(1.0, 1.0)];
    }
    let step = SCALE_STEP.min(0.4 / (2.0 * degrees_of_freedom).sqrt());
    let ln_density = |u: f64| degrees_of_freedom * (u - 0.5 * libm::expm1(2.0 * u));
    let walk = |first: i32, direction: i32| {
        let points = (first..).map(move |index| f64::from(direction * index) * step);
        let weighted = points.map(move |u| (u, ln_density(u))).take_while(|(_, ln)| *ln > LN_NEGLIGIBLE);
        weighted.map(|(u, ln)| (libm::exp(u), libm::exp(ln))).collect::<Vec<(f64, f64)>>()
    };
    let mut scales = walk(0, -1);
    scales.extend(walk(1, 1));
    let total: f64 = scales.iter().map(|(_, weight)| weight).sum();
    scales.iter_mut().for_each(|(_, weight)| *weight /= total);
    scales
}
