//! The Mann–Whitney (Wilcoxon rank sum) test.

use crate::stats::comparison::Reference;
use crate::stats::not_estimable::require_that;
use crate::stats::rank::RankedArms;
use crate::stats::{Alternative, NotEstimable};

/// Pairs up to which the exact distribution is counted: the cost is their square.
const MOST_PAIRS: u128 = 10_000;

/// How often a customer of the variant has the larger value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Superiority {
    /// Mann and Whitney's U of the variant: pairs in which it has the larger value, ties counted one half.
    pub u: f64,
    /// U over all pairs: P(variant larger) + ½ P(equal).
    pub probability: f64,
}

/// Whether half a pair is taken off the distance, because U has whole (or half) steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// As it is.
    Uncorrected,
    /// Half a pair nearer to "no difference"; the default of R and SciPy.
    Corrected,
}

/// A rank sum test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// U of the variant and the share of pairs that it stands for.
    pub superiority: Superiority,
    /// (U − n₀n₁/2) over its standard deviation with ties, without the correction.
    pub z: f64,
    /// Probability of a U at least as extreme if the arms have the same distribution.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
}

/// U of the variant and the probability of superiority, for any two arms.
///
/// # Examples
/// ```
/// use experiment_core::stats::rank::{RankedArms, superiority};
/// let arms = RankedArms::from_values(&[1.0, 2.0], &[2.0, 3.0])?;
/// assert_eq!(superiority(&arms).probability, 3.5 / 4.0);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn superiority(arms: &RankedArms) -> Superiority {
    Superiority { u: arms.twice_u() as f64 / 2.0, probability: arms.probability_of_superiority().0 }
}

/// Tests whether two arms have the same distribution, by ranks and the normal distribution.
///
/// `Greater` means that the variant tends to larger values. Assumes the same spread if it is to be read as a
/// shift; where spreads may differ use [`brunner_munzel_test`](crate::stats::rank::brunner_munzel_test).
///
/// # Errors
/// [`NotEstimable::NoRankVariation`] when all customers have the same value.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::rank::{Continuity, RankedArms, mann_whitney_test};
/// let arms = RankedArms::from_values(&[0.468, -0.103], &[0.344, 0.972])?;
/// let test = mann_whitney_test(&arms, Continuity::Uncorrected, Alternative::TwoSided)?;
/// assert!((test.z - 0.6f64.sqrt()).abs() < 1e-15);
/// assert!((test.p_value - 0.438_578_026_081).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Mann & Whitney (1947), Annals of Mathematical Statistics 18(1), 50–60, doi:10.1214/aoms/1177730491;
/// Lehmann (1975), Nonparametrics, section 1.4 (ties).
pub fn mann_whitney_test(
    arms: &RankedArms,
    continuity: Continuity,
    alternative: Alternative,
) -> Result<MannWhitney, NotEstimable> {
    let superiority = superiority(arms);
    let n = u128::from(arms.control) + u128::from(arms.variant);
    let cube_less_itself = |t: u128| t * t * t - t;
    let ties: u128 = arms
        .levels
        .iter()
        .map(|level| cube_less_itself((u128::from(level.control) + u128::from(level.variant)).max(1)))
        .sum();
    // n₀n₁/12 · ((N + 1) − Σ(t³ − t)/(N(N − 1))), with the difference taken among whole numbers.
    let untied = cube_less_itself(n) - ties;
    if untied == 0 {
        return Err(NotEstimable::NoRankVariation { probability_of_superiority: superiority.probability });
    }
    let pairs = arms.pairs();
    let std_deviation = (pairs as f64 / 12.0 * (untied as f64 / (n * (n - 1)) as f64)).sqrt();
    let twice_u = arms.twice_u();
    let size = twice_u.abs_diff(pairs) as f64 / 2.0;
    let distance = if twice_u < pairs { -size } else { size };
    let step = match continuity {
        Continuity::Uncorrected => 0.0,
        Continuity::Corrected => 0.5,
    };
    // The step goes towards the hypothesis.
    let (point, sides) = match alternative {
        Alternative::TwoSided => (size - step, 2.0),
        Alternative::Greater => (distance - step, 1.0),
        Alternative::Less => (-distance - step, 1.0),
    };
    let (tail, log10_tail) = Reference::Normal.p_value(point / std_deviation, Alternative::Greater);
    Ok(MannWhitney {
        superiority,
        z: distance / std_deviation,
        p_value: (sides * tail).min(1.0),
        log10_p_value: (libm::log10(sides) + log10_tail).min(0.0),
    })
}

/// The p-value of [`mann_whitney_test`] by counting all arrangements, for small arms without ties.
///
/// Two-sided is twice the smaller tail, at most 1.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] with ties or more than 10,000 pairs (100 customers in each arm).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::rank::{RankedArms, mann_whitney_exact_test};
/// let arms = RankedArms::from_values(&[0.468, -0.103], &[0.344, 0.972])?;
/// let p_value = mann_whitney_exact_test(&arms, Alternative::TwoSided)?;
/// assert!((p_value - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Mann & Whitney (1947), as above (the recursion).
pub fn mann_whitney_exact_test(arms: &RankedArms, alternative: Alternative) -> Result<f64, NotEstimable> {
    let largest_tie = arms.levels.iter().map(|level| level.control.saturating_add(level.variant)).max();
    let largest_tie = largest_tie.unwrap_or(0);
    let allowed = "1: the exact distribution is that without ties";
    require_that(
        largest_tie <= 1,
        "the largest number of customers with one value",
        largest_tie as f64,
        allowed,
    )?;
    let pairs = arms.pairs();
    require_that(pairs <= MOST_PAIRS, "the number of pairs", pairs as f64, "at most 10,000")?;
    let u = (arms.twice_u() / 2) as usize;
    let at_most = |u: usize| lower_tail(arms.control as usize, arms.variant as usize, u);
    // U is symmetric about half the pairs.
    let (greater, less) = (at_most(pairs as usize - u), at_most(u));
    Ok(match alternative {
        Alternative::TwoSided => (2.0 * greater.min(less)).min(1.0),
        Alternative::Greater => greater,
        Alternative::Less => less,
    })
}

/// P(U ≤ `u`) for arms of `n0` and `n1`.
///
/// The largest of all customers is of the variant with probability j/(i + j), and then wins all i pairs. Only
/// positive numbers are added, so small tails keep their digits.
fn lower_tail(n0: usize, n1: usize, u: usize) -> f64 {
    // By number of control's customers: the probabilities of U = 0, 1, …, u, for the variant's so far.
    let certain = || {
        let mut probabilities = vec![0.0; u + 1];
        probabilities[0] = 1.0;
        probabilities
    };
    let mut by_control: Vec<Vec<f64>> = (0..=n0).map(|_| certain()).collect();
    for j in 1..=n1 {
        for i in 1..=n0 {
            let variant_share = j as f64 / (i + j) as f64;
            let (fewer, rest) = by_control.split_at_mut(i);
            let (fewer, here) = (&fewer[i - 1], &mut rest[0]);
            // Descending, for `here` still holds the values of j − 1 below.
            for value in (0..=u).rev() {
                let won = if value >= i { here[value - i] } else { 0.0 };
                here[value] = variant_share * won + (1.0 - variant_share) * fewer[value];
            }
        }
    }
    by_control[n0].iter().sum::<f64>().min(1.0)
}
