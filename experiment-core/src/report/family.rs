//! Families of comparisons: adjusted p-values, and the confidence level that goes with each.

use crate::definition::Correction;
use crate::stats::multiplicity::{
    benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm, holm_sidak, hommel, sidak,
};

/// One comparison's place in its family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Adjusted {
    /// Its adjusted p-value, where the method has one.
    pub(crate) p_value: Option<f64>,
    /// Whether it is at most α, or what the look allows.
    pub(crate) significant: bool,
    /// The level of its decision interval.
    pub(crate) confidence_level: f64,
}

/// Adjusts a family. A comparison without a p-value stays in it as a 1, so that the family's size does
/// not depend on the data.
///
/// Intervals: at 1 − α/m under Bonferroni, Holm, Hochberg and Hommel (the stepwise methods' own intervals are not
/// wider, but none are simple), at (1 − α)^(1/m) under Šidák and Holm–Šidák, at 1 − Rα/m under Benjamini–Hochberg
/// with R rejections and at 1 − Rα/(m Σ1/i) under Benjamini–Yekutieli (Benjamini and Yekutieli 2005, JASA
/// 100(469), 71–81, false coverage rate).
pub(crate) fn adjust(p_values: &[Option<f64>], correction: Correction, alpha: f64) -> Vec<Adjusted> {
    let raw: Vec<f64> = p_values.iter().map(|p| p.unwrap_or(1.0)).collect();
    let adjusted = match correction {
        Correction::None => Ok(raw.clone()),
        Correction::Bonferroni => bonferroni(&raw),
        Correction::Sidak => sidak(&raw),
        Correction::Holm => holm(&raw),
        Correction::HolmSidak => holm_sidak(&raw),
        Correction::Hochberg => hochberg(&raw),
        Correction::Hommel => hommel(&raw),
        Correction::BenjaminiHochberg => benjamini_hochberg(&raw),
        Correction::BenjaminiYekutieli => benjamini_yekutieli(&raw),
    };
    // p-values of tests lie in [0, 1]; should one ever not, nothing is significant.
    let adjusted = adjusted.unwrap_or_else(|_| vec![1.0; raw.len()]);
    let rejected = adjusted.iter().filter(|p| **p <= alpha).count();
    let miss = miss(correction, alpha, raw.len().max(1), rejected.max(1));
    let place = |p_value: f64| Adjusted {
        p_value: Some(p_value),
        significant: p_value <= alpha,
        confidence_level: 1.0 - miss,
    };
    adjusted.into_iter().map(place).collect()
}

/// How often a decision interval may miss, in a family of `size` of which `rejected` are rejected.
fn miss(correction: Correction, alpha: f64, size: usize, rejected: usize) -> f64 {
    let count = size as f64;
    match correction {
        Correction::None => alpha,
        Correction::Bonferroni | Correction::Holm | Correction::Hochberg | Correction::Hommel => {
            alpha / count
        }
        // 1 − (1 − α)^(1/m), without cancellation.
        Correction::Sidak | Correction::HolmSidak => -libm::expm1(libm::log1p(-alpha) / count),
        Correction::BenjaminiHochberg => alpha * rejected as f64 / count,
        Correction::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=size).map(|rank| 1.0 / rank as f64).sum();
            alpha * rejected as f64 / (count * harmonic)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_p_value_keeps_its_place() {
        let adjusted = adjust(&[Some(0.02), None], Correction::Holm, 0.05);
        assert_eq!(adjusted[0].p_value, Some(0.04));
        assert!(adjusted[0].significant && !adjusted[1].significant);
        assert_eq!(adjusted[0].confidence_level, 0.975);
    }

    #[test]
    fn each_correction_has_its_p_values_and_its_level() {
        // By hand: m = 2, p = 0.01 and 0.04; R = 2 under Benjamini–Hochberg, 1 under Benjamini–Yekutieli, whose
        // Σ1/i is 1.5: adjusted 0.03 and 0.06.
        let cases = [
            (Correction::None, 0.01, 0.04, 0.95),
            (Correction::Bonferroni, 0.02, 0.08, 0.975),
            (Correction::Sidak, 0.0199, 0.0784, 0.974_679_434_480_896_4),
            (Correction::Holm, 0.02, 0.04, 0.975),
            (Correction::HolmSidak, 0.0199, 0.04, 0.974_679_434_480_896_4),
            (Correction::Hochberg, 0.02, 0.04, 0.975),
            (Correction::Hommel, 0.02, 0.04, 0.975),
            (Correction::BenjaminiHochberg, 0.02, 0.04, 0.95),
            (Correction::BenjaminiYekutieli, 0.03, 0.06, 1.0 - 0.05 / 3.0),
        ];
        for (correction, first, second, level) in cases {
            let adjusted = adjust(&[Some(0.01), Some(0.04)], correction, 0.05);
            let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-12, "{correction:?}: {got}");
            close(adjusted[0].p_value.unwrap(), first);
            close(adjusted[1].p_value.unwrap(), second);
            close(adjusted[0].confidence_level, level);
        }
    }
}
