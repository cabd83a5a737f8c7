//! How an experiment is analysed and decided, frozen at start.

use super::reader::{Field, Fields};
use super::unsupported;
use crate::decimal::Decimal;
use crate::time::Day;

/// Most days that `min_days` may ask for, as many as the longest span.
const MAX_MIN_DAYS: u64 = 3_650;
/// Most customers per arm that a target may ask for, as many as an aggregate can hold.
const MAX_CUSTOMERS_PER_ARM: u64 = 100_000_000;

/// The plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The statistical method that decides.
    pub method: Method,
    /// Chance of a false positive that is accepted, in (0, 0.5].
    pub alpha: f64,
    /// One- or two-sided.
    pub sides: Sides,
    /// How p-values are adjusted over primaries × variants.
    pub correction: Correction,
    /// When the sample is complete.
    pub target: Option<Target>,
    /// Fewest days before a decision.
    pub min_days: u32,
    /// Whether a metric with a covariate is decided on its CUPED reading.
    pub cuped: bool,
}

/// The statistical method that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Decides once, when the mature sample reaches the target.
    Fixed,
}

/// One- or two-sided tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// The variant is better, in the metric's good direction.
    One,
    /// The variant differs.
    Two,
}

/// How p-values are adjusted for many comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Not at all.
    None,
    /// Family-wise: p × m.
    Bonferroni,
    /// Family-wise, step-down; never weaker than Bonferroni.
    Holm,
    /// False discovery rate.
    BenjaminiHochberg,
}

/// When the sample is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Every arm has this many mature customers.
    CustomersPerArm(u64),
    /// The cohort of this day is mature.
    End(Day),
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            method: Method::Fixed,
            alpha: 0.05,
            sides: Sides::Two,
            correction: Correction::Holm,
            target: None,
            min_days: 0,
            cuped: true,
        }
    }
}

const METHODS: &[(&str, Method)] = &[("fixed", Method::Fixed)];

const SIDES: &[(&str, Sides)] = &[("one", Sides::One), ("two", Sides::Two)];

const CORRECTIONS: &[(&str, Correction)] = &[
    ("none", Correction::None),
    ("bonferroni", Correction::Bonferroni),
    ("holm", Correction::Holm),
    ("benjamini_hochberg", Correction::BenjaminiHochberg),
];

pub(super) fn plan(field: &Field<'_>) -> Option<Plan> {
    let default = Plan::default();
    field.object(unsupported::PLAN_FIELDS, |fields| {
        let method =
            fields.or("method", default.method, |method| method.choice(METHODS, unsupported::METHODS));
        let alpha = fields.or("alpha", default.alpha, alpha);
        let sides = fields.or("sides", default.sides, |sides| sides.choice(SIDES, &[]));
        let correction = fields.or("correction", default.correction, |correction| {
            correction.choice(CORRECTIONS, unsupported::CORRECTIONS)
        });
        let target = fields.optional("target", target);
        let min_days = fields.or("min_days", default.min_days, |days| days.whole_u32(0, MAX_MIN_DAYS));
        let cuped = fields.or("cuped", default.cuped, Field::flag);
        Some(Plan {
            method: method?,
            alpha: alpha?,
            sides: sides?,
            correction: correction?,
            target: target?,
            min_days: min_days?,
            cuped: cuped?,
        })
    })
}

fn alpha(field: &Field<'_>) -> Option<f64> {
    let alpha = field.amount()?;
    if alpha > Decimal::ZERO && alpha <= Decimal::new(5, 1) {
        return Some(alpha.to_f64());
    }
    field.problem(format!("{alpha} is not in (0, 0.5]"), "write a chance such as 0.05")
}

fn target(field: &Field<'_>) -> Option<Target> {
    field.object(&[], |fields| {
        let customers =
            fields.optional("customers_per_arm", |customers| customers.whole(1, MAX_CUSTOMERS_PER_ARM));
        let end = fields.optional("end", Field::day);
        match (customers?, end?) {
            (Some(customers), None) => Some(Target::CustomersPerArm(customers)),
            (None, Some(end)) => Some(Target::End(end)),
            (Some(_), Some(_)) => one_target(fields, "stands beside customers_per_arm"),
            (None, None) => one_target(fields, "is missing, and so is customers_per_arm"),
        }
    })
}

fn one_target<T>(fields: &Fields<'_>, detail: &str) -> Option<T> {
    fields.problem("end", detail, "give customers_per_arm: 20000 or end: 2026-12-31")
}
