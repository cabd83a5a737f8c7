//! How many customers, what power, or which effect: of the three, two are given and one is worked out.

use experiment_core::stats::power::mean::{self, MeanTest};
use experiment_core::stats::power::proportion::{self, ProportionTest, Rates};
use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
use experiment_core::stats::{Alternative, NotEstimable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is planned. Of `effect`, `customers` and `power` exactly two are given.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// What kind of number the metric is.
    pub metric: PlannedMetric,
    /// The control's rate, or its mean.
    pub baseline: f64,
    /// Means: the variance between customers.
    pub variance: Option<f64>,
    /// Variant − control, in the metric's unit, or over the baseline with `relative`.
    pub effect: Option<f64>,
    /// Whether effects are over the baseline.
    #[serde(default)]
    pub relative: bool,
    /// Customers in the control.
    pub customers: Option<f64>,
    /// Chance to find the effect if it is there.
    pub power: Option<f64>,
    /// Chance of a false positive.
    #[serde(default = "default_alpha")]
    pub alpha: f64,
    /// 1 or 2.
    #[serde(default = "default_sides")]
    pub sides: u8,
    /// Customers in the variant for each one in the control.
    #[serde(default = "default_ratio")]
    pub ratio: f64,
}

fn default_alpha() -> f64 {
    0.05
}

fn default_sides() -> u8 {
    2
}

fn default_ratio() -> f64 {
    1.0
}

/// What kind of number the metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedMetric {
    /// A share of the customers: planned for the pooled z-test.
    Proportion,
    /// A mean over customers: planned for Welch's test.
    Mean,
}

/// The plan, complete.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(as = PowerAnswer)]
pub struct PlanAnswer {
    /// What kind of number the metric is.
    pub metric: PlannedMetric,
    /// The control's rate or mean.
    pub baseline: f64,
    /// Variant − control.
    pub effect: f64,
    /// Over the baseline; absent where that is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_effect: Option<f64>,
    /// Customers in the control, rounded up.
    pub customers_control: f64,
    /// Customers in the variant, rounded up.
    pub customers_variant: f64,
    /// Chance to find the effect.
    pub power: f64,
    /// Chance of a false positive.
    pub alpha: f64,
    /// 1 or 2.
    pub sides: u8,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field}: {detail}; mend: {mend}")]
pub struct PlanError {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub mend: &'static str,
}

/// Works out what is missing.
///
/// # Errors
/// [`PlanError`] with the field at fault.
pub fn plan(request: &PlanRequest) -> Result<PlanAnswer, PlanError> {
    check(request)?;
    let sized = |control: f64| Sizes { control, variant: control * request.ratio };
    let (effect, sizes, power) = match (wanted_effect(request), request.customers, request.power) {
        (Some(effect), None, Some(power)) => (effect, sample_size(request, effect, power)?, power),
        (Some(effect), Some(customers), None) => {
            (effect, sized(customers), power_of(request, effect, &sized(customers))?)
        }
        (None, Some(customers), Some(power)) => {
            (detectable(request, &sized(customers), power)?, sized(customers), power)
        }
        _ => {
            return Err(error(
                "effect",
                "of effect, customers and power two are needed",
                "give exactly two of them",
            ));
        }
    };
    Ok(PlanAnswer {
        metric: request.metric,
        baseline: request.baseline,
        effect,
        relative_effect: (request.baseline != 0.0).then(|| effect / request.baseline),
        customers_control: sizes.control.ceil(),
        customers_variant: sizes.variant.ceil(),
        power,
        alpha: request.alpha,
        sides: request.sides,
    })
}

fn error(field: &'static str, detail: impl Into<String>, mend: &'static str) -> PlanError {
    PlanError { field, detail: detail.into(), mend }
}

fn check(request: &PlanRequest) -> Result<(), PlanError> {
    let fraction = |value: f64| value > 0.0 && value < 1.0;
    let baseline = request.baseline;
    if request.metric == PlannedMetric::Proportion && !fraction(baseline) {
        return Err(error(
            "baseline",
            format!("{baseline} is no rate between 0 and 1"),
            "write a share such as 0.2",
        ));
    }
    if request.metric == PlannedMetric::Proportion && request.variance.is_some() {
        return Err(error("variance", "belongs to means: a rate's follows from it", "leave it out"));
    }
    if request.metric == PlannedMetric::Mean && !request.variance.is_some_and(|v| v > 0.0 && v.is_finite()) {
        return Err(error(
            "variance",
            "a mean needs the variance between customers",
            "give a number above 0",
        ));
    }
    if !fraction(request.alpha) || request.alpha > 0.5 {
        return Err(error(
            "alpha",
            format!("{} is not in (0, 0.5]", request.alpha),
            "write a chance such as 0.05",
        ));
    }
    if let Some(power) = request.power.filter(|power| !fraction(*power)) {
        return Err(error("power", format!("{power} is not between 0 and 1"), "write a chance such as 0.8"));
    }
    if !matches!(request.sides, 1 | 2) {
        return Err(error("sides", format!("{} is neither 1 nor 2", request.sides), "write 1 or 2"));
    }
    if !(request.ratio > 0.0 && request.ratio.is_finite()) {
        return Err(error("ratio", format!("{} is not above 0", request.ratio), "write 1 for equal arms"));
    }
    if let Some(customers) = request.customers.filter(|n| !(*n >= 2.0 && *n <= 1e12)) {
        return Err(error(
            "customers",
            format!("{customers} is not from 2 to 1e12"),
            "give the size of the control",
        ));
    }
    if request.relative && baseline == 0.0 {
        return Err(error(
            "relative",
            "the baseline is 0, so there is nothing to be relative to",
            "give absolute effects",
        ));
    }
    Ok(())
}

fn wanted_effect(request: &PlanRequest) -> Option<f64> {
    let scale = if request.relative { request.baseline } else { 1.0 };
    request.effect.map(|effect| effect * scale)
}

/// The tests' far tail is left out: a significant effect in the wrong direction is no success.
fn options(request: &PlanRequest, effect: f64) -> PowerOptions {
    let alternative = match (request.sides, effect < 0.0) {
        (2, _) => Alternative::TwoSided,
        (_, false) => Alternative::Greater,
        (_, true) => Alternative::Less,
    };
    PowerOptions { alpha: request.alpha, alternative, far_tail: FarTail::Ignored }
}

fn rates(request: &PlanRequest, effect: f64) -> Result<Rates, PlanError> {
    let variant = request.baseline + effect;
    if !(0.0..=1.0).contains(&variant) {
        let detail = format!("the variant's rate would be {variant}, which is no rate");
        return Err(error("effect", detail, "give a smaller effect, or say relative"));
    }
    Ok(Rates { control: request.baseline, variant })
}

fn unsolved(field: &'static str) -> impl Fn(NotEstimable) -> PlanError {
    move |reason| error(field, reason.to_string(), "plan for a larger effect or sample")
}

fn sample_size(request: &PlanRequest, effect: f64, power: f64) -> Result<Sizes, PlanError> {
    let options = options(request, effect);
    match request.metric {
        PlannedMetric::Proportion => {
            let rates = rates(request, effect)?;
            proportion::sample_size(&rates, request.ratio, power, ProportionTest::Pooled, &options)
        }
        PlannedMetric::Mean => {
            mean::sample_size(effect, variance(request), request.ratio, power, MeanTest::Welch, &options)
        }
    }
    .map_err(unsolved("effect"))
}

fn power_of(request: &PlanRequest, effect: f64, sizes: &Sizes) -> Result<f64, PlanError> {
    let options = options(request, effect);
    match request.metric {
        PlannedMetric::Proportion => {
            proportion::power(&rates(request, effect)?, sizes, ProportionTest::Pooled, &options)
        }
        PlannedMetric::Mean => mean::power(effect, variance(request), sizes, MeanTest::Welch, &options),
    }
    .map_err(unsolved("customers"))
}

fn detectable(request: &PlanRequest, sizes: &Sizes, power: f64) -> Result<f64, PlanError> {
    let options = options(request, 1.0);
    match request.metric {
        PlannedMetric::Proportion => proportion::minimum_detectable_effect(
            request.baseline,
            sizes,
            power,
            ProportionTest::Pooled,
            &options,
        ),
        PlannedMetric::Mean => {
            mean::minimum_detectable_effect(variance(request), sizes, power, MeanTest::Welch, &options)
        }
    }
    .map_err(unsolved("customers"))
}

fn variance(request: &PlanRequest) -> f64 {
    request.variance.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> PlanRequest {
        serde_json::from_str(r#"{"metric": "proportion", "baseline": 0.1}"#).unwrap()
    }

    #[test]
    fn any_two_give_the_third() {
        // 3840.85 for 10 % against 12 % at 80 % (Fleiss' formula without continuity correction).
        let size = plan(&PlanRequest { effect: Some(0.02), power: Some(0.8), ..request() }).unwrap();
        assert_eq!((size.customers_control, size.customers_variant), (3_841.0, 3_841.0));
        let power = plan(&PlanRequest { effect: Some(0.02), customers: Some(3_841.0), ..request() }).unwrap();
        assert!((power.power - 0.800_015_577_8).abs() < 1e-9);
        let effect = plan(&PlanRequest { customers: Some(3_841.0), power: Some(0.8), ..request() }).unwrap();
        assert!((effect.effect - 0.02).abs() < 1e-4);
        let relative =
            plan(&PlanRequest { effect: Some(0.2), relative: true, power: Some(0.8), ..request() }).unwrap();
        assert_eq!(relative.customers_control, 3_841.0);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let field = |request: PlanRequest| plan(&request).unwrap_err().field;
        assert_eq!(field(request()), "effect");
        let whole = || PlanRequest { effect: Some(0.02), power: Some(0.8), ..request() };
        assert_eq!(field(PlanRequest { baseline: 1.5, ..whole() }), "baseline");
        assert_eq!(field(PlanRequest { alpha: 0.0, ..whole() }), "alpha");
        assert_eq!(field(PlanRequest { power: Some(1.0), ..whole() }), "power");
        assert_eq!(field(PlanRequest { sides: 3, ..whole() }), "sides");
        assert_eq!(field(PlanRequest { effect: Some(0.95), ..whole() }), "effect");
        assert_eq!(field(PlanRequest { effect: Some(0.0), ..whole() }), "effect");
        assert_eq!(field(PlanRequest { metric: PlannedMetric::Mean, ..whole() }), "variance");
        assert_eq!(field(PlanRequest { ratio: f64::NAN, ..whole() }), "ratio");
    }
}
