//! Group-sequential tests: a few planned looks, a boundary for z at each, one error rate in all.
//!
//! Fewer customers than an anytime-valid method needs, for looks that are few and planned. Their times may
//! differ from plan: the boundary of a look depends on the information at it and before it only.
//!
//! # References
//! Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data, Journal of the Royal
//! Statistical Society A 132(2), 235–244, doi:10.2307/2343787 (the recursion). Jennison & Turnbull (2000),
//! Group Sequential Methods with Applications to Clinical Trials, chapters 2, 7 and 19.

use super::Sides;
use super::spending::Spending;
use crate::stats::NotEstimable;
use crate::stats::distribution::quadrature::nodes;
use crate::stats::distribution::{SQRT_2PI, normal};
use crate::stats::not_estimable::{finite, finite_input, open_fraction, require_that};
use crate::stats::root::{brent, try_brent};

/// Standard deviations beyond which a path is not followed: 10⁻²³ of them.
const REACH: f64 = 10.0;
/// Width of a panel of nodes, in standard deviations of the step between looks.
const PANEL: f64 = 3.0;
/// Looks at most.
const MAX_LOOKS: usize = 1_000;
/// Information between two looks at least.
const LEAST_STEP: f64 = 1e-5;

/// The boundary at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Share of the planned information, or of the schedule.
    pub information_fraction: f64,
    /// Reject "no effect" when z (two-sided: its absolute value) is at least this; ∞ when nothing may be spent.
    pub z: f64,
    /// The error rate spent up to this look, both sides together.
    pub cumulative_alpha: f64,
    /// p-value of a z at the boundary, were this the only look.
    pub nominal_p_value: f64,
}

/// Boundaries that spend `alpha` over looks at given fractions of the information.
///
/// `information` rises to at most 1: customers at the look over customers planned, when arms keep their shares.
/// Two-sided boundaries are symmetric and each side spends α/2 with its own function. A look that comes
/// later than planned takes all that is left at fraction 1.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for no look or more than 1,000, fractions not rising by 1e-5 or more within
/// (0, 1], an `alpha` outside (0, 1) or (two-sided) what [`Spending::spent`] refuses.
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::boundaries;
/// use experiment_core::stats::sequential::spending::Spending;
/// let bounds = boundaries(&[0.2, 0.4, 0.6, 0.8, 1.0], 0.05, Sides::Two, Spending::OBrienFleming)?;
/// assert!((bounds[1].z - 3.357_011_921_574_642).abs() < 1e-7);
/// assert!((bounds[4].z - 2.031_032_043_310_057_5).abs() < 1e-7);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Lan & DeMets (1983); Jennison & Turnbull (2000), 7.2 and 19.2.
pub fn boundaries(
    information: &[f64],
    alpha: f64,
    sides: Sides,
    spending: Spending,
) -> Result<Vec<Bound>, NotEstimable> {
    boundaries_on_schedule(information, information, alpha, sides, spending)
}

/// [`boundaries`] that spend by another clock than the information: by the share of a plan that is over, where
/// the final information is not known or turns out larger than planned.
///
/// `information` need only be in proportion, rising to at most 1: how estimates of looks hang together depends on
/// ratios alone. `schedule` rises with it; from 1 on everything is spent.
///
/// # Errors
/// As [`boundaries`], and for a schedule of another length or that falls.
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::{boundaries, boundaries_on_schedule};
/// use experiment_core::stats::sequential::spending::Spending;
/// // The first three of five looks: their boundaries do not depend on what is still to come.
/// let all = boundaries(&[0.2, 0.4, 0.6, 0.8, 1.0], 0.05, Sides::Two, Spending::OBrienFleming)?;
/// let (information, schedule) = ([1.0 / 3.0, 2.0 / 3.0, 1.0], [0.2, 0.4, 0.6]);
/// let three = boundaries_on_schedule(&information, &schedule, 0.05, Sides::Two, Spending::OBrienFleming)?;
/// assert!((three[2].z - all[2].z).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Lan & DeMets (1989), Biometrics 45(3), 1017–1020, doi:10.2307/2531701 (spending by calendar time).
pub fn boundaries_on_schedule(
    information: &[f64],
    schedule: &[f64],
    alpha: f64,
    sides: Sides,
    spending: Spending,
) -> Result<Vec<Bound>, NotEstimable> {
    check_looks(information)?;
    let given = schedule.len();
    require_that(given == information.len(), "the length of the schedule", given as f64, "one per look")?;
    let factor = number_of(sides);
    let side_alpha = open_fraction("alpha", alpha)? / factor;
    let mut walk = Walk::new(sides, 0.0);
    let mut spent_before = 0.0;
    let mut bounds = Vec::with_capacity(information.len());
    for (index, (fraction, time)) in information.iter().zip(schedule).enumerate() {
        let spent = spending.spent(side_alpha, *time)?;
        require_that(spent >= spent_before, "the schedule", *time, "at least the one before")?;
        let step = Step { fraction: *fraction, next: information.get(index + 1).copied() };
        let z = walk.bound(*fraction, spent - spent_before)?;
        walk.advance(&step, z);
        bounds.push(Bound {
            information_fraction: *time,
            z,
            cumulative_alpha: factor * spent,
            nominal_p_value: (factor * normal::sf(z)).min(1.0),
        });
        spent_before = spent;
    }
    Ok(bounds)
}

/// Probability of first crossing at each look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Above the boundary.
    pub upper: f64,
    /// Below its mirror image; 0 one-sided.
    pub lower: f64,
}

/// How likely each look is the first at which z leaves its bounds, for a drift.
///
/// `drift` is the mean of z at full information: 0 without an effect, 3.24 where a fixed two-sided test at 5 %
/// has 90 % power. The sum over looks is the error rate or the power.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] as [`boundaries`], for a bound missing, below 0 (two-sided) or `NaN`, and for
/// a drift that is not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::crossing_probabilities;
/// // Looking five times at 1.96 makes 14 % of 5 %.
/// let crossings = crossing_probabilities(&[0.2, 0.4, 0.6, 0.8, 1.0], &[1.959_964; 5], Sides::Two, 0.0)?;
/// let error_rate: f64 = crossings.iter().map(|crossing| crossing.upper + crossing.lower).sum();
/// assert!((error_rate - 0.142).abs() < 5e-4);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Armitage, McPherson & Rowe (1969), table 2.
pub fn crossing_probabilities(
    information: &[f64],
    z_bounds: &[f64],
    sides: Sides,
    drift: f64,
) -> Result<Vec<Crossing>, NotEstimable> {
    check_looks(information)?;
    finite_input("the drift", drift)?;
    let given = z_bounds.len();
    require_that(given == information.len(), "the number of bounds", given as f64, "one per look")?;
    for z in z_bounds {
        let possible = !z.is_nan() && (sides == Sides::One || *z >= 0.0);
        require_that(possible, "a bound", *z, "a number, at least 0 when two-sided")?;
    }
    let mut walk = Walk::new(sides, drift);
    let looks = information.iter().zip(z_bounds).enumerate();
    let crossings = looks.map(|(index, (fraction, z))| {
        let crossing = Crossing {
            upper: walk.crossing(*fraction, *z, 1.0),
            lower: if sides == Sides::Two { walk.crossing(*fraction, *z, -1.0) } else { 0.0 },
        };
        walk.advance(&Step { fraction: *fraction, next: information.get(index + 1).copied() }, *z);
        crossing
    });
    Ok(crossings.collect())
}

/// The classic designs, for looks at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classic {
    /// The same z at every look.
    Pocock,
    /// z falls as 1/√(look): the constant is z at the last.
    OBrienFleming,
}

/// Boundaries of a classic design at equally spaced looks: z at each, of which the last is the constant.
///
/// Not what [`boundaries`] gives for the spending functions of the same names, which only resemble these.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for no look or more than 1,000, or an `alpha` outside (0, 1) (one-sided,
/// above ½).
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::{Classic, classic_boundaries};
/// let z = classic_boundaries(Classic::Pocock, 5, 0.05, Sides::Two)?;
/// assert!((z[4] - 2.413_176_220).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Pocock (1977), Biometrika 64(2), 191–199, doi:10.1093/biomet/64.2.191; O'Brien & Fleming (1979), Biometrics
/// 35(3), 549–556, doi:10.2307/2530245; Jennison & Turnbull (2000), tables 2.1 and 2.3.
pub fn classic_boundaries(
    design: Classic,
    looks: usize,
    alpha: f64,
    sides: Sides,
) -> Result<Vec<f64>, NotEstimable> {
    require_that((1..=MAX_LOOKS).contains(&looks), "the number of looks", looks as f64, "from 1 to 1,000")?;
    let side_alpha = open_fraction("alpha", alpha)? / number_of(sides);
    require_that(side_alpha <= 0.5, "alpha on a side", side_alpha, "at most 0.5")?;
    let information: Vec<f64> = (1..=looks).map(|look| look as f64 / looks as f64).collect();
    let z = |constant: f64| -> Vec<f64> {
        let at = |fraction: &f64| match design {
            Classic::Pocock => constant,
            Classic::OBrienFleming => constant / fraction.sqrt(),
        };
        information.iter().map(at).collect()
    };
    let excess = |constant: f64| {
        let crossings = crossing_probabilities(&information, &z(constant), sides, 0.0)?;
        Ok(crossings.iter().map(|crossing| crossing.upper).sum::<f64>() - side_alpha)
    };
    // One look at α spends too much, Bonferroni's α too little.
    let least = finite("the boundary", normal::upper_quantile(side_alpha))?;
    let most = finite("the boundary", normal::upper_quantile(side_alpha / looks as f64))? + 1e-9;
    if looks == 1 {
        return Ok(z(least));
    }
    try_brent("classic boundary", excess, least - 1e-9, most).map(z)
}

fn number_of(sides: Sides) -> f64 {
    match sides {
        Sides::One => 1.0,
        Sides::Two => 2.0,
    }
}

fn check_looks(information: &[f64]) -> Result<(), NotEstimable> {
    let looks = information.len();
    require_that((1..=MAX_LOOKS).contains(&looks), "the number of looks", looks as f64, "from 1 to 1,000")?;
    let mut before = 0.0;
    for fraction in information {
        let rises = *fraction >= before + LEAST_STEP && *fraction <= 1.0;
        require_that(rises, "an information fraction", *fraction, "1e-5 above the one before, at most 1")?;
        before = *fraction;
    }
    Ok(())
}

struct Step {
    fraction: f64,
    next: Option<f64>,
}

/// Paths that have not crossed yet: the sub-density of the score z√t at nodes, with quadrature weights.
struct Walk {
    sides: Sides,
    drift: f64,
    fraction: f64,
    /// Score, ascending, and density times weight.
    nodes: Vec<(f64, f64)>,
}

impl Walk {
    fn new(sides: Sides, drift: f64) -> Self {
        Self { sides, drift, fraction: 0.0, nodes: vec![(0.0, 1.0)] }
    }

    /// Probability of coming to lie beyond `side` · z at a look, for paths that have not crossed before.
    fn crossing(&self, fraction: f64, z: f64, side: f64) -> f64 {
        let deviation = (fraction - self.fraction).sqrt();
        let shift = self.drift * (fraction - self.fraction);
        let bound = z * fraction.sqrt();
        let beyond = |score: f64| normal::sf((bound - side * (score + shift)) / deviation);
        self.nodes.iter().map(|(score, weight)| weight * beyond(*score)).sum()
    }

    /// The z that spends `alpha` above it at a look.
    fn bound(&self, fraction: f64, alpha: f64) -> Result<f64, NotEstimable> {
        if alpha <= 0.0 {
            return Ok(f64::INFINITY);
        }
        if self.fraction == 0.0 {
            return Ok(normal::upper_quantile(alpha));
        }
        let excess = |z: f64| self.crossing(fraction, z, 1.0) - alpha;
        // Nobody is left to cross, or only beyond what can be told from 0.
        let (least, most) = (if self.sides == Sides::Two { 0.0 } else { -REACH }, 4.0 * REACH);
        if excess(least) <= 0.0 {
            return Ok(least);
        }
        brent("group-sequential boundary", excess, least, most)
    }

    /// Goes on to the paths that stay within bounds at a look.
    fn advance(&mut self, step: &Step, z: f64) {
        let Some(next) = step.next else { return };
        let root = step.fraction.sqrt();
        let middle = self.drift * step.fraction;
        let mirrored = if self.sides == Sides::Two { -z * root } else { f64::NEG_INFINITY };
        let lower = mirrored.max(middle - REACH * root);
        let upper = (z * root).min(middle + REACH * root);
        let deviation = (step.fraction - self.fraction).sqrt();
        let shift = self.drift * (step.fraction - self.fraction);
        let panels = ((upper - lower) / (PANEL * deviation.min((next - step.fraction).sqrt()))).ceil();
        let scale = 1.0 / (deviation * SQRT_2PI);
        let density = |score: f64| {
            let from = score - shift;
            let first = self.nodes.partition_point(|(before, _)| *before < from - REACH * deviation);
            let near =
                self.nodes[first..].iter().take_while(|(before, _)| *before <= from + REACH * deviation);
            near.map(|(before, weight)| {
                let z = (from - before) / deviation;
                weight * libm::exp(-0.5 * z * z)
            })
            .sum::<f64>()
        };
        let placed = if upper > lower { nodes(lower, upper, panels.max(1.0) as u32) } else { Vec::new() };
        self.nodes = placed.into_iter().map(|(at, weight)| (at, weight * scale * density(at))).collect();
        self.fraction = step.fraction;
    }
}
