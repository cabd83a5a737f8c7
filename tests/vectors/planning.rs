//! `power`, `non_inferiority`.

use crate::answer::{Answer, Answers, parse};
use crate::{means, proportions};
use experiment_core::stats::margin::{
    self, EquivalenceRange, farrington_manning_at, miettinen_nurminen_at, wald_at, welch_at,
};
use experiment_core::stats::mean::MeanSummary;
use experiment_core::stats::power::mean::{self as mean_power, MeanTest};
use experiment_core::stats::power::proportion::{self as proportion_power, ProportionTest, Rates, cohen_h};
use experiment_core::stats::power::{FarTail, PowerOptions, Sizes, non_inferiority as margin_power};
use experiment_core::stats::proportion::{ProportionSummary, rate_difference};
use experiment_core::stats::{Alternative, TestOptions};
use serde::Deserialize;
use serde_json::Value;

/// The bounds that carry their level in their key.
const BOUND_LEVEL: f64 = 0.95;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum MarginInput {
    Mean { control: means::Arm, variant: means::Arm, margin: f64 },
    Proportion { control: proportions::Arm, variant: proportions::Arm, margin: f64 },
}

pub(crate) fn non_inferiority(input: &Value) -> Result<Answers, String> {
    Ok(match parse(input)? {
        MarginInput::Mean { control, variant, margin } => mean_margin(control.into(), variant.into(), margin),
        MarginInput::Proportion { control, variant, margin } => {
            proportion_margin(control.into(), variant.into(), margin)
        }
    })
}

fn mean_margin(control: MeanSummary, variant: MeanSummary, margin: f64) -> Answers {
    let lower = welch_at(&control, &variant, -margin, &TestOptions::greater(BOUND_LEVEL));
    let upper = welch_at(&control, &variant, margin, &TestOptions::less(BOUND_LEVEL));
    let range = EquivalenceRange { low: -margin, high: margin };
    let tost = margin::welch_tost(&control, &variant, &range, 1.0 - BOUND_LEVEL);
    Box::new(move |key| {
        Some(match key {
            "difference" => Answer::from(variant.mean - control.mean),
            "t_lower" => lower.map(|test| test.statistic).into(),
            "p_lower" => lower.map(|test| test.p_value).into(),
            "t_upper" => upper.map(|test| test.statistic).into(),
            "p_upper" => upper.map(|test| test.p_value).into(),
            "p_tost" => tost.map(|test| test.p_value).into(),
            "lower_bound_95" => lower.map(|test| test.interval.lower).into(),
            "upper_bound_95" => upper.map(|test| test.interval.upper).into(),
            _ => return None,
        })
    })
}

fn proportion_margin(control: ProportionSummary, variant: ProportionSummary, margin: f64) -> Answers {
    let wald = wald_at(&control, &variant, -margin, &TestOptions::greater(BOUND_LEVEL));
    let farrington_manning = farrington_manning_at(&control, &variant, -margin, Alternative::Greater);
    let miettinen_nurminen = miettinen_nurminen_at(&control, &variant, -margin, Alternative::Greater);
    Box::new(move |key| {
        Some(match key {
            "difference" => rate_difference(&control, &variant).into(),
            "wald_z" => wald.map(|test| test.statistic).into(),
            "wald_p_lower" => wald.map(|test| test.p_value).into(),
            "farrington_manning_z" => farrington_manning.map(|test| test.statistic).into(),
            "farrington_manning_p_lower" => farrington_manning.map(|test| test.p_value).into(),
            "miettinen_nurminen_z" => miettinen_nurminen.map(|test| test.statistic).into(),
            "miettinen_nurminen_p_lower" => miettinen_nurminen.map(|test| test.p_value).into(),
            _ => return None,
        })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum PowerInput {
    PowerProportion {
        control_rate: f64,
        variant_rate: f64,
        n_control: f64,
        n_variant: f64,
        alpha: f64,
        sides: u8,
    },
    SampleSizeProportion {
        control_rate: f64,
        variant_rate: f64,
        ratio: f64,
        alpha: f64,
        sides: u8,
        power: f64,
    },
    PowerT {
        effect: f64,
        sd: f64,
        n_control: f64,
        n_variant: f64,
        alpha: f64,
        alternative: AlternativeName,
    },
    MdeT {
        variance: f64,
        // Only needed for a relative effect, which no key asks for.
        #[serde(rename = "control_mean")]
        _control_mean: f64,
        n_control: f64,
        n_variant: f64,
        alpha: f64,
        power: f64,
        alternative: AlternativeName,
    },
    SampleSizeNonInferiorityProportion {
        rate: f64,
        margin: f64,
        alpha: f64,
        power: f64,
    },
    SampleSizeNonInferiorityMean {
        variance: f64,
        margin: f64,
        alpha: f64,
        power: f64,
    },
}

#[derive(Clone, Copy, Deserialize)]
enum AlternativeName {
    #[serde(rename = "two-sided")]
    TwoSided,
    #[serde(rename = "greater")]
    Greater,
    #[serde(rename = "less")]
    Less,
}

impl From<AlternativeName> for Alternative {
    fn from(name: AlternativeName) -> Self {
        match name {
            AlternativeName::TwoSided => Self::TwoSided,
            AlternativeName::Greater => Self::Greater,
            AlternativeName::Less => Self::Less,
        }
    }
}

/// One side is the side of the effect.
fn alternative_of(sides: u8, rates: &Rates) -> Result<Alternative, String> {
    match sides {
        2 => Ok(Alternative::TwoSided),
        1 if rates.variant < rates.control => Ok(Alternative::Less),
        1 => Ok(Alternative::Greater),
        _ => Err(format!("input: {sides} sides")),
    }
}

pub(crate) fn power(input: &Value) -> Result<Answers, String> {
    Ok(match parse(input)? {
        PowerInput::PowerProportion { control_rate, variant_rate, n_control, n_variant, alpha, sides } => {
            let rates = Rates { control: control_rate, variant: variant_rate };
            let alternative = alternative_of(sides, &rates)?;
            power_proportion(rates, Sizes { control: n_control, variant: n_variant }, alpha, alternative)
        }
        PowerInput::SampleSizeProportion { control_rate, variant_rate, ratio, alpha, sides, power } => {
            let rates = Rates { control: control_rate, variant: variant_rate };
            let alternative = alternative_of(sides, &rates)?;
            let options = PowerOptions { alpha, alternative, far_tail: FarTail::Ignored };
            sample_size_proportion(rates, ratio, power, options)
        }
        PowerInput::PowerT { effect, sd, n_control, n_variant, alpha, alternative } => {
            let alternative = alternative.into();
            let options = PowerOptions { alpha, alternative, far_tail: FarTail::Counted };
            let sizes = Sizes { control: n_control, variant: n_variant };
            let with = move |test| mean_power::power(effect, sd * sd, &sizes, test, &options);
            Box::new(move |key| match key {
                "power" => Some(with(MeanTest::Student).into()),
                "power_normal" => Some(with(MeanTest::Normal).into()),
                _ => None,
            })
        }
        PowerInput::MdeT { variance, n_control, n_variant, alpha, power, alternative, .. } => {
            let alternative = alternative.into();
            let sizes = Sizes { control: n_control, variant: n_variant };
            let with = move |test, far_tail| {
                let options = PowerOptions { alpha, alternative, far_tail };
                Answer::from(mean_power::minimum_detectable_effect(variance, &sizes, power, test, &options))
            };
            Box::new(move |key| match key {
                "mde" => Some(with(MeanTest::Welch, FarTail::Counted)),
                "mde_normal" => Some(with(MeanTest::Normal, FarTail::Ignored)),
                _ => None,
            })
        }
        PowerInput::SampleSizeNonInferiorityProportion { rate, margin, alpha, power } => {
            per_arm(margin_power::proportion_sample_size(rate, margin, alpha, power).into())
        }
        PowerInput::SampleSizeNonInferiorityMean { variance, margin, alpha, power } => {
            per_arm(margin_power::mean_sample_size(variance, margin, alpha, power).into())
        }
    })
}

fn per_arm(size: Answer) -> Answers {
    Box::new(move |key| (key == "n_per_arm").then(|| size.clone()))
}

fn power_proportion(rates: Rates, sizes: Sizes, alpha: f64, alternative: Alternative) -> Answers {
    let with = move |test, far_tail| {
        let options = PowerOptions { alpha, alternative, far_tail };
        Answer::from(proportion_power::power(&rates, &sizes, test, &options))
    };
    Box::new(move |key| {
        Some(match key {
            "pooled_power" => with(ProportionTest::Pooled, FarTail::Ignored),
            "pooled_power_both_tails" => with(ProportionTest::Pooled, FarTail::Counted),
            "unpooled_power" => with(ProportionTest::Unpooled, FarTail::Ignored),
            "unpooled_power_both_tails" => with(ProportionTest::Unpooled, FarTail::Counted),
            "arcsine_power" => with(ProportionTest::Arcsine, FarTail::Ignored),
            "arcsine_power_both_tails" => with(ProportionTest::Arcsine, FarTail::Counted),
            "cohen_h" => cohen_h(&rates).into(),
            _ => return None,
        })
    })
}

fn sample_size_proportion(rates: Rates, ratio: f64, power: f64, options: PowerOptions) -> Answers {
    let with = move |test| {
        let sizes = proportion_power::sample_size(&rates, ratio, power, test, &options);
        Answer::from(sizes.map(|sizes| sizes.control))
    };
    Box::new(move |key| match key {
        "n_control_pooled" => Some(with(ProportionTest::Pooled)),
        "n_control_unpooled" => Some(with(ProportionTest::Unpooled)),
        "n_control_arcsine" => Some(with(ProportionTest::Arcsine)),
        _ => None,
    })
}
