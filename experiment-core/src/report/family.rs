//! Families of comparisons: adjusted p-values, and the confidence level that goes with each.

use crate::definition::Correction;
use crate::stats::multiplicity::{benjamini_hochberg, bonferroni, holm};

/// One comparison's place in its family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Adjusted {
    /// Its adjusted p-value.
    pub(crate) p_value: f64,
    /// Whether it is at most α.
    pub(crate) significant: bool,
    /// The level of its decision interval.
    pub(crate) confidence_level: f64,
}

/// Adjusts a family. A comparison without a p-value stays in it as a 1, so that the family's size does
/// not depend on the data.
///
/// Intervals: Bonferroni and Holm at 1 − α/m (Holm's own intervals are not wider, but none are simple);
/// Benjamini–Hochberg at 1 − Rα/m with R rejections (Benjamini and Yekutieli 2005, false coverage rate).
pub(crate) fn adjust(p_values: &[Option<f64>], correction: Correction, alpha: f64) -> Vec<Adjusted> {
    let raw: Vec<f64> = p_values.iter().map(|p| p.unwrap_or(1.0)).collect();
    let adjusted = match correction {
        Correction::None => Ok(raw.clone()),
        Correction::Bonferroni => bonferroni(&raw),
        Correction::Holm => holm(&raw),
        Correction::BenjaminiHochberg => benjamini_hochberg(&raw),
    };
    // p-values of tests lie in [0, 1]; should one ever not, nothing is significant.
    let adjusted = adjusted.unwrap_or_else(|_| vec![1.0; raw.len()]);
    let size = raw.len().max(1) as f64;
    let rejected = adjusted.iter().filter(|p| **p <= alpha).count().max(1) as f64;
    let miss = match correction {
        Correction::None => alpha,
        Correction::Bonferroni | Correction::Holm => alpha / size,
        Correction::BenjaminiHochberg => alpha * rejected / size,
    };
    let place =
        |p_value: f64| Adjusted { p_value, significant: p_value <= alpha, confidence_level: 1.0 - miss };
    adjusted.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_p_value_keeps_its_place() {
        let adjusted = adjust(&[Some(0.02), None], Correction::Holm, 0.05);
        assert_eq!(adjusted[0].p_value, 0.04);
        assert!(adjusted[0].significant && !adjusted[1].significant);
        assert_eq!(adjusted[0].confidence_level, 0.975);
    }
}
