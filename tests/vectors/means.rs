//! `welch_t`, `relative_lift`, `ratio_delta`, `cuped`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::cuped::{self, Theta};
use experiment_core::stats::mean::{self, MeanSummary};
use experiment_core::stats::ratio::{self, PairSummary};
use experiment_core::stats::relative::{self, FiellerSet};
use experiment_core::stats::{Comparison, NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

/// An arm as the vectors write it.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arm {
    n: u64,
    mean: f64,
    // One customer has none.
    variance: Option<f64>,
}

impl From<Arm> for MeanSummary {
    fn from(arm: Arm) -> Self {
        Self { n: arm.n, mean: arm.mean, variance: arm.variance.unwrap_or(f64::NAN) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    n: u64,
    mean_y: f64,
    mean_x: f64,
    var_y: f64,
    var_x: f64,
    cov_yx: f64,
}

impl From<Pair> for PairSummary {
    fn from(arm: Pair) -> Self {
        Self {
            n: arm.n,
            mean_y: arm.mean_y,
            mean_x: arm.mean_x,
            variance_y: arm.var_y,
            variance_x: arm.var_x,
            covariance: arm.cov_yx,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoArms<Summary> {
    control: Summary,
    variant: Summary,
    level: f64,
}

fn of(comparison: &Result<Comparison, NotEstimable>, part: impl Fn(&Comparison) -> f64) -> Answer {
    comparison.as_ref().map(part).map_err(|reason| *reason).into()
}

pub(crate) fn welch_t(input: &Value) -> Result<Answers, String> {
    let TwoArms { control, variant, level } = parse::<TwoArms<Arm>>(input)?;
    let (control, variant) = (MeanSummary::from(control), MeanSummary::from(variant));
    let test = move |options| mean::welch_test(&control, &variant, &options);
    let two_sided = test(TestOptions::two_sided(level));
    let greater = test(TestOptions::greater(level));
    let less = test(TestOptions::less(level));
    Ok(Box::new(move |key| {
        Some(match key {
            "difference" => Answer::from(variant.mean - control.mean),
            "se" => mean::std_error(&control, &variant).into(),
            "df" => two_sided.map(|test| test.degrees_of_freedom).into(),
            "t" => of(&two_sided, |test| test.statistic),
            "p_two_sided" => of(&two_sided, |test| test.p_value),
            "p_greater" => of(&greater, |test| test.p_value),
            "p_less" => of(&less, |test| test.p_value),
            "ci_low" => of(&two_sided, |test| test.interval.lower),
            "ci_high" => of(&two_sided, |test| test.interval.upper),
            "lower_bound" => of(&greater, |test| test.interval.lower),
            "upper_bound" => of(&less, |test| test.interval.upper),
            _ => return None,
        })
    }))
}

pub(crate) fn relative_lift(input: &Value) -> Result<Answers, String> {
    let TwoArms { control, variant, level } = parse::<TwoArms<Arm>>(input)?;
    let (control, variant) = (MeanSummary::from(control), MeanSummary::from(variant));
    let options = TestOptions::two_sided(level);
    let t = relative::linear_delta(&control, &variant, &options);
    let z = relative::linear_delta_z(&control, &variant, &options);
    // The estimate alone needs no variation.
    let lift = (control.mean != 0.0).then(|| (variant.mean - control.mean) / control.mean);
    let log = relative::log_delta(&control, &variant, &options).map(|effect| effect.interval);
    let fieller_t = relative::fieller(&control, &variant, &options);
    let fieller_z = relative::fieller_z(&control, &variant, &options);
    Ok(Box::new(move |key| {
        Some(match key {
            "lift" => lift.into(),
            // GrowthBook divides by the mean's absolute value.
            "lift_over_abs_control" => lift.map(|lift| lift * control.mean.signum()).into(),
            "delta_se" => of(&t, |effect| effect.std_error),
            "delta_z_low" => of(&z, |effect| effect.interval.lower),
            "delta_z_high" => of(&z, |effect| effect.interval.upper),
            "delta_t_low" => of(&t, |effect| effect.interval.lower),
            "delta_t_high" => of(&t, |effect| effect.interval.upper),
            "log_low" => log.map(|interval| interval.lower).into(),
            "log_high" => log.map(|interval| interval.upper).into(),
            "fieller_z_low" => bounded(fieller_z).0,
            "fieller_z_high" => bounded(fieller_z).1,
            "fieller_t_low" => bounded(fieller_t).0,
            "fieller_t_high" => bounded(fieller_t).1,
            _ => return None,
        })
    }))
}

/// The ends of a bounded set; an unbounded one counts as a typed reason.
fn bounded(set: Result<FiellerSet, NotEstimable>) -> (Answer, Answer) {
    match set {
        Ok(FiellerSet::Interval(interval)) => (interval.lower.into(), interval.upper.into()),
        Ok(unbounded) => {
            let reason = Answer::NotEstimable(format!("{unbounded:?}"));
            (reason.clone(), reason)
        }
        Err(reason) => (Answer::from(Err::<f64, _>(reason)), Answer::from(Err::<f64, _>(reason))),
    }
}

pub(crate) fn ratio_delta(input: &Value) -> Result<Answers, String> {
    let TwoArms { control, variant, level } = parse::<TwoArms<Pair>>(input)?;
    let (control, variant) = (PairSummary::from(control), PairSummary::from(variant));
    let options = TestOptions::two_sided(level);
    let t = ratio::ratio_test(&control, &variant, &options);
    let (control, variant) = (ratio::delta_method(&control), ratio::delta_method(&variant));
    let both = control.and_then(|control| Ok((control.summary(), variant?.summary())));
    let z = both.and_then(|(control, variant)| mean::z_test(&control, &variant, &options));
    Ok(Box::new(move |key| {
        Some(match key {
            "ratio_control" => control.map(|arm| arm.ratio).into(),
            "ratio_variant" => variant.map(|arm| arm.ratio).into(),
            "variance_control" => control.map(|arm| arm.variance).into(),
            "variance_variant" => variant.map(|arm| arm.variance).into(),
            "difference" => both.map(|(control, variant)| variant.mean - control.mean).into(),
            "se" => both.and_then(|(control, variant)| mean::std_error(&control, &variant)).into(),
            "statistic" => of(&t, |test| test.statistic),
            "df" => t.map(|test| test.degrees_of_freedom).into(),
            "p_t" => of(&t, |test| test.p_value),
            "t_low" => of(&t, |test| test.interval.lower),
            "t_high" => of(&t, |test| test.interval.upper),
            "p_z" => of(&z, |test| test.p_value),
            "z_low" => of(&z, |test| test.interval.lower),
            "z_high" => of(&z, |test| test.interval.upper),
            _ => return None,
        })
    }))
}

pub(crate) fn cuped(input: &Value) -> Result<Answers, String> {
    let TwoArms { control, variant, level } = parse::<TwoArms<Pair>>(input)?;
    let (control, variant) = (PairSummary::from(control), PairSummary::from(variant));
    let options = TestOptions::two_sided(level);
    let reading = |theta| {
        let adjusted = cuped::adjust(&control, &variant, theta);
        let test = cuped::cuped(&control, &variant, theta, &options).map(|estimate| estimate.comparison);
        (adjusted, test)
    };
    let (joint, within) = (reading(Theta::Joint), reading(Theta::Within));
    Ok(Box::new(move |key| {
        let (part, (adjusted, test)) = match key.split_once('_')? {
            ("theta", "joint") => return Some(joint.0.map(|adjusted| adjusted.theta).into()),
            ("theta", "within") => return Some(within.0.map(|adjusted| adjusted.theta).into()),
            ("joint", part) => (part, joint),
            ("within", part) => (part, within),
            _ => return None,
        };
        Some(match part {
            "mean_control" => adjusted.map(|arms| arms.control.mean).into(),
            "mean_variant" => adjusted.map(|arms| arms.variant.mean).into(),
            "variance_control" => adjusted.map(|arms| arms.control.variance).into(),
            "variance_variant" => adjusted.map(|arms| arms.variant.variance).into(),
            "difference" => adjusted.map(|arms| arms.variant.mean - arms.control.mean).into(),
            "se" => adjusted.and_then(|arms| mean::std_error(&arms.control, &arms.variant)).into(),
            "df" => test.map(|test| test.degrees_of_freedom).into(),
            "p_t" => of(&test, |test| test.p_value),
            "ci_low" => of(&test, |test| test.interval.lower),
            "ci_high" => of(&test, |test| test.interval.upper),
            _ => return None,
        })
    }))
}
