//! Properties of methods on means and their moments.

use super::inputs::*;
use experiment_core::stats::anova::{one_way_anova, welch_anova};
use experiment_core::stats::cuped::{
    CovariateSummary, RatioHistory, Theta, adjust, adjust_by_several, cuped, cuped_by_several, cuped_ratio,
};
use experiment_core::stats::dunnett::{critical_value, dunnett_test};
use experiment_core::stats::margin::{self, EquivalenceRange};
use experiment_core::stats::mean::{self, MeanSummary};
use experiment_core::stats::ratio::{PairSummary, delta_method, ratio_test};
use experiment_core::stats::relative::{self, FiellerSet};
use experiment_core::stats::stratify::{
    CovariateStratum, Stratum, StratumWeights, post_stratified, post_stratified_cuped,
    post_stratified_cuped_relative, post_stratified_relative,
};
use experiment_core::stats::{Alternative, TestOptions};
use proptest::prelude::*;

/// Any numbers in the shape of a summary with two covariates, mostly ones that no data has.
fn covariate_arm() -> impl Strategy<Value = CovariateSummary> {
    (mean_arm(), prop::array::uniform8(any_float())).prop_map(|(outcome, [a, b, c, d, e, f, g, _])| {
        let cross = f.clamp(-1.0, 1.0) * e.abs().sqrt() * g.abs().sqrt();
        CovariateSummary {
            outcome,
            means: vec![a, b],
            with_outcome: vec![c, d],
            among: vec![vec![e.abs(), cross], vec![cross, g.abs()]],
        }
    })
}

/// Columns of up to twelve customers, small whole numbers or anything.
fn columns() -> impl Strategy<Value = [Vec<f64>; 4]> {
    let whole = prop::array::uniform4((0..5_u8).prop_map(f64::from));
    let row = prop_oneof![4 => whole, 1 => prop::array::uniform4(any_float())];
    prop::collection::vec(row, 0..12)
        .prop_map(|rows| std::array::from_fn(|column| rows.iter().map(|row| row[column]).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mean_tests_mirror(control in mean_arm(), variant in mean_arm(), options in options()) {
        let mirrored = mirrored(&options);
        for test in [mean::welch_test, mean::z_test, mean::student_test] {
            check_mirrored(test(&control, &variant, &options), test(&variant, &control, &mirrored))?;
        }
    }

    #[test]
    fn relative_effects_are_sound_or_say_why(
        control in mean_arm(), variant in mean_arm(), options in options(),
    ) {
        for effect in [relative::log_delta, relative::log_delta_z] {
            if let Ok(effect) = effect(&control, &variant, &options) {
                prop_assert!(effect.estimate.is_finite() && effect.std_error > 0.0, "{effect:?}");
                prop_assert!(in_order(&effect.interval), "{effect:?}");
                prop_assert!(effect.interval.lower >= -1.0 || effect.interval.lower == f64::NEG_INFINITY);
            }
        }
        for effect in [relative::linear_delta, relative::linear_delta_z] {
            if let Ok(effect) = effect(&control, &variant, &options) {
                prop_assert!(sound(&effect), "{effect:?}");
            }
        }
        for set in [relative::fieller, relative::fieller_z] {
            if let Ok(FiellerSet::Interval(ends) | FiellerSet::Outside(ends)) = set(&control, &variant, &options) {
                prop_assert!(in_order(&ends), "{ends:?}");
            }
        }
    }

    #[test]
    fn ratios_are_sound_or_say_why(control in pair_arm(), variant in pair_arm(), options in options()) {
        if let Ok(estimate) = delta_method(&control) {
            prop_assert!(estimate.ratio.is_finite() && estimate.variance >= 0.0 && estimate.variance.is_finite());
        }
        check_mirrored(ratio_test(&control, &variant, &options), ratio_test(&variant, &control, &mirrored(&options)))?;
    }

    #[test]
    fn cuped_is_sound_or_says_why(control in pair_arm(), variant in pair_arm(), options in options()) {
        for theta in [Theta::Joint, Theta::Within] {
            if let Ok(estimate) = cuped(&control, &variant, theta, &options) {
                prop_assert!(sound(&estimate.comparison), "{estimate:?}");
                prop_assert!(estimate.theta.is_finite() && estimate.correlation.abs() <= 1.0, "{estimate:?}");
                prop_assert!(estimate.variance_reduction <= 1.0, "{estimate:?}");
            }
        }
    }

    /// The slope within the arms minimises the pooled variance, so it can only take some away.
    #[test]
    fn cuped_within_arms_of_equal_size_never_adds_variance(
        correlations in (-0.99..0.99_f64, -0.99..0.99_f64), gap in -3.0..3.0_f64, n in 2..10_000_u64,
    ) {
        let arm = |mean_x: f64, correlation: f64| PairSummary {
            n, mean_y: 1.0, mean_x, variance_y: 4.0, variance_x: 9.0, covariance: correlation * 6.0,
        };
        let (control, variant) = (arm(0.0, correlations.0), arm(gap, correlations.1));
        let estimate = cuped(&control, &variant, Theta::Within, &TestOptions::two_sided(0.95)).unwrap();
        prop_assert!(estimate.variance_reduction >= -1e-12, "{estimate:?}");
    }

    #[test]
    fn margin_tests_are_sound_or_say_why(
        control in proportion_arm(), variant in proportion_arm(), null_effect in any_float(),
        means in (mean_arm(), mean_arm()), options in options(),
    ) {
        if let Ok(test) = margin::wald_at(&control, &variant, null_effect, &options) {
            prop_assert!(sound(&test), "{test:?}");
        }
        for test in [margin::farrington_manning_at, margin::miettinen_nurminen_at] {
            if let Ok(test) = test(&control, &variant, null_effect, options.alternative) {
                prop_assert!((0.0..=1.0).contains(&test.p_value) && test.statistic.is_finite(), "{test:?}");
            }
        }
        if let Ok(test) = margin::welch_at(&means.0, &means.1, null_effect, &options) {
            prop_assert!(sound(&test), "{test:?}");
        }
        let range = EquivalenceRange { low: -null_effect.abs(), high: null_effect.abs() };
        if let Ok(tost) = margin::welch_tost(&means.0, &means.1, &range, 0.05) {
            prop_assert!((0.0..=1.0).contains(&tost.p_value), "{tost:?}");
        }
    }
}

proptest! {
    #[test]
    fn stratified_effects_are_sound(
        arms in prop::collection::vec((mean_arm(), mean_arm()), 1..4),
        options in options(),
    ) {
        let strata: Vec<Stratum> =
            arms.into_iter().map(|(control, variant)| Stratum { control, variant }).collect();
        for weights in [StratumWeights::Fixed, StratumWeights::Random] {
            for estimate in [
                post_stratified(&strata, weights, &options),
                post_stratified_relative(&strata, weights, &options),
            ].into_iter().flatten() {
                prop_assert!(sound(&estimate.comparison), "{estimate:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn dunnett_is_sound(
        control in mean_arm(),
        variants in prop::collection::vec(mean_arm(), 1..4),
        options in options(),
    ) {
        if let Ok(test) = dunnett_test(&control, &variants, &options) {
            for comparison in &test.comparisons {
                prop_assert!((0.0..=1.0).contains(&comparison.p_value), "{test:?}");
                prop_assert!(comparison.log10_p_value <= 0.0);
                prop_assert!(in_order(&comparison.interval), "{test:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn summaries_of_values_are_sound_or_say_why(columns in columns()) {
        if let Ok(summary) = MeanSummary::from_values(&columns[0]) {
            prop_assert!(summary.mean.is_finite() && summary.variance >= 0.0 && summary.variance.is_finite(), "{summary:?}");
            let (low, high) = columns[0].iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            let slack = 1e-12 * low.abs().max(high.abs());
            prop_assert!(low - slack <= summary.mean && summary.mean <= high + slack, "{summary:?} of {columns:?}");
        }
        if let Ok(pair) = PairSummary::from_values(&columns[0], &columns[1]) {
            prop_assert!(pair.covariance.is_finite() && pair.outcome() == MeanSummary::from_values(&columns[0]).unwrap());
        }
    }

    #[test]
    fn intervals_and_errors_of_means_are_sound(control in mean_arm(), variant in mean_arm(), options in options()) {
        if let Ok(ends) = mean::mean_interval(&control, &options) {
            prop_assert!(!ends.lower.is_nan() && !ends.upper.is_nan(), "{ends:?}");
        }
        if let Ok(error) = mean::std_error(&control, &variant) {
            prop_assert!(error >= 0.0 && error.is_finite());
        }
        for anova in [welch_anova, one_way_anova] {
            if let Ok(test) = anova(&[control, variant, control]) {
                prop_assert!(test.statistic >= 0.0 && is_probability(test.p_value) && test.within > 0.0, "{test:?}");
                prop_assert!(logarithm_agrees(test.p_value, test.log10_p_value), "{test:?}");
            }
        }
    }

    #[test]
    fn adjusting_by_several_is_sound_or_says_why(
        control in covariate_arm(), variant in covariate_arm(), columns in columns(), options in options(),
    ) {
        let [y, a, b, c] = &columns;
        let of_columns = CovariateSummary::from_columns(y, &[a, b, c]);
        for theta in [Theta::Joint, Theta::Within] {
            let pairs = of_columns.iter().map(|arm| (arm, arm)).chain([(&control, &variant)]);
            for (control, variant) in pairs {
                if let Ok(adjusted) = adjust_by_several(control, variant, theta) {
                    prop_assert!(adjusted.thetas.iter().all(|theta| theta.is_finite()) && is_probability(adjusted.explained), "{adjusted:?}");
                }
                if let Ok(estimate) = cuped_by_several(control, variant, theta, &options) {
                    prop_assert!(sound(&estimate.comparison) && estimate.variance_reduction <= 1.0, "{estimate:?}");
                }
            }
        }
    }

    #[test]
    fn adjusted_ratios_are_sound_or_say_why(
        one in columns(), other in columns(), n in size(), means in prop::array::uniform4(any_float()),
        cells in prop::array::uniform4(prop::array::uniform4(any_float())), options in options(),
    ) {
        let history = |columns: &[Vec<f64>; 4]| RatioHistory::from_columns(columns.each_ref().map(Vec::as_slice));
        let any = RatioHistory { n, means, covariances: cells };
        for theta in [Theta::Joint, Theta::Within] {
            if let (Ok(control), Ok(variant)) = (history(&one), history(&other))
                && let Ok(estimate) = cuped_ratio(&control, &variant, theta, &options)
            {
                prop_assert!(sound(&estimate.comparison) && estimate.theta.is_finite(), "{estimate:?}");
            }
            if let Ok(estimate) = cuped_ratio(&any, &any, theta, &options) {
                prop_assert!(sound(&estimate.comparison) && estimate.theta.is_finite(), "{estimate:?}");
            }
        }
    }

    #[test]
    fn adjusted_strata_are_sound_or_say_why(
        arms in prop::collection::vec((pair_arm(), pair_arm()), 1..4), options in options(),
    ) {
        for (control, variant) in &arms {
            for theta in [Theta::Joint, Theta::Within] {
                if let Ok(adjusted) = adjust(control, variant, theta) {
                    prop_assert!(adjusted.theta.is_finite() && adjusted.control.variance >= 0.0, "{adjusted:?}");
                    prop_assert!(adjusted.variant.mean.is_finite(), "{adjusted:?}");
                }
            }
        }
        let strata: Vec<CovariateStratum> =
            arms.into_iter().map(|(control, variant)| CovariateStratum { control, variant }).collect();
        for weights in [StratumWeights::Fixed, StratumWeights::Random] {
            for estimate in [
                post_stratified_cuped(&strata, Theta::Joint, weights, &options),
                post_stratified_cuped_relative(&strata, Theta::Within, weights, &options),
            ].into_iter().flatten() {
                prop_assert!(sound(&estimate.comparison), "{estimate:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn critical_values_are_numbers_or_say_why(
        ratios in prop::collection::vec(any_float(), 0..4), freedom in any_float(), alpha in any_float(),
    ) {
        for side in [Alternative::TwoSided, Alternative::Greater, Alternative::Less] {
            if let Ok(value) = critical_value(&ratios, freedom, side, alpha) {
                prop_assert!(value.is_finite(), "{value}");
            }
        }
    }
}
