//! The two-sample Kolmogorov–Smirnov test.

use crate::stats::NotEstimable;
use crate::stats::distribution::kolmogorov;
use crate::stats::not_estimable::require_that;
use crate::stats::rank::RankedArms;

/// Pairs up to which all arrangements are counted.
const MOST_PAIRS: u128 = 100_000_000;
/// Size up to which the one-sample distribution is computed.
const MOST_ONE_SAMPLE: f64 = 10_000_000.0;

/// The distribution that the distance is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KsReference {
    /// All arrangements of the two arms, for up to 10⁸ pairs; conservative with ties.
    Exact,
    /// The limit: √(n₀n₁/(n₀ + n₁)) D is Kolmogorov's.
    Limit,
    /// The distribution of one sample of n₀n₁/(n₀ + n₁), rounded, for up to 10⁷: SciPy's "asymp".
    OneSample,
}

/// A distance between two distributions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KsTest {
    /// The largest distance between the arms' distribution functions, in \[0, 1\].
    pub statistic: f64,
    /// Probability of a distance at least as large if the arms have the same distribution.
    pub p_value: f64,
}

/// Tests whether two arms have the same distribution, by the largest distance between them.
///
/// Sees any difference, in place, spread or form, and each less well than a test made for it; says whether,
/// not by how much. Two-sided.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for more customers than the reference distribution serves.
///
/// # Examples
/// ```
/// use experiment_core::stats::rank::{KsReference, RankedArms, kolmogorov_smirnov_test};
/// let arms = RankedArms::from_values(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0])?;
/// let test = kolmogorov_smirnov_test(&arms, KsReference::Exact)?;
/// assert_eq!(test.statistic, 1.0);
/// assert!((test.p_value - 0.1).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Smirnov (1939); Hodges (1958), The significance probability of the Smirnov two-sample test, Arkiv för
/// Matematik 3(5), 469–486, doi:10.1007/BF02589501.
pub fn kolmogorov_smirnov_test(arms: &RankedArms, reference: KsReference) -> Result<KsTest, NotEstimable> {
    let distance = largest_distance(arms);
    let pairs = arms.pairs();
    let statistic = distance as f64 / pairs as f64;
    let size = arms.control as f64 * (arms.variant as f64 / (arms.control as f64 + arms.variant as f64));
    let p_value = match reference {
        KsReference::Limit => kolmogorov::sf(size.sqrt() * statistic),
        KsReference::OneSample => {
            // Rounds halves to even, as SciPy does.
            let size = libm::rint(size);
            require_that(size <= MOST_ONE_SAMPLE, "the effective size", size, "at most 10^7")?;
            kolmogorov::one_sample_sf(size as u32, statistic)
        }
        KsReference::Exact => {
            require_that(pairs <= MOST_PAIRS, "the number of pairs", pairs as f64, "at most 10^8")?;
            share_of_paths_at(distance as u64, arms.control, arms.variant)
        }
    };
    Ok(KsTest { statistic, p_value })
}

/// The largest |i n₁ − j n₀| after i customers of the control and j of the variant.
fn largest_distance(arms: &RankedArms) -> u128 {
    let (mut i, mut j) = (0_u128, 0_u128);
    let distances = arms.levels.iter().map(|level| {
        i += u128::from(level.control);
        j += u128::from(level.variant);
        (i * u128::from(arms.variant)).abs_diff(j * u128::from(arms.control))
    });
    distances.max().unwrap_or(0)
}

/// The share of the arrangements of n₀ and n₁ customers that somewhere come to the distance.
///
/// Only positive numbers are added, so tiny shares keep their digits.
fn share_of_paths_at(distance: u64, n0: u64, n1: u64) -> f64 {
    if distance == 0 {
        return 1.0;
    }
    // By the variant's customers so far, for the control's so far.
    let mut shares: Vec<f64> = Vec::new();
    for i in 0..=n0 {
        for j in 0..=n1 {
            let at = j as usize;
            let share = if (i * n1).abs_diff(j * n0) >= distance {
                1.0
            } else if i + j == 0 {
                0.0
            } else {
                // The last one is of the control with probability i/(i + j).
                let last_is_control = i as f64 / (i + j) as f64;
                let from_control = if i > 0 { last_is_control * shares[at] } else { 0.0 };
                let from_variant = if j > 0 { (1.0 - last_is_control) * shares[at - 1] } else { 0.0 };
                from_control + from_variant
            };
            if i == 0 { shares.push(share) } else { shares[at] = share }
        }
    }
    shares.last().copied().unwrap_or(1.0).min(1.0)
}
