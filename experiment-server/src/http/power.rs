//! `POST /v1/power`: how many customers, with what chance of seeing which effect.

use axum::extract::{Request, State};
use axum::response::Response;
use experiment_core::stats::power::{FarTail, PowerOptions, Sizes, mean, proportion};
use experiment_core::stats::{Alternative, NotEstimable};
use serde::Serialize;
use serde_json::Value;

use super::body::read_json_body;
use super::fields::Fields;
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use super::reply;
use super::state::AppState;

/// Chance of a false positive unless said otherwise.
const DEFAULT_ALPHA: f64 = 0.05;
/// Chance of seeing a true effect unless said otherwise.
const DEFAULT_POWER: f64 = 0.8;
/// Most customers in one arm, as many as the sums can hold.
const MAX_CUSTOMERS: f64 = 1e8;

/// What is planned.
struct Plan {
    outcome: Outcome,
    options: PowerOptions,
    /// The variant's customers over the control's.
    ratio: f64,
    /// Absolute; one of `effect` and `customers` may be missing.
    effect: Option<f64>,
    /// In the control.
    customers: Option<f64>,
    /// `None` where it is what is asked for.
    power: Option<f64>,
}

/// What is measured.
#[derive(Clone, Copy)]
enum Outcome {
    Proportion { baseline: f64 },
    Mean { mean: Option<f64>, variance: f64 },
}

#[derive(Serialize)]
struct PlanView {
    metric: &'static str,
    /// The test that is planned: the one that reports use.
    method: &'static str,
    alpha: f64,
    sides: &'static str,
    power: f64,
    effect: EffectView,
    customers: CustomersView,
}

#[derive(Serialize)]
struct EffectView {
    absolute: f64,
    /// Over the control's value, where that is known and not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    relative: Option<f64>,
}

/// Whole customers, rounded up arm by arm.
#[derive(Serialize)]
struct CustomersView {
    control: u64,
    variant: u64,
    total: u64,
}

/// Customers for an effect, the effect that customers show, or the power that both give.
pub(super) async fn plan_size(State(app): State<AppState>, request: Request) -> Result<Response, Problem> {
    let body = read_json_body(request, app.settings.timeouts.body).await?;
    let plan = read_plan(body)?;
    reply::json(&plan.solve().map_err(|error| {
        let error = FieldError::new("", error.to_string(), "plan for another effect, size or power");
        Problem::of_field(Kind::InvalidRequest, error)
    })?)
}

fn read_plan(body: Value) -> Result<Plan, Problem> {
    let mut fields = Fields::of_body(body)?;
    let outcome = read_outcome(&mut fields);
    let effect = read_effect(&mut fields, outcome);
    let alpha = fraction(&mut fields, "alpha");
    let power = fraction(&mut fields, "power");
    let two_sided = read_sides(&mut fields);
    let ratio = positive(&mut fields, "ratio", 1e6);
    let customers = positive(&mut fields, "customers_per_arm", MAX_CUSTOMERS);
    if effect.is_none() && customers.is_none() {
        let mend = "send effect: {\"absolute\": 0.02} or {\"relative\": 0.1}, or customers_per_arm";
        fields.wrong("effect", "is missing, and so is customers_per_arm", mend);
    }
    if effect.is_some() && customers.is_some() && power.is_some() {
        fields.wrong(
            "power",
            "stands beside effect and customers_per_arm",
            "leave out what you want to know",
        );
    }
    fields.end()?;
    let Some(outcome) = outcome else { return Err(Problem::internal("a plan without an outcome")) };
    let solved_for_power = effect.is_some() && customers.is_some();
    let alternative = match (two_sided, effect) {
        (true, _) => Alternative::TwoSided,
        (false, Some(effect)) if effect < 0.0 => Alternative::Less,
        (false, _) => Alternative::Greater,
    };
    let alpha = alpha.unwrap_or(DEFAULT_ALPHA);
    Ok(Plan {
        outcome,
        options: PowerOptions { alpha, alternative, far_tail: FarTail::Ignored },
        ratio: ratio.unwrap_or(1.0),
        effect,
        customers,
        power: (!solved_for_power).then_some(power.unwrap_or(DEFAULT_POWER)),
    })
}

fn read_outcome(fields: &mut Fields) -> Option<Outcome> {
    const METRICS: [&str; 2] = ["proportion", "mean"];
    let metric = fields.required("metric", "what is measured: \"proportion\" or \"mean\"")?;
    match metric.as_str() {
        "proportion" => Some(Outcome::Proportion { baseline: fraction_needed(fields, "baseline")? }),
        "mean" => {
            let mean = fields.number("mean");
            let variance = positive(fields, "variance", f64::MAX);
            if variance.is_none() {
                fields.wrong("variance", "is missing or not above 0", "send the variance per customer");
            }
            Some(Outcome::Mean { mean, variance: variance? })
        }
        other => {
            let shown: String = other.chars().take(60).collect();
            let mend = did_you_mean(other, METRICS, || "send \"proportion\" or \"mean\"".to_owned());
            fields.wrong("metric", format!("{shown:?} is no kind of metric that is planned for"), mend);
            None
        }
    }
}

/// The absolute effect.
fn read_effect(fields: &mut Fields, outcome: Option<Outcome>) -> Option<f64> {
    let mut inner = fields.object("effect", "send {\"absolute\": 0.02} or {\"relative\": 0.1}")?;
    let (absolute, relative) = (inner.number("absolute"), inner.number("relative"));
    if absolute.is_some() == relative.is_some() {
        inner.wrong("absolute", "is given with relative, or neither is", "send one of the two");
    }
    let base = outcome.and_then(Outcome::base);
    if relative.is_some() && base.is_none() && outcome.is_some() {
        inner.wrong("relative", "has nothing to be relative to", "send the control's mean too, not 0");
    }
    fields.join(inner);
    absolute.or_else(|| Some(relative? * base?))
}

fn read_sides(fields: &mut Fields) -> bool {
    match fields.take("sides") {
        None => true,
        Some(value) if value == "two" || value == 2 => true,
        Some(value) if value == "one" || value == 1 => false,
        Some(_) => {
            fields.wrong("sides", "is neither \"one\" nor \"two\"", "send \"one\" or \"two\"");
            true
        }
    }
}

fn fraction(fields: &mut Fields, name: &'static str) -> Option<f64> {
    let number = fields.number(name)?;
    if number > 0.0 && number < 1.0 {
        return Some(number);
    }
    fields.wrong(name, format!("{number} is not between 0 and 1"), "send a fraction such as 0.05");
    None
}

fn fraction_needed(fields: &mut Fields, name: &'static str) -> Option<f64> {
    if let Some(number) = fields.number(name) {
        if number > 0.0 && number < 1.0 {
            return Some(number);
        }
        fields.wrong(name, format!("{number} is not between 0 and 1"), "send a fraction such as 0.1");
    } else {
        fields.wrong(name, "is missing", "send the control's rate, such as 0.1");
    }
    None
}

fn positive(fields: &mut Fields, name: &'static str, most: f64) -> Option<f64> {
    let number = fields.number(name)?;
    if number > 0.0 && number <= most {
        return Some(number);
    }
    fields.wrong(name, format!("{number} is not above 0 and at most {most}"), "send such a number");
    None
}

impl Outcome {
    /// What an effect is relative to.
    fn base(self) -> Option<f64> {
        match self {
            Outcome::Proportion { baseline } => Some(baseline),
            Outcome::Mean { mean, .. } => mean.filter(|mean| *mean != 0.0).map(f64::abs),
        }
    }
}

impl Plan {
    fn solve(&self) -> Result<PlanView, NotEstimable> {
        let sizes_of = |control: f64| Sizes { control, variant: control * self.ratio };
        match (self.effect, self.customers, self.power) {
            (Some(effect), Some(customers), _) => {
                let sizes = whole(sizes_of(customers))?;
                Ok(self.view(effect, self.power_of(effect, sizes)?, sizes))
            }
            (Some(effect), None, power) => {
                let power = power.unwrap_or(DEFAULT_POWER);
                Ok(self.view(effect, power, whole(self.sizes_for(effect, power)?)?))
            }
            (None, customers, power) => {
                let power = power.unwrap_or(DEFAULT_POWER);
                let sizes = whole(sizes_of(customers.unwrap_or_default()))?;
                Ok(self.view(self.effect_seen(sizes, power)?, power, sizes))
            }
        }
    }

    fn power_of(&self, effect: f64, sizes: Sizes) -> Result<f64, NotEstimable> {
        match self.outcome {
            Outcome::Proportion { baseline } => {
                let rates = proportion::Rates { control: baseline, variant: baseline + effect };
                proportion::power(&rates, &sizes, proportion::ProportionTest::Pooled, &self.options)
            }
            Outcome::Mean { variance, .. } => {
                mean::power(effect, variance, &sizes, mean::MeanTest::Welch, &self.options)
            }
        }
    }

    fn sizes_for(&self, effect: f64, power: f64) -> Result<Sizes, NotEstimable> {
        match self.outcome {
            Outcome::Proportion { baseline } => {
                let rates = proportion::Rates { control: baseline, variant: baseline + effect };
                let test = proportion::ProportionTest::Pooled;
                proportion::sample_size(&rates, self.ratio, power, test, &self.options)
            }
            Outcome::Mean { variance, .. } => {
                let test = mean::MeanTest::Welch;
                mean::sample_size(effect, variance, self.ratio, power, test, &self.options)
            }
        }
    }

    fn effect_seen(&self, sizes: Sizes, power: f64) -> Result<f64, NotEstimable> {
        match self.outcome {
            Outcome::Proportion { baseline } => {
                let test = proportion::ProportionTest::Pooled;
                proportion::minimum_detectable_effect(baseline, &sizes, power, test, &self.options)
            }
            Outcome::Mean { variance, .. } => {
                mean::minimum_detectable_effect(variance, &sizes, power, mean::MeanTest::Welch, &self.options)
            }
        }
    }

    fn view(&self, effect: f64, power: f64, sizes: Sizes) -> PlanView {
        let (metric, method) = match self.outcome {
            Outcome::Proportion { .. } => ("proportion", "pooled_z"),
            Outcome::Mean { .. } => ("mean", "welch_t"),
        };
        // Whole and below 2^53 by `whole`.
        let (control, variant) = (sizes.control as u64, sizes.variant as u64);
        PlanView {
            metric,
            method,
            alpha: self.options.alpha,
            sides: if self.options.alternative == Alternative::TwoSided { "two" } else { "one" },
            power,
            effect: EffectView { absolute: effect, relative: self.outcome.base().map(|base| effect / base) },
            customers: CustomersView { control, variant, total: control + variant },
        }
    }
}

/// Rounded up, arm by arm; sizes that no 64-bit float counts exactly are no plan.
fn whole(sizes: Sizes) -> Result<Sizes, NotEstimable> {
    const LIMIT: f64 = 9e15;
    let sizes = Sizes { control: sizes.control.ceil(), variant: sizes.variant.ceil() };
    if sizes.control + sizes.variant < LIMIT {
        Ok(sizes)
    } else {
        Err(NotEstimable::Overflow { quantity: "the sample size" })
    }
}
