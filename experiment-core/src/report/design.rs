//! What an analysis needs to know of an experiment, whether it was defined or only loaded from a file.

use serde::{Deserialize, Serialize};

use crate::definition::{Direction, Experiment, Measure, MeasureKind, MetricKind, Plan, Role, Window};

/// The phase of every exposure, until definitions have phases.
const FIRST_PHASE: u32 = 1;

/// What is compared, and how it is decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// The experiment's key.
    pub experiment: String,
    /// The version of its definition, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_version: Option<u32>,
    /// Whether more customers may still enter.
    pub stage: Stage,
    /// The arms, with the weights in force.
    pub variants: Vec<VariantDesign>,
    /// Phases with the weights they had; one that is not listed has the weights in force.
    pub phases: Vec<PhaseDesign>,
    /// Index of the control in `variants`.
    pub control: usize,
    /// The metrics, in the order of [`Aggregates::metrics`](super::Aggregates::metrics).
    pub metrics: Vec<MetricDesign>,
    /// How offers become money; sums of accounts are kept where it is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub economics: Option<EconomicsDesign>,
    /// Names of the dimensions that [`Slice::Value`](crate::measure::Slice::Value) counts.
    pub dimensions: Vec<String>,
    /// How it is decided.
    pub plan: Plan,
}

/// Whether the reading is one of many or the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Customers enter and will be looked at again: the bar for alarms is higher.
    Running,
    /// Nobody enters any more.
    Final,
}

/// An arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VariantDesign {
    /// Its key.
    pub key: String,
    /// Its share of the entrants relative to the other weights.
    pub weight: f64,
    /// Which elements differ from the control, as the definition names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// A stretch between changes of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseDesign {
    /// The phase, as [`Cell`](crate::measure::Cell) counts it.
    pub phase: u32,
    /// The weight of each arm, in the order of [`Design::variants`]; 0 for one that the phase did not have.
    pub weights: Vec<f64>,
}

/// What kind of number a metric estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Estimand {
    /// The share of customers with a 1.
    Proportion,
    /// The mean over customers.
    Mean,
    /// One sum over another.
    Ratio,
    /// The value that a share of the customers do not exceed.
    Quantile,
    /// Days until a customer is lost, up to a horizon.
    Survival,
}

/// A metric as the analysis sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MetricDesign {
    /// Its key.
    pub key: String,
    /// What kind of number it estimates.
    pub estimand: Estimand,
    /// What it is for.
    pub role: Role,
    /// Which way is good.
    pub direction: Direction,
    /// Guardrails: how much worse is acceptable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The smallest effect worth acting on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_effect: Option<f64>,
    /// Digits of the fixed point.
    pub places: u32,
    /// How many covariates stand at the end of the vector.
    pub covariates: usize,
    /// Quantiles: the share of customers that do not exceed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// Whether only some customers answer, over whom it is the mean.
    pub answered: bool,
    /// When its events count.
    pub window: Window,
}

/// Economics as the analysis sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EconomicsDesign {
    /// Over which value and cost count.
    pub window: Window,
    /// How many customers would get the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<u64>,
    /// Whether anything that customers bring in is counted; else the net value is the cost alone.
    pub counts_gross: bool,
    /// By variant: whether it has an offer that customers can be seen to take.
    pub is_taken: Vec<bool>,
}

impl Design {
    /// The design of a defined experiment.
    #[must_use]
    pub fn of(experiment: &Experiment, version: u32, stage: Stage) -> Design {
        let variants = experiment.variants.iter();
        let metrics = experiment.metrics.iter();
        Design {
            experiment: experiment.key.clone(),
            definition_version: Some(version),
            stage,
            variants: variants
                .zip(experiment.expected_weights())
                .map(|(variant, weight)| VariantDesign {
                    key: variant.key.clone(),
                    weight,
                    changes: variant.changes.clone(),
                })
                .collect(),
            phases: vec![PhaseDesign { phase: FIRST_PHASE, weights: experiment.expected_weights() }],
            control: experiment.control,
            metrics: metrics
                .map(|metric| MetricDesign {
                    key: metric.key.clone(),
                    estimand: Estimand::of(&metric.kind),
                    role: metric.role,
                    direction: metric.direction,
                    margin: metric.margin.map(|margin| margin.to_f64()),
                    min_effect: metric.min_effect.map(|effect| effect.to_f64()),
                    places: metric.places,
                    covariates: metric.covariates.len(),
                    quantile: match metric.kind {
                        MetricKind::Quantile { q, .. } => Some(q.to_f64()),
                        _ => None,
                    },
                    answered: matches!(metric.kind, MetricKind::Nps { .. }),
                    window: metric.window,
                })
                .collect(),
            economics: experiment.economics.as_ref().map(|economics| EconomicsDesign {
                window: economics.window,
                rollout: economics.rollout,
                counts_gross: economics.gross.is_some(),
                is_taken: experiment
                    .variants
                    .iter()
                    .map(|variant| variant.offer.as_ref().is_some_and(|offer| offer.taken.is_some()))
                    .collect(),
            }),
            dimensions: experiment.dimensions.iter().map(|dimension| dimension.name().into_owned()).collect(),
            plan: experiment.plan.clone(),
        }
    }

    /// The weights of the arms in a phase.
    pub(crate) fn weights(&self, phase: u32) -> Vec<f64> {
        match self.phases.iter().find(|known| known.phase == phase) {
            Some(known) => known.weights.clone(),
            None => self.variants.iter().map(|variant| variant.weight).collect(),
        }
    }

    /// Which dimension's values are the strata, by the index under which they are counted; `None` when the plan does
    /// not stratify. Those of several dimensions together are counted behind all others, see
    /// [`Experiment::slots`].
    #[must_use]
    pub fn strata(&self) -> Option<u16> {
        let index = match &self.plan.stratify[..] {
            [] => return None,
            [name] => self.dimensions.iter().position(|dimension| dimension == name)?,
            _ => self.dimensions.len(),
        };
        u16::try_from(index).ok()
    }

    /// What the strata are called: `plan`, or `plan × country`.
    pub(crate) fn strata_name(&self) -> String {
        self.plan.stratify.join(" × ")
    }

    /// The indices of the arms that are compared with the control.
    pub(crate) fn treatments(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.variants.len()).filter(|variant| *variant != self.control)
    }
}

impl MetricDesign {
    /// How many entries the metric's vector has.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.outcomes() + self.covariates
    }

    /// How many entries come before the covariates.
    pub(crate) fn outcomes(&self) -> usize {
        match self.estimand {
            Estimand::Survival => 0,
            Estimand::Proportion | Estimand::Mean | Estimand::Quantile => 1,
            Estimand::Ratio => 2,
        }
    }
}

impl Estimand {
    fn of(kind: &MetricKind) -> Estimand {
        match kind {
            MetricKind::Ratio { .. } => Estimand::Ratio,
            MetricKind::Quantile { .. } => Estimand::Quantile,
            MetricKind::Survival(_) => Estimand::Survival,
            MetricKind::Single(Measure::Events { kind, .. }) => match kind {
                MeasureKind::Conversion { .. } | MeasureKind::Retention | MeasureKind::Churn => {
                    Estimand::Proportion
                }
                MeasureKind::Count | MeasureKind::Sum => Estimand::Mean,
            },
            MetricKind::Single(Measure::Linear { .. }) | MetricKind::Nps { .. } => Estimand::Mean,
        }
    }
}
