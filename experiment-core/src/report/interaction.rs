//! Whether a variant's effect differs between the values of a dimension.

use super::family::adjust;
use super::metric::MetricAnalysis;
use super::{Design, Estimand, Interaction};
use crate::definition::Correction;
use crate::stats::heterogeneity::{GroupEffect, cochran_q};

/// The metrics among the customers with one value of one dimension.
pub(crate) struct ValueAnalysis<'a> {
    pub(crate) dimension: String,
    pub(crate) value: String,
    pub(crate) metrics: Vec<MetricAnalysis<'a>>,
}

/// The tests of all dimensions × metrics × variants, one family. Those with fewer than two values to compare stay in
/// it and are not listed.
pub(crate) fn interactions(design: &Design, analysed: &[ValueAnalysis<'_>]) -> Vec<Interaction> {
    let mut tested = Vec::new();
    for dimension in &design.dimensions {
        let values = || analysed.iter().filter(|value| value.dimension == *dimension);
        for (index, metric) in design.metrics.iter().enumerate() {
            if let Estimand::Quantile | Estimand::Survival = metric.estimand {
                continue;
            }
            for (place, variant) in design.treatments().enumerate() {
                let effects: Vec<GroupEffect> =
                    values().filter_map(|value| value.metrics.get(index)?.group_effect(place)).collect();
                tested.push((dimension, metric, variant, effects.len(), cochran_q(&effects).ok()));
            }
        }
    }
    let p_values: Vec<_> = tested.iter().map(|(.., test)| test.map(|test| test.p_value)).collect();
    let family = adjust(&p_values, Correction::BenjaminiHochberg, design.plan.alpha);
    let listed = tested.into_iter().zip(family).filter_map(
        |((dimension, metric, variant, values, test), adjusted)| {
            let test = test?;
            Some(Interaction {
                dimension: dimension.clone(),
                metric: metric.key.clone(),
                variant: design.variants[variant].key.clone(),
                values: values as u64,
                statistic: test.statistic,
                degrees_of_freedom: test.degrees_of_freedom,
                p_value: test.p_value,
                adjusted_p_value: adjusted.p_value?,
                i_squared: test.i_squared,
                significant: adjusted.significant,
            })
        },
    );
    listed.collect()
}
