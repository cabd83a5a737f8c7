//! Several variants against one control: what a correction makes of them.

use super::answer::{check_sizes, deciding, two_sided};
use super::method::Method;
use super::plan::Case;
use super::sample::Look;
use crate::report::{count, mean_of};
use crate::stats::dunnett::dunnett_test;
use crate::stats::multiplicity::{benjamini_hochberg, benjamini_yekutieli, bonferroni, holm};
use crate::stats::sequential::confidence_sequence::{LookEstimate, asymptotic};
use crate::stats::{Comparison, NotEstimable};

/// What a method says of all variants at the end.
pub(super) struct FamilyAnswer {
    /// A rejection for each variant.
    pub(super) rejects: Vec<bool>,
    /// Whether all intervals hold what is true at once, where the method has such intervals.
    pub(super) covers: Option<bool>,
}

impl FamilyAnswer {
    /// (false rejections, true ones, effects that there are).
    pub(super) fn counts(&self, case: &Case<'_>) -> (usize, usize, usize) {
        let real: Vec<bool> = case.truths[1..].iter().map(|truth| truth.effect != 0.0).collect();
        let rejected = |wanted: bool| {
            self.rejects.iter().zip(&real).filter(|(rejects, real)| **rejects && **real == wanted).count()
        };
        (rejected(false), rejected(true), real.iter().filter(|real| **real).count())
    }
}

/// Reads all looks (the last one only, for methods that look once).
///
/// # Errors
/// What the method finds wanting at every look.
pub(super) fn family(
    method: Method,
    looks: &[Look<'_>],
    case: &Case<'_>,
) -> Result<FamilyAnswer, NotEstimable> {
    let alpha = method.alpha();
    let none = NotEstimable::TooFewCustomers { n: 0, needed: 1 };
    let last = looks.last().ok_or(none)?;
    match method {
        Method::Dunnett => dunnett(last, case, alpha),
        Method::AlwaysValidHolm => Ok(by_p_values(&holm(&lowest(looks, case, alpha)?)?, alpha, None)),
        Method::GroupSequentialBonferroni => crossed(looks, case, alpha),
        _ => {
            let miss = if method == Method::Bonferroni { alpha / variants(last) } else { alpha };
            let tests = tests(last, case, miss)?;
            let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
            let adjusted = match method {
                Method::Bonferroni => bonferroni(&p_values)?,
                Method::Holm => holm(&p_values)?,
                Method::BenjaminiHochberg => benjamini_hochberg(&p_values)?,
                Method::BenjaminiYekutieli => benjamini_yekutieli(&p_values)?,
                _ => p_values,
            };
            let together = method == Method::Bonferroni;
            Ok(by_p_values(&adjusted, alpha, together.then(|| all_cover(&tests, case))))
        }
    }
}

fn variants(look: &Look<'_>) -> f64 {
    (look.arms.len() - 1) as f64
}

fn by_p_values(adjusted: &[f64], alpha: f64, covers: Option<bool>) -> FamilyAnswer {
    FamilyAnswer { rejects: adjusted.iter().map(|p_value| *p_value <= alpha).collect(), covers }
}

/// The deciding test of each variant.
fn tests(look: &Look<'_>, case: &Case<'_>, alpha: f64) -> Result<Vec<Comparison>, NotEstimable> {
    let control = &look.arms[0].main;
    let options = two_sided(alpha);
    look.arms[1..].iter().map(|arm| deciding(case.metric, control, &arm.main, &options)).collect()
}

fn all_cover(tests: &[Comparison], case: &Case<'_>) -> bool {
    let pairs = tests.iter().zip(&case.truths[1..]);
    pairs
        .map(|(test, truth)| (test.interval, truth.effect))
        .all(|(interval, effect)| interval.lower <= effect && effect <= interval.upper)
}

fn dunnett(look: &Look<'_>, case: &Case<'_>, alpha: f64) -> Result<FamilyAnswer, NotEstimable> {
    let summaries =
        look.arms.iter().map(|arm| mean_of(case.metric, &arm.main)).collect::<Result<Vec<_>, _>>()?;
    let test = dunnett_test(&summaries[0], &summaries[1..], &two_sided(alpha))?;
    let p_values: Vec<f64> = test.comparisons.iter().map(|comparison| comparison.p_value).collect();
    Ok(by_p_values(&p_values, alpha, Some(all_cover(&test.comparisons, case))))
}

/// The least always-valid p-value of each variant over the looks.
fn lowest(looks: &[Look<'_>], case: &Case<'_>, alpha: f64) -> Result<Vec<f64>, NotEstimable> {
    let options = two_sided(alpha);
    let at = |look: &Look<'_>, variant: usize| {
        let (control, arm) = (&look.arms[0].main, &look.arms[variant].main);
        check_sizes(case.metric, [control, arm])?;
        let test = deciding(case.metric, control, arm, &options)?;
        let n = count(control) + count(arm);
        let estimate = LookEstimate { n, effect: test.effect, std_error: test.std_error };
        Ok::<_, NotEstimable>(asymptotic(&estimate, case.plan.tuning, &options)?.always_valid_p_value)
    };
    let arms = looks.first().map_or(0, |look| look.arms.len());
    let of_variant = |variant: usize| {
        // Days on which there is too little to tell are no evidence.
        looks.iter().map(|look| at(look, variant).unwrap_or(1.0)).fold(1.0, f64::min)
    };
    Ok((1..arms).map(of_variant).collect())
}

/// Which variants crossed their boundary at some look; intervals repeated at every look.
fn crossed(looks: &[Look<'_>], case: &Case<'_>, alpha: f64) -> Result<FamilyAnswer, NotEstimable> {
    let arms = looks.first().map_or(0, |look| look.arms.len());
    let mut answer = FamilyAnswer { rejects: vec![false; arms - 1], covers: Some(true) };
    for look in looks {
        let z = case.plan.obrien_fleming_of_many[look.index];
        let tests = tests(look, case, alpha)?;
        for (rejects, test) in answer.rejects.iter_mut().zip(&tests) {
            *rejects |= test.statistic.abs() >= z;
        }
        let inside = |(test, effect): (&Comparison, f64)| (test.effect - effect).abs() <= z * test.std_error;
        let effects = case.truths[1..].iter().map(|truth| truth.effect);
        answer.covers = answer.covers.map(|covers| covers && tests.iter().zip(effects).all(inside));
    }
    Ok(answer)
}
