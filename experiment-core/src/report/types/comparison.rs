//! One variant beside the control on one metric.

use serde::{Deserialize, Serialize};

/// One arm against the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// The arm.
    pub variant: String,
    /// What it is compared with.
    pub control: String,
    /// How statistic and p-value are made.
    pub method: MethodCode,
    /// Variant − control, at 1 − α.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// (Variant − control) ÷ control, at 1 − α.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_effect: Option<RelativeEffect>,
    /// The test statistic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// Its degrees of freedom; absent for z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrees_of_freedom: Option<f64>,
    /// Of the hypothesis that there is no effect; unadjusted, without covariates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Its decimal logarithm, where the p-value is below 1e-300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log10_p_value: Option<f64>,
    /// The deciding reading's p-value, adjusted within its family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
    /// What counts for the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The reading with variance reduction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cuped: Option<Cuped>,
    /// The reading averaged over strata, where the plan names any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratified: Option<Stratified>,
    /// Method `always_valid`: the deciding reading as a sequence, which may be looked at on any day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_valid: Option<AlwaysValid>,
    /// Method `bayesian`, primaries: what is believed of the effect after the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bayes: Option<Bayes>,
    /// Where customers were seen in two variants: the effect with them, under the variant that they saw first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intention_to_treat: Option<IntentionToTreat>,
    /// Primaries and guardrails while the experiment runs: the alarm for harm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm: Option<Harm>,
    /// Ends of the effect's interval that are infinite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unbounded: Vec<Bound>,
    /// Why there is no effect or no test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_estimable: Option<NotEstimableReason>,
}

impl Comparison {
    /// The reading that decides, or would.
    #[must_use]
    pub fn deciding_reading(&self) -> Reading {
        self.decision.map_or(Reading::Unadjusted, |decision| decision.reading)
    }

    /// The effect as a reading sees it.
    #[must_use]
    pub fn effect_of(&self, reading: Reading) -> Option<Effect> {
        match reading {
            Reading::Unadjusted => self.effect,
            Reading::Cuped => self.cuped.as_ref().map(|cuped| cuped.effect),
            Reading::Stratified | Reading::StratifiedCuped => {
                self.stratified.as_ref().map(|stratified| stratified.effect)
            }
        }
    }

    /// The relative effect likewise.
    #[must_use]
    pub fn relative_effect_of(&self, reading: Reading) -> Option<RelativeEffect> {
        match reading {
            Reading::Unadjusted => self.relative_effect,
            Reading::Cuped => self.cuped.as_ref().and_then(|cuped| cuped.relative_effect),
            Reading::Stratified | Reading::StratifiedCuped => {
                self.stratified.as_ref().and_then(|stratified| stratified.relative_effect)
            }
        }
    }

    /// The p-value likewise; not adjusted for other comparisons.
    #[must_use]
    pub fn p_value_of(&self, reading: Reading) -> Option<f64> {
        match reading {
            Reading::Unadjusted => self.p_value,
            Reading::Cuped => self.cuped.as_ref().map(|cuped| cuped.p_value),
            Reading::Stratified | Reading::StratifiedCuped => {
                self.stratified.as_ref().map(|stratified| stratified.p_value)
            }
        }
    }
}

/// How statistic and p-value are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MethodCode {
    /// Pooled two-proportion z-test; interval by Miettinen and Nurminen.
    PooledZ,
    /// Welch's t-test.
    WelchT,
    /// Delta method for a ratio of means, t quantiles.
    DeltaT,
    /// Log-rank test; the effect is the difference in mean days up to the horizon.
    LogRank,
    /// Quantiles by Welch's t, each arm's error from its order-statistic interval.
    QuantileT,
}

/// An effect with its interval; an infinite end is absent and named in `unbounded`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Effect {
    /// Variant − control.
    pub estimate: f64,
    /// Its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_error: Option<f64>,
    /// Lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// A relative effect with its interval, as a fraction of the control.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelativeEffect {
    /// (Variant − control) ÷ control.
    pub estimate: f64,
    /// Its standard error by the delta method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_error: Option<f64>,
    /// Lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// What lies between the ends.
    pub set: RelativeSet,
}

/// What the two ends of a relative effect mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelativeSet {
    /// Everything between the ends.
    Interval,
    /// Everything but what lies between the ends.
    Outside,
    /// Every number: the data say nothing.
    All,
}

/// What counts for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// Which reading decides.
    pub reading: Reading,
    /// Lower end at the level that the correction asks for; guardrails: a one-sided bound at α.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Primaries and secondaries: there is an effect. Guardrails: it is not worse by the margin.
    pub significant: bool,
    /// Confidence level of `lower` and `upper`.
    pub confidence_level: f64,
    /// What that shows of the variant, if it shows anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shows>,
}

/// What a decision shows of a variant, in the metric's good direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// It is better than the control.
    Better,
    /// It is worse than the control.
    Worse,
    /// Guardrails: it is not worse by the margin.
    NotWorse,
}

/// Which reading decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The arms as they are.
    Unadjusted,
    /// With variance reduction by the covariates.
    Cuped,
    /// Averaged over strata.
    Stratified,
    /// Averaged over strata, with variance reduction by the covariates within each.
    StratifiedCuped,
}

/// The reading with variance reduction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cuped {
    /// Slope of the outcome on the covariate, both arms as one sample; of several, on the first.
    pub theta: f64,
    /// With several covariates the slope on each, in their order; 0 for one that adds nothing to those before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thetas: Vec<f64>,
    /// Share of the squared standard error that the covariates take away.
    pub variance_reduction: f64,
    /// Variant − control of the adjusted means, at 1 − α.
    pub effect: Effect,
    /// Relative to the adjusted control mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_effect: Option<RelativeEffect>,
    /// t statistic.
    pub statistic: f64,
    /// Welch's degrees of freedom of the adjusted arms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrees_of_freedom: Option<f64>,
    /// Of the hypothesis that there is no effect; not adjusted for other comparisons.
    pub p_value: f64,
}

/// The reading averaged over strata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stratified {
    /// How many strata it is averaged over, what was pooled counted as one.
    pub strata: u64,
    /// With covariates: the slope within a stratum, averaged over them by customers; of several covariates, on the
    /// first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theta: Option<f64>,
    /// With several covariates the averaged slope on each, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thetas: Vec<f64>,
    /// Share of the squared standard error of the plain effect that strata and covariates take away; below 0 if they
    /// add some.
    pub variance_reduction: f64,
    /// Variant − control, averaged over the strata by their customers, at 1 − α.
    pub effect: Effect,
    /// Relative to the control's mean averaged alike; absent where that is too near 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_effect: Option<RelativeEffect>,
    /// z statistic.
    pub statistic: f64,
    /// Of the hypothesis that there is no effect; not adjusted for other comparisons.
    pub p_value: f64,
}

/// A reading that holds however often it is looked at; not adjusted for other comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlwaysValid {
    /// The level at which the interval would just leave out 0.
    pub p_value: f64,
    /// Lower end at 1 − α, for all days together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// The effect over everybody as they were first assigned; without covariates, and no basis for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntentionToTreat {
    /// Variant − control, at 1 − α.
    pub effect: Effect,
    /// Of the hypothesis that there is no effect; not adjusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
}

/// What is believed of the effect after the data. Controls the loss that is expected, not false positives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bayes {
    /// Probability that the variant is better than the control.
    pub chance_to_win: f64,
    /// Probability that it is worse, accurate where `chance_to_win` rounds to 1.
    pub chance_to_lose: f64,
    /// What shipping the variant is expected to lose, on the metric's scale.
    pub expected_loss: f64,
    /// What keeping the control is expected to lose.
    pub expected_loss_of_control: f64,
    /// Lower end of the equal-tailed credible interval of variant − control, at 1 − α.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// The alarm for harm: a one-sided bound on the effect, in the bad direction, that holds on all days together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Harm {
    /// The effect is at least this bad, if it is beyond `threshold`.
    pub bound: f64,
    /// Primaries: 0. Guardrails: the margin, with its sign.
    pub threshold: f64,
    /// Confidence level of `bound`: 1 − 0.01 ÷ (primaries + guardrails).
    pub confidence_level: f64,
    /// Whether `bound` is beyond `threshold`.
    pub shown: bool,
}

/// An end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The lower end.
    Lower,
    /// The upper end.
    Upper,
}

/// Why something could not be estimated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotEstimableReason {
    /// A fixed word.
    pub code: String,
    /// A sentence with the numbers.
    pub detail: String,
}
