//! Many comparisons at once: p-values adjusted so that they can be held against the plain level.
//!
//! Family-wise error (no false positive at all): [`bonferroni`], [`sidak`], [`holm`], [`holm_sidak`],
//! [`hochberg`], [`hommel`]. False discovery rate (the share of false ones among the positives):
//! [`benjamini_hochberg`], [`benjamini_yekutieli`]. [`holm`] is the default: it needs no assumption on how
//! the tests hang together and rejects whatever Bonferroni rejects.
//!
//! All take p-values in any order and return adjusted ones in the same order.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::require_that;

/// Bonferroni: each p times their number. Family-wise, any dependence.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a p-value outside \[0, 1\].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::bonferroni;
/// assert_eq!(bonferroni(&[0.01, 0.04, 0.03, 0.005])?, [0.04, 0.16, 0.12, 0.02]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Dunn (1961), JASA 56(293), 52–64, doi:10.1080/01621459.1961.10482090.
pub fn bonferroni(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    check(p_values)?;
    let count = p_values.len() as f64;
    Ok(p_values.iter().map(|p| (p * count).min(1.0)).collect())
}

/// Šidák: 1 − (1 − p)^m. Family-wise for independent tests.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::sidak;
/// assert!((sidak(&[0.01, 0.04])?[0] - 0.0199).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Šidák (1967), JASA 62(318), 626–633, doi:10.1080/01621459.1967.10482935.
pub fn sidak(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    check(p_values)?;
    Ok(p_values.iter().map(|p| any_of(*p, p_values.len())).collect())
}

/// Holm: Bonferroni step by step from the smallest p. Family-wise, any dependence; the default.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::holm;
/// assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005])?, [0.03, 0.06, 0.06, 0.02]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Holm (1979), Scandinavian Journal of Statistics 6(2), 65–70.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    step_down(p_values, |p, left| p * left as f64)
}

/// Holm with Šidák's instead of Bonferroni's bound. Family-wise for independent tests.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::holm_sidak;
/// assert!((holm_sidak(&[0.01, 0.04])?[0] - 0.0199).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Holland & Copenhaver (1987), Biometrics 43(2), 417–423, doi:10.2307/2531823.
pub fn holm_sidak(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    step_down(p_values, any_of)
}

/// Hochberg: Holm's bounds from the largest p down. Family-wise for independent or positively dependent tests.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::hochberg;
/// assert_eq!(hochberg(&[0.01, 0.04, 0.03, 0.005])?, [0.03, 0.04, 0.04, 0.02]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Hochberg (1988), Biometrika 75(4), 800–802, doi:10.1093/biomet/75.4.800.
pub fn hochberg(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    step_up(p_values, |p, rank| p * (p_values.len() + 1 - rank) as f64)
}

/// Hommel: every intersection tested by Simes. Family-wise under Hochberg's conditions, and never weaker.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::hommel;
/// assert_eq!(hommel(&[0.01, 0.04, 0.03, 0.005])?, [0.03, 0.04, 0.04, 0.02]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Hommel (1988), Biometrika 75(2), 383–386, doi:10.1093/biomet/75.2.383; Wright (1992), Biometrics 48(4),
/// 1005–1013, doi:10.2307/2532694 (the algorithm).
pub fn hommel(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    check(p_values)?;
    let count = p_values.len();
    let order = ascending(p_values);
    let sorted: Vec<f64> = order.iter().map(|index| p_values[*index]).collect();
    let mut adjusted = sorted.clone();
    for size in (2..=count).rev() {
        // Simes' bound over the `size - 1` largest, then for the rest against it.
        let rest = count - size + 1;
        let simes = |ranked: &[f64], first_rank: usize| {
            let ranks = ranked.iter().zip(first_rank..);
            ranks.map(|(p, rank)| size as f64 * p / rank as f64).fold(f64::INFINITY, f64::min)
        };
        let bound = simes(&sorted[rest..], 2);
        for (index, (value, p)) in adjusted.iter_mut().zip(&sorted).enumerate() {
            let candidate = if index < rest {
                bound.min(size as f64 * p)
            } else {
                bound.min(size as f64 * sorted[rest - 1])
            };
            *value = value.max(candidate);
        }
    }
    Ok(in_input_order(&order, &adjusted))
}

/// Benjamini and Hochberg. False discovery rate for independent or positively dependent tests.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005])?, [0.02, 0.04, 0.04, 0.02]);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289–300,
/// doi:10.1111/j.2517-6161.1995.tb02031.x.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    step_up(p_values, |p, rank| p * p_values.len() as f64 / rank as f64)
}

/// Benjamini and Yekutieli. False discovery rate under any dependence, at the price of a factor Σ 1/i.
///
/// # Errors
/// As [`bonferroni`].
///
/// # Examples
/// ```
/// use experiment_core::stats::multiplicity::benjamini_yekutieli;
/// assert!((benjamini_yekutieli(&[0.01, 0.04, 0.03, 0.005])?[0] - 0.041_666_666_666_666_664).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Benjamini & Yekutieli (2001), Annals of Statistics 29(4), 1165–1188, doi:10.1214/aos/1013699998.
pub fn benjamini_yekutieli(p_values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    let harmonic: f64 = (1..=p_values.len()).map(|i| 1.0 / i as f64).sum();
    step_up(p_values, |p, rank| p * harmonic * p_values.len() as f64 / rank as f64)
}

/// 1 − (1 − p)^`count`, exact for the smallest p.
fn any_of(p: f64, count: usize) -> f64 {
    if p == 1.0 { 1.0 } else { -libm::expm1(count as f64 * libm::log1p(-p)) }
}

fn check(p_values: &[f64]) -> Result<(), NotEstimable> {
    for p in p_values {
        require_that((0.0..=1.0).contains(p), "a p-value", *p, "between 0 and 1")?;
    }
    Ok(())
}

/// From the smallest p on, with how many are left, never falling.
fn step_down(p_values: &[f64], bound: impl Fn(f64, usize) -> f64) -> Result<Vec<f64>, NotEstimable> {
    check(p_values)?;
    let order = ascending(p_values);
    let mut highest = 0.0_f64;
    let steps = order.iter().enumerate().map(|(index, at)| {
        highest = highest.max(bound(p_values[*at], p_values.len() - index));
        highest.min(1.0)
    });
    let adjusted: Vec<f64> = steps.collect();
    Ok(in_input_order(&order, &adjusted))
}

/// From the largest p down, with its rank counted from 1 at the smallest, never rising.
fn step_up(p_values: &[f64], bound: impl Fn(f64, usize) -> f64) -> Result<Vec<f64>, NotEstimable> {
    check(p_values)?;
    let order = ascending(p_values);
    let mut lowest = 1.0_f64;
    let mut adjusted = vec![0.0; order.len()];
    for (index, at) in order.iter().enumerate().rev() {
        lowest = lowest.min(bound(p_values[*at], index + 1));
        adjusted[index] = lowest;
    }
    Ok(in_input_order(&order, &adjusted))
}

fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    order
}

fn in_input_order(order: &[usize], sorted: &[f64]) -> Vec<f64> {
    let mut values = vec![0.0; sorted.len()];
    for (at, value) in order.iter().zip(sorted) {
        values[*at] = *value;
    }
    values
}
