//! Exact sums and a design → the whole report.

use super::family::adjust;
use super::metric::MetricAnalysis;
use super::sums::{self, arms};
use super::verdict::{incomplete, verdict};
use super::{
    Aggregates, Cells, Design, DimensionReport, Distributions, LIBRARY_VERSION, Report, VariantCount, health,
};
use crate::definition::{Correction, Role};
use crate::measure::{MomentsOverflow, Slice};
use crate::time::Timestamp;

/// Makes the report of `aggregates` as of an instant; without one, nothing waits for maturity.
///
/// Pure: the same sums, design and instant give the same report.
///
/// # Errors
/// [`MomentsOverflow`] when the sums of all days together leave 128 bits.
pub fn report(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Result<Report, MomentsOverflow> {
    let mut analyses = analyse(design, aggregates, &Slice::All, as_of)?;
    decide_by_role(design, &mut analyses, Role::Primary, design.plan.correction);
    decide_by_role(design, &mut analyses, Role::Secondary, Correction::BenjaminiHochberg);
    decide_by_role(design, &mut analyses, Role::Guardrail, Correction::None);
    let metrics: Vec<_> = analyses.into_iter().map(|analysis| analysis.report).collect();
    let health = health::health(design, aggregates, &metrics);
    let verdict = verdict(design, aggregates, &health, &metrics, as_of);
    let customers = sums::customers(&aggregates.exposed, design.variants.len(), None);
    let variants = design.variants.iter().zip(customers);
    Ok(Report {
        experiment: design.experiment.clone(),
        definition_version: design.definition_version,
        library_version: LIBRARY_VERSION.to_owned(),
        as_of,
        sequence: None,
        input: None,
        variants: variants
            .map(|(variant, customers)| VariantCount { variant: variant.key.clone(), customers })
            .collect(),
        health,
        metrics,
        dimensions: dimensions(design, aggregates, as_of)?,
        verdict,
    })
}

/// Whether the planned sample is there and mature: from then on a fixed plan may decide. Once it is, it
/// stays so on later days.
///
/// # Errors
/// As [`report`].
pub fn is_complete(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Timestamp,
) -> Result<bool, MomentsOverflow> {
    let analyses = analyse(design, aggregates, &Slice::All, Some(as_of))?;
    let metrics: Vec<_> = analyses.into_iter().map(|analysis| analysis.report).collect();
    Ok(incomplete(design, aggregates, &metrics, Some(as_of)).is_none())
}

fn analyse<'a>(
    design: &'a Design,
    aggregates: &Aggregates,
    slice: &Slice,
    as_of: Option<Timestamp>,
) -> Result<Vec<MetricAnalysis<'a>>, MomentsOverflow> {
    let (no_cells, no_counts) = (Cells::new(), Distributions::new());
    let of_metric = design.metrics.iter().enumerate().map(|(index, metric)| {
        let cells = aggregates.metrics.get(index).unwrap_or(&no_cells);
        let counts = aggregates.distributions.get(index).unwrap_or(&no_counts);
        let sums = arms(metric, (cells, counts), &aggregates.exposed, slice, design.variants.len(), as_of)?;
        Ok(MetricAnalysis::new(design, metric, sums, as_of.is_some()))
    });
    of_metric.collect()
}

/// One family: the metrics of a role × the variants.
fn decide_by_role(design: &Design, analyses: &mut [MetricAnalysis<'_>], role: Role, correction: Correction) {
    let mut members: Vec<_> = analyses.iter_mut().filter(|analysis| analysis.report.role == role).collect();
    decide(design, &mut members, correction);
}

fn decide(design: &Design, members: &mut [&mut MetricAnalysis<'_>], correction: Correction) {
    let p_values: Vec<_> = members.iter().map(|analysis| analysis.deciding_p_values()).collect();
    let adjusted = adjust(&p_values.concat(), correction, design.plan.alpha);
    let mut rest = adjusted.as_slice();
    for (analysis, p_values) in members.iter_mut().zip(&p_values) {
        let (own, others) = rest.split_at(p_values.len());
        analysis.decide(own);
        rest = others;
    }
}

/// The metrics by value of each dimension; a family is a metric's values × variants in one dimension.
fn dimensions(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Result<Vec<DimensionReport>, MomentsOverflow> {
    let mut analysed = Vec::new();
    for slice in sums::values(&aggregates.exposed) {
        let Slice::Value { dimension, value } = &slice else { continue };
        let Some(name) = design.dimensions.get(usize::from(*dimension)) else { continue };
        analysed.push((name.clone(), value.clone(), analyse(design, aggregates, &slice, as_of)?));
    }
    for name in &design.dimensions {
        for metric in 0..design.metrics.len() {
            let values = analysed.iter_mut().filter(|(dimension, _, _)| dimension == name);
            let mut members: Vec<_> =
                values.filter_map(|(_, _, analyses)| analyses.get_mut(metric)).collect();
            decide(design, &mut members, Correction::BenjaminiHochberg);
        }
    }
    let reports = analysed.into_iter().map(|(dimension, value, analyses)| DimensionReport {
        dimension,
        value,
        metrics: analyses.into_iter().map(|analysis| analysis.report).collect(),
    });
    Ok(reports.collect())
}
