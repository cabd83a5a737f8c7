//! Exact sums and a design → the whole report.

use super::daily::daily;
use super::economics::economics;
use super::family::{Adjusted, adjust};
use super::health::halves;
use super::interaction::{ValueAnalysis, interactions};
use super::look::{Allowance, Look, looks, sizes};
use super::metric::MetricAnalysis;
use super::progress::progress;
use super::rebuilding::{announce, complete};
use super::strata::{StratumPair, by_stratum, fewest, pairs};
use super::sums::{self, arms_as_assigned, arms_of};
use super::verdict::verdict;
use super::weekly::weekly;
use super::{
    Aggregates, Design, DimensionReport, Health, Interaction, LIBRARY_VERSION, LookReport, MetricReport,
    Report, VariantCount, Verdict, health,
};
use crate::definition::{Correction, Method, Role, Sides};
use crate::measure::{MomentsOverflow, Population, Slice};
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
    let (all_metrics, all_sums) = (design, aggregates);
    let (design, aggregates) = &complete(design, aggregates);
    let mut main = MainReading::new(design, aggregates, as_of)?;
    let first = sums::first_day(&aggregates.exposed);
    for ((report, metric), cells) in main.metrics.iter_mut().zip(&design.metrics).zip(&aggregates.metrics) {
        report.daily = daily(design, metric, cells, report, as_of)?;
        report.weekly = weekly(design, metric, cells, first, as_of)?;
    }
    for ((report, metric), cells) in main.metrics.iter_mut().zip(&design.metrics).zip(&aggregates.halves) {
        report.halves = halves(design, metric, cells, as_of)?;
    }
    let (dimensions, interactions) = dimensions(design, aggregates, as_of)?;
    let customers = sums::customers(&aggregates.exposed, design.variants.len(), None);
    let variants = design.variants.iter().zip(customers);
    let mut report = Report {
        experiment: design.experiment.clone(),
        definition_version: design.definition_version,
        library_version: LIBRARY_VERSION.to_owned(),
        as_of,
        sequence: None,
        input: None,
        variants: variants
            .map(|(variant, customers)| VariantCount { variant: variant.key.clone(), customers })
            .collect(),
        health: main.health,
        metrics: main.metrics,
        progress: progress(design, aggregates, as_of),
        looks: main.looks,
        dimensions,
        interactions,
        economics: economics(design, aggregates, as_of)?,
        verdict: main.verdict,
        inputs: None,
    };
    announce(all_metrics, all_sums, &mut report);
    Ok(report)
}

/// The verdict alone, as [`report`] gives it.
///
/// # Errors
/// As [`report`].
pub fn verdict_of(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Result<Verdict, MomentsOverflow> {
    let (design, aggregates) = &complete(design, aggregates);
    Ok(MainReading::new(design, aggregates, as_of)?.verdict)
}

/// What is said of everybody.
struct MainReading {
    metrics: Vec<MetricReport>,
    looks: Vec<LookReport>,
    health: Health,
    verdict: Verdict,
}

impl MainReading {
    fn new(
        design: &Design,
        aggregates: &Aggregates,
        as_of: Option<Timestamp>,
    ) -> Result<MainReading, MomentsOverflow> {
        let mut analyses = analyse(design, aggregates, &Slice::All, as_of)?;
        analyses.iter_mut().for_each(MetricAnalysis::read_for_everybody);
        let crossed = sums::customers(&aggregates.exposed, design.variants.len(), Some(Population::Crossed));
        if crossed.iter().any(|crossed| *crossed > 0) {
            for ((analysis, metric), cells) in
                analyses.iter_mut().zip(&design.metrics).zip(&aggregates.metrics)
            {
                analysis.read_as_assigned(&arms_as_assigned(metric, cells, design.variants.len(), as_of)?);
            }
        }
        let looks = match design.plan.method {
            Method::GroupSequential => looks(design, aggregates, as_of),
            Method::Fixed | Method::AlwaysValid | Method::Bayesian => Vec::new(),
        };
        decide_by_role(design, &mut analyses, Role::Secondary, Correction::BenjaminiHochberg);
        if design.plan.method == Method::GroupSequential {
            decide_at_look(design, aggregates, &looks, &mut analyses)?;
        } else {
            decide_by_role(design, &mut analyses, Role::Primary, design.plan.correction);
            decide_by_role(design, &mut analyses, Role::Guardrail, Correction::None);
        }
        let metrics: Vec<_> = analyses.into_iter().map(|analysis| analysis.report).collect();
        let health = health::health(design, aggregates, &metrics, as_of);
        let verdict = verdict(design, aggregates, &health, &metrics, &looks, as_of);
        let report = |look: &Look| LookReport { planned: look.planned, reached: look.reached, at: look.at };
        Ok(MainReading { looks: looks.iter().map(report).collect(), metrics, health, verdict })
    }
}

fn analyse<'a>(
    design: &'a Design,
    aggregates: &Aggregates,
    slice: &Slice,
    as_of: Option<Timestamp>,
) -> Result<Vec<MetricAnalysis<'a>>, MomentsOverflow> {
    let of_metric = design.metrics.iter().enumerate().map(|(index, metric)| {
        let sums = arms_of(design, aggregates, index, slice, as_of)?;
        // A slice has no strata: no sums are kept by several dimensions at once.
        let strata = match slice {
            Slice::All => strata_of(design, aggregates, index, as_of)?,
            Slice::Value { .. } => Vec::new(),
        };
        Ok(MetricAnalysis::new(design, metric, sums, strata, as_of.is_some()))
    });
    of_metric.collect()
}

/// The strata of each comparison of a metric.
fn strata_of(
    design: &Design,
    aggregates: &Aggregates,
    metric: usize,
    as_of: Option<Timestamp>,
) -> Result<Vec<Vec<StratumPair>>, MomentsOverflow> {
    let strata = by_stratum(design, aggregates, metric, as_of)?;
    let fewest = fewest(design, &design.metrics[metric]);
    design.treatments().map(|variant| pairs(&strata, design.control, variant, fewest)).collect()
}

/// One family: the metrics of a role × the variants.
fn decide_by_role(design: &Design, analyses: &mut [MetricAnalysis<'_>], role: Role, correction: Correction) {
    let mut members: Vec<_> = analyses.iter_mut().filter(|analysis| analysis.report.role == role).collect();
    decide_family(design, &mut members, correction);
}

fn decide_family(design: &Design, members: &mut [&mut MetricAnalysis<'_>], correction: Correction) {
    let levels = vec![1.0 - design.plan.alpha; design.variants.len()];
    let p_values: Vec<_> = members.iter().map(|analysis| analysis.deciding_p_values()).collect();
    let adjusted = adjust(&p_values.concat(), correction, design.plan.alpha);
    let mut rest = adjusted.as_slice();
    for (analysis, p_values) in members.iter_mut().zip(&p_values) {
        let (own, others) = rest.split_at(p_values.len());
        analysis.decide(own, &levels);
        rest = others;
    }
}

/// Primaries and guardrails as the last planned look found them: what came since decides nothing.
fn decide_at_look(
    design: &Design,
    aggregates: &Aggregates,
    looks: &[Look],
    analyses: &mut [MetricAnalysis<'_>],
) -> Result<(), MomentsOverflow> {
    let Some(last) = looks.last() else { return Ok(()) };
    let mut then = analyse(design, aggregates, &Slice::All, last.at)?;
    let treatments: Vec<usize> = design.treatments().collect();
    let primaries = design.metrics.iter().filter(|metric| metric.role == Role::Primary).count();
    let family_size = (primaries * treatments.len()).max(1) as f64;
    for (index, (analysis, now)) in then.iter_mut().zip(analyses).enumerate() {
        let (alpha, sides) = match analysis.report.role {
            Role::Primary => (design.plan.alpha / family_size, design.plan.sides),
            Role::Guardrail => (design.plan.alpha, Sides::One),
            Role::Secondary => continue,
        };
        let sizes = sizes(design, aggregates, looks, index)?;
        let spending = design.plan.spending;
        let allowance = Allowance { looks, sizes: &sizes, alpha, sides, spending };
        // Where no boundary can be found, nothing is rejected.
        let allowed = treatments
            .iter()
            .map(|variant| allowance.nominal_p_value(design.control, *variant).unwrap_or(0.0));
        let allowed: Vec<f64> = allowed.collect();
        let family: Vec<Adjusted> = analysis
            .deciding_p_values()
            .iter()
            .zip(&allowed)
            .map(|(p_value, allowed)| Adjusted {
                p_value: None,
                significant: *allowed > 0.0 && p_value.is_some_and(|p_value| p_value <= *allowed),
                confidence_level: 1.0 - allowed,
            })
            .collect();
        let levels: Vec<f64> = allowed.iter().map(|allowed| 1.0 - allowed).collect();
        analysis.decide(&family, &levels);
        for (comparison, decided) in now.report.comparisons.iter_mut().zip(&analysis.report.comparisons) {
            comparison.decision = decided.decision;
        }
    }
    Ok(())
}

/// The metrics by value of each dimension, and whether the values differ; a family is a metric's values × variants in
/// one dimension.
fn dimensions(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Result<(Vec<DimensionReport>, Vec<Interaction>), MomentsOverflow> {
    let mut analysed = Vec::new();
    for slice in sums::values(&aggregates.exposed) {
        let Slice::Value { dimension, value } = &slice else { continue };
        let Some(name) = design.dimensions.get(usize::from(*dimension)) else { continue };
        let metrics = analyse(design, aggregates, &slice, as_of)?;
        analysed.push(ValueAnalysis { dimension: name.clone(), value: value.clone(), metrics });
    }
    for name in &design.dimensions {
        for metric in 0..design.metrics.len() {
            let values = analysed.iter_mut().filter(|value| value.dimension == *name);
            let mut members: Vec<_> = values.filter_map(|value| value.metrics.get_mut(metric)).collect();
            decide_family(design, &mut members, Correction::BenjaminiHochberg);
        }
    }
    let interactions = interactions(design, &analysed);
    let reports = analysed.into_iter().map(|analysed| DimensionReport {
        dimension: analysed.dimension,
        value: analysed.value,
        metrics: analysed.metrics.into_iter().map(|analysis| analysis.report).collect(),
    });
    Ok((reports.collect(), interactions))
}
