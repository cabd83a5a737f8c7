//! Kruskal and Wallis's test of several arms.

use crate::stats::NotEstimable;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::distribution::chi_square;
use crate::stats::not_estimable::{finite, require_that};

/// Tests whether several arms have the same distribution, by the ranks of all customers together.
///
/// The statistic is divided by 1 − Σ(t³ − t)/(N³ − N) for ties and held against χ² with one degree of freedom less
/// than there are arms. With two arms it is the square of [`mann_whitney_test`](crate::stats::rank::mann_whitney_test)'s
/// z without the correction.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two arms or `NaN`, [`NotEstimable::TooFewCustomers`] for an empty
/// arm, [`NotEstimable::NoRankVariation`] when all customers have the same value.
///
/// # Examples
/// ```
/// use experiment_core::stats::rank::kruskal_wallis_test;
/// let arms: [&[f64]; 3] = [&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 4.0, 6.0, 9.0], &[5.0, 7.0, 8.0]];
/// let test = kruskal_wallis_test(&arms)?;
/// assert!((test.statistic - 5.554_478_054_567_025).abs() < 1e-13);
/// assert!((test.p_value - 0.062_210_030_680_218_77).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Kruskal & Wallis (1952), JASA 47(260), 583–621, doi:10.1080/01621459.1952.10483441.
pub fn kruskal_wallis_test<Arm: AsRef<[f64]>>(arms: &[Arm]) -> Result<ChiSquareTest, NotEstimable> {
    require_that(arms.len() >= 2, "the number of arms", arms.len() as f64, "at least 2")?;
    let mut pool = Vec::with_capacity(arms.iter().map(|arm| arm.as_ref().len()).sum());
    for (index, arm) in arms.iter().enumerate() {
        if arm.as_ref().is_empty() {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
        }
        for value in arm.as_ref() {
            require_that(!value.is_nan(), "a value", *value, "a number")?;
            // Adding 0 turns −0 into 0.
            pool.push((value + 0.0, index));
        }
    }
    pool.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let n = pool.len() as u128;
    // Twice the rank less (N + 1), so that sums are whole and centred at 0.
    let mut sums = vec![0_i128; arms.len()];
    let (mut before, mut ties) = (0_i128, 0_u128);
    for together in pool.chunk_by(|a, b| a.0 == b.0) {
        let count = together.len() as i128;
        let centred = 2 * before + count - n as i128;
        for (_, arm) in together {
            sums[*arm] += centred;
        }
        before += count;
        ties += cube_less_itself(count as u128);
    }
    let untied = cube_less_itself(n) - ties;
    if untied == 0 {
        return Err(NotEstimable::NoRankVariation { probability_of_superiority: 0.5 });
    }
    // 12/(N(N + 1)) Σ n (R̄ − (N + 1)/2)² over the correction, written with N³ − N less the ties.
    let spread: f64 = sums
        .iter()
        .zip(arms)
        .map(|(sum, arm)| (*sum as f64) * (*sum as f64) / arm.as_ref().len() as f64)
        .sum();
    let statistic = finite("the statistic", 3.0 * spread * ((n as f64 - 1.0) / untied as f64))?;
    let degrees_of_freedom = arms.len() as f64 - 1.0;
    Ok(ChiSquareTest {
        statistic,
        degrees_of_freedom,
        p_value: chi_square::sf(statistic, degrees_of_freedom),
        log10_p_value: chi_square::log10_sf(statistic, degrees_of_freedom),
    })
}

fn cube_less_itself(t: u128) -> u128 {
    t * t * t - t
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Alternative;
    use crate::stats::rank::{Continuity, RankedArms, mann_whitney_test};

    #[test]
    fn two_arms_are_mann_and_whitneys() {
        let (control, variant) = ([1.0, 2.0, 2.0, 5.0, -0.0], [2.0, 7.0, 7.0, 0.0]);
        let got = kruskal_wallis_test(&[control.as_slice(), &variant]).unwrap();
        let arms = RankedArms::from_values(&control, &variant).unwrap();
        let want = mann_whitney_test(&arms, Continuity::Uncorrected, Alternative::TwoSided).unwrap();
        assert!((got.statistic - want.z * want.z).abs() < 1e-13);
        assert!((got.p_value - want.p_value).abs() < 1e-13);
    }

    #[test]
    fn equal_values_say_nothing() {
        assert_eq!(kruskal_wallis_test(&[[3.0, 3.0], [3.0, 3.0]]).unwrap_err().code(), "no_rank_variation");
        let arms: [&[f64]; 2] = [&[1.0], &[]];
        assert_eq!(kruskal_wallis_test(&arms).unwrap_err().code(), "too_few_customers");
    }
}
