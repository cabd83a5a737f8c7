//! How an experiment is analysed and decided, frozen at start.

use crate::time::Day;

/// Customers of both arms at which sequences are tightest, where neither `tuning` nor the target says so.
const DEFAULT_TUNING: u64 = 5_000;

/// The plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Group-sequential: the shares of the target at which it is looked at, rising to 1; empty when not stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<f64>,
    /// Group-sequential: how the error rate is spread over the looks.
    pub spending: Spending,
    /// Customers of both arms together at which always-valid intervals are tightest, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<u64>,
    /// Bayesian: what is believed beforehand.
    pub prior: Prior,
    /// Bayesian: when to ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship: Option<Ship>,
    /// Fewest days before a decision.
    pub min_days: u32,
    /// Whether a metric with a covariate is decided on its CUPED reading.
    pub cuped: bool,
    /// Names of the dimensions whose values together are the strata; empty when effects are not stratified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stratify: Vec<String>,
}

/// The statistical method that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Decides once, when the mature sample reaches the target.
    Fixed,
    /// May decide on any day: intervals and p-values hold however often they are looked at.
    AlwaysValid,
    /// Decides at planned looks only.
    GroupSequential,
    /// Decides by the chance to win and the expected loss.
    Bayesian,
}

/// One- or two-sided tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// The variant is better, in the metric's good direction.
    One,
    /// The variant differs.
    Two,
}

/// How p-values are adjusted for many comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Not at all.
    None,
    /// Family-wise: p × m.
    Bonferroni,
    /// Family-wise for independent tests: 1 − (1 − p)^m.
    Sidak,
    /// Family-wise, step-down; never weaker than Bonferroni.
    Holm,
    /// Holm with Šidák's bound, for independent tests.
    HolmSidak,
    /// Family-wise, step-up, for tests that are independent or hang together positively.
    Hochberg,
    /// Family-wise under the same condition, never weaker than Hochberg.
    Hommel,
    /// False discovery rate, for tests that are independent or hang together positively.
    BenjaminiHochberg,
    /// False discovery rate, whatever the dependence.
    BenjaminiYekutieli,
}

/// When the sample is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every arm has this many mature customers.
    CustomersPerArm(u64),
    /// The cohort of this day is mature.
    End(Day),
}

/// How a group-sequential plan spreads its error rate over the looks.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Spending {
    /// Next to nothing early, nearly a fixed test at the end.
    ObrienFleming,
    /// About the same at each look.
    Pocock,
    /// α tᵉ with this exponent e.
    Power(f64),
}

/// What a Bayesian plan believes beforehand; without either, every effect is as likely as any other.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// Standard deviation of the effect over the control's level: a normal prior around no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_sd: Option<f64>,
    /// Of each arm's rate: as if so many customers had done it, and so many had not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<BetaShape>,
}

/// The shape of a beta prior.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BetaShape {
    /// From 0.1 to 10⁹.
    pub alpha: f64,
    /// From 0.1 to 10⁹.
    pub beta: f64,
}

/// When a Bayesian plan ships.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ship {
    /// Least chance to win, in (0.5, 1).
    pub chance: f64,
    /// Largest expected loss, on the metric's scale, above 0.
    pub max_loss: f64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            method: Method::Fixed,
            alpha: 0.05,
            sides: Sides::Two,
            correction: Correction::Holm,
            target: None,
            looks: Vec::new(),
            spending: Spending::ObrienFleming,
            tuning: None,
            prior: Prior::default(),
            ship: None,
            min_days: 0,
            cuped: true,
            stratify: Vec::new(),
        }
    }
}

impl Plan {
    /// Customers of both arms together at which always-valid intervals are tightest: as stated, else half of what
    /// two arms have at the target, else 5,000.
    #[must_use]
    pub fn tuning_customers(&self) -> u64 {
        self.tuning.unwrap_or(match self.target {
            Some(Target::CustomersPerArm(customers)) => customers,
            Some(Target::End(_)) | None => DEFAULT_TUNING,
        })
    }

    /// Customers of both arms together at which the alarm for harm is tightest: harm wants to be seen early, however
    /// large the target.
    #[must_use]
    pub fn alarm_tuning_customers(&self) -> u64 {
        self.tuning_customers().min(DEFAULT_TUNING)
    }

    /// The fields that must be there before customers may enter, with the mend for each.
    pub(super) fn missing(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let target = "add target: {customers_per_arm: N} or target: {end: DAY}";
        let mut missing = Vec::new();
        match self.method {
            Method::Fixed if self.target.is_none() => {
                let detail = "method fixed decides once, when the target is reached, and none is given";
                missing.push(("plan.target", detail, target));
            }
            Method::GroupSequential => {
                if self.target.is_none() {
                    let detail = "looks are shares of the target, and none is given";
                    missing.push(("plan.target", detail, target));
                }
                if self.looks.is_empty() {
                    let detail = "method group_sequential decides at planned looks only, and none is given";
                    missing.push(("plan.looks", detail, "add looks: [0.25, 0.5, 0.75, 1]"));
                }
            }
            Method::Bayesian if self.ship.is_none() => {
                let detail = "method bayesian decides by the chance to win and the expected loss";
                missing.push(("plan.ship", detail, "add ship: {chance: 0.95, max_loss: 0.001}"));
            }
            Method::Fixed | Method::AlwaysValid | Method::Bayesian => {}
        }
        missing
    }
}
