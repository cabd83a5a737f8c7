//! Whether several estimates are of one and the same effect: Cochran's Q.
//!
//! That an effect is significant in one segment and not in another says nothing about a difference between them;
//! this test asks for the difference itself. It holds for independent estimates with normal errors, such as those
//! of customers who fall into one segment each.
//!
//! # References
//! Cochran (1954), Biometrics 10(1), 101–129, doi:10.2307/3001666, for Q; Higgins & Thompson (2002), Statistics in
//! Medicine 21(11), 1539–1558, doi:10.1002/sim.1186, for I².

use crate::stats::NotEstimable;
use crate::stats::distribution::chi_square;
use crate::stats::not_estimable::{finite, finite_input, positive_input, require_that};

/// An effect as one group estimates it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupEffect {
    /// Variant minus control.
    pub effect: f64,
    /// Its standard error, above 0.
    pub std_error: f64,
}

/// How far the effects of several groups lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heterogeneity {
    /// The effect that fits all groups best, weighted by precision.
    pub common_effect: f64,
    /// Cochran's Q, at least 0.
    pub statistic: f64,
    /// Groups − 1.
    pub degrees_of_freedom: f64,
    /// Probability of effects at least so far apart if there is only one.
    pub p_value: f64,
    /// I²: the share of the spread between the estimates that chance does not explain, from 0 to 1.
    pub i_squared: f64,
}

/// Tests whether the effect is the same in all groups: Q = Σ((d − d̄)/se)², with d̄ the mean weighted by 1/se², is χ² with
/// one degree of freedom less than there are groups; I² = max(0, (Q − df)/Q).
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two groups, an effect that is not finite or a standard error not
/// above 0; [`NotEstimable::Overflow`] for effects too far apart for a float.
///
/// # Examples
/// ```
/// use experiment_core::stats::heterogeneity::{GroupEffect, cochran_q};
/// let groups = [0.0, 0.01, 0.05].map(|effect| GroupEffect { effect, std_error: 0.01 });
/// let test = cochran_q(&groups)?;
/// // By hand: the mean is 0.02, Q = 2² + 1² + 3² = 14 on 2 degrees of freedom, p = exp(−7), I² = 12/14.
/// assert!((test.common_effect - 0.02).abs() < 1e-15);
/// assert!((test.statistic - 14.0).abs() < 1e-12);
/// assert!((test.p_value / 9.118_819_655_545_162e-4 - 1.0).abs() < 1e-12);
/// assert!((test.i_squared - 6.0 / 7.0).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn cochran_q(groups: &[GroupEffect]) -> Result<Heterogeneity, NotEstimable> {
    require_that(groups.len() >= 2, "the number of groups", groups.len() as f64, "at least 2")?;
    for group in groups {
        finite_input("an effect", group.effect)?;
        positive_input("a standard error", group.std_error)?;
    }
    // Weights over the largest, so that none overflows.
    let least = groups.iter().map(|group| group.std_error).fold(f64::INFINITY, f64::min);
    let weight = |group: &GroupEffect| (least / group.std_error) * (least / group.std_error);
    let total: f64 = groups.iter().map(weight).sum();
    let common_effect = groups.iter().map(|group| weight(group) / total * group.effect).sum();
    let common_effect = finite("the common effect", common_effect)?;
    let distance = |group: &GroupEffect| (group.effect - common_effect) / group.std_error;
    let statistic = groups.iter().map(|group| distance(group) * distance(group)).sum();
    let statistic: f64 = finite("the statistic", statistic)?;
    let degrees_of_freedom = groups.len() as f64 - 1.0;
    let excess = statistic - degrees_of_freedom;
    Ok(Heterogeneity {
        common_effect,
        statistic,
        degrees_of_freedom,
        p_value: chi_square::sf(statistic, degrees_of_freedom),
        i_squared: if excess > 0.0 { excess / statistic } else { 0.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn group(effect: f64, std_error: f64) -> GroupEffect {
        GroupEffect { effect, std_error }
    }

    #[test]
    fn two_groups_are_a_z_test_of_their_difference() {
        // (4 − 1)²/(1² + ½²) = 7.2; the mean leans four to one towards the surer one.
        let test = cochran_q(&[group(1.0, 1.0), group(4.0, 0.5)]).unwrap();
        assert!((test.statistic - 7.2).abs() < 1e-14);
        assert!((test.common_effect - 3.4).abs() < 1e-15);
        assert!((test.i_squared - 6.2 / 7.2).abs() < 1e-15);
    }

    #[test]
    fn equal_effects_differ_by_nothing() {
        let test = cochran_q(&[group(0.25, 1e-200), group(0.25, 0.5), group(0.25, 1e200)]).unwrap();
        assert_eq!((test.statistic, test.p_value, test.i_squared), (0.0, 1.0, 0.0));
    }

    #[test]
    fn impossible_groups_are_refused() {
        for groups in [vec![], vec![group(1.0, 1.0)], vec![group(1.0, 0.0); 2], vec![group(f64::NAN, 1.0); 2]]
        {
            assert_eq!(cochran_q(&groups).unwrap_err().code(), "impossible_input");
        }
        let apart = [group(-f64::MAX, 1e-300), group(f64::MAX, 1e-300)];
        assert_eq!(cochran_q(&apart).unwrap_err().code(), "overflow");
    }

    proptest! {
        #[test]
        fn any_groups_give_numbers_or_a_reason(
            groups in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..8),
        ) {
            let groups: Vec<_> = groups.into_iter().map(|(effect, error)| group(effect, error)).collect();
            if let Ok(test) = cochran_q(&groups) {
                prop_assert!(test.common_effect.is_finite() && test.statistic >= 0.0);
                prop_assert!((0.0..=1.0).contains(&test.p_value) && (0.0..=1.0).contains(&test.i_squared));
            }
        }
    }
}
