//! The report as every consumer sees it. Names are a public contract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Estimand;
use crate::definition::{Direction, Role};
use crate::time::{Day, Timestamp};

/// Everything there is to say about an experiment at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The experiment's key.
    pub experiment: String,
    /// The version of the definition in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_version: Option<u32>,
    /// The library that computed it.
    pub library_version: String,
    /// The instant it speaks of; absent where nothing waits for maturity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The position in the log that it includes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What was read, where it came from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRows>,
    /// All first exposures by arm, crossed ones too.
    pub variants: Vec<VariantCount>,
    /// Whether the numbers can be trusted.
    pub health: Health,
    /// The metrics in the order of the definition.
    pub metrics: Vec<MetricReport>,
    /// Method `group_sequential`: the looks that were reached; `decision` speaks of the last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<LookReport>,
    /// The metrics again for each value of each dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionReport>,
    /// What to do.
    pub verdict: Verdict,
}

/// What was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InputRows {
    /// Rows read, without the header.
    pub rows: u64,
    /// Customers found in the rows that were kept.
    pub customers: u64,
    /// Rows that repeat another one and count once.
    pub duplicates: u64,
    /// Rows left out, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// How many customers an arm has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantCount {
    /// The arm.
    pub variant: String,
    /// First exposures, crossed customers included.
    pub customers: u64,
}

/// Whether the numbers can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Sample ratio mismatch: whether the arms' sizes fit the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srm: Option<Srm>,
    /// Customers seen in two variants.
    pub crossed_over: u64,
    /// Each check with what it found.
    pub checks: Vec<Check>,
}

/// The χ² test of the arms' sizes against the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Srm {
    /// How likely sizes this far off are if assignment works.
    pub p_value: f64,
    /// Pearson's χ².
    pub statistic: f64,
    /// Arms − 1.
    pub degrees_of_freedom: f64,
    /// Customers by arm.
    pub observed: BTreeMap<String, u64>,
    /// Customers by arm that the weights promise.
    pub expected: BTreeMap<String, f64>,
    /// The sequential test's p-value, which holds however often it is looked at; while customers enter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential_p_value: Option<f64>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which.
    pub check: CheckCode,
    /// How bad.
    pub level: Level,
    /// What was found and what to do, in a sentence.
    pub detail: String,
}

/// The checks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    /// Sample ratio mismatch: the arms' sizes fit the weights.
    Srm,
    /// The arms' sizes fit the weights within every value of every dimension.
    SrmDimensions,
    /// Few customers were seen in two variants.
    Crossover,
    /// About as many of each arm were.
    CrossoverDifference,
    /// The windows of enough customers have ended.
    Immaturity,
    /// The arms are large enough for the methods used.
    SampleSize,
    /// Mature customers entered over a week at least.
    TooEarly,
    /// The target can show the smallest effect worth acting on.
    Underpowered,
    /// A fixed plan is not read before its target.
    Peeking,
    /// The arms were alike before exposure.
    PreExposureBalance,
    /// The effect is the same from week to week of customers.
    Drift,
    /// Each variant changes one thing.
    SeveralChanges,
    /// No value was finer than the metric's scale.
    RoundedValues,
    /// No customer's total was beyond the bound.
    ClampedValues,
    /// Few rows were left out.
    RejectedRows,
    /// Each dimension has few enough values.
    DimensionValues,
    /// Exposures agree with our own draw.
    OffAssignment,
    /// New facts still reach the sums.
    Stale,
    /// Every metric's sums fit their 128 bits.
    Overflow,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Read the detail before acting.
    Warn,
    /// Don't act on the numbers.
    Fail,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// Its key.
    pub metric: String,
    /// What kind of number it is.
    pub kind: Estimand,
    /// What it is for.
    pub role: Role,
    /// Which way is good.
    pub direction: Direction,
    /// Customers whose window is still open; absent where nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immature: Option<u64>,
    /// Everybody, open windows included: no basis for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<SoFar>,
    /// The arms over mature customers.
    pub arms: Vec<Arm>,
    /// Each other arm against the control.
    pub comparisons: Vec<Comparison>,
}

/// Everybody, open windows included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoFar {
    /// The arms.
    pub arms: Vec<ArmSoFar>,
}

/// An arm over everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmSoFar {
    /// The arm.
    pub variant: String,
    /// Customers.
    pub n: u64,
    /// The metric's value; absent without customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
}

/// An arm over mature customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// The arm.
    pub variant: String,
    /// Mature customers used.
    pub n: u64,
    /// The metric's value; absent without customers (or, for a ratio, with a zero denominator).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// Means: the mean per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Per customer; p(1 − p) for proportions, divisor n − 1 for means, delta method for ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Ratios: the numerator's mean per exposed customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<f64>,
    /// Ratios: the denominator's mean per exposed customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<f64>,
    /// Quantiles: lower end of the order-statistic interval, at 1 − α; absent with too few customers for one.
    /// Survival: of the mean days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Survival: customers in the curve, `n` and those who were not followed to the horizon yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<u64>,
    /// Survival: the curve, a point a day on which somebody was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survival: Vec<SurvivalDay>,
    /// Metrics that only some customers answer: the share that did. Arms that differ in it can't be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_rate: Option<f64>,
}

/// A point of Kaplan and Meier's curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SurvivalDay {
    /// Days after the cohort day.
    pub day: u32,
    /// Customers still there before it and followed until it.
    pub at_risk: u64,
    /// Customers lost on it.
    pub events: u64,
    /// The share still there after it.
    pub survival: f64,
    /// Lower end of its interval, at 1 − α; absent where nobody is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// One arm against the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// How statistic and p-value are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The arms as they are.
    Unadjusted,
    /// With variance reduction by the covariates.
    Cuped,
}

/// The reading with variance reduction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// A reading that holds however often it is looked at; not adjusted for other comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
pub struct IntentionToTreat {
    /// Variant − control, at 1 − α.
    pub effect: Effect,
    /// Of the hypothesis that there is no effect; not adjusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
}

/// What is believed of the effect after the data. Controls the loss that is expected, not false positives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The lower end.
    Lower,
    /// The upper end.
    Upper,
}

/// Why something could not be estimated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotEstimableReason {
    /// A fixed word.
    pub code: String,
    /// A sentence with the numbers.
    pub detail: String,
}

/// A look at a group-sequential plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LookReport {
    /// The share of the target at which it was planned; absent for the last look of an experiment that was stopped
    /// early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<f64>,
    /// The share of the target that was reached.
    pub reached: f64,
    /// The end of the day on which it was reached; absent where nothing waits for maturity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The metrics among customers with one value of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DimensionReport {
    /// The attribute.
    pub dimension: String,
    /// Its value at first exposure; empty when it was missing.
    pub value: String,
    /// The metrics, p-values adjusted by Benjamini and Hochberg over values × variants.
    pub metrics: Vec<MetricReport>,
}

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The verdict.
    pub verdict: VerdictCode,
    /// The variant it speaks of, if it speaks of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Why, in plain sentences.
    pub reasons: Vec<String>,
    /// The day on which it was decided, once and for all; absent for a verdict of the present moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_on: Option<Day>,
}

/// The verdicts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictCode {
    /// The numbers can't be trusted.
    Invalid,
    /// A variant does harm: stop giving it.
    StopForHarm,
    /// Give the variant to everybody.
    Ship,
    /// Stay with the control.
    KeepControl,
    /// The sample is complete and shows neither.
    Inconclusive,
    /// Too early to tell.
    Continue,
}
