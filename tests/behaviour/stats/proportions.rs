//! Properties of tests and intervals of proportions.

use super::inputs::*;
use experiment_core::stats::exact::{self, ExactTest};
use experiment_core::stats::proportion::{self, HalfStep, ProportionStratum, ProportionSummary};
use experiment_core::stats::{Alternative, Interval, NotEstimable, TestOptions, margin};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn proportion_tests_mirror(control in proportion_arm(), variant in proportion_arm(), options in options()) {
        let mirrored = mirrored(&options);
        for test in [proportion::pooled_z_test, proportion::unpooled_z_test] {
            check_mirrored(test(&control, &variant, &options), test(&variant, &control, &mirrored))?;
        }
    }

    #[test]
    fn difference_intervals_are_in_order_and_mirror(
        control in proportion_arm(), variant in proportion_arm(), options in options(),
    ) {
        let estimate = proportion::rate_difference(&control, &variant).unwrap();
        let mirrored = mirrored(&options);
        for (name, interval) in [
            ("wald", proportion::wald_interval as fn(_: &_, _: &_, _: &_) -> Result<Interval, NotEstimable>),
            ("newcombe", proportion::newcombe_interval),
            ("agresti_caffo", proportion::agresti_caffo_interval),
            ("miettinen_nurminen", proportion::miettinen_nurminen_interval),
        ] {
            let one = interval(&control, &variant, &options).unwrap();
            let other = interval(&variant, &control, &mirrored).unwrap();
            prop_assert!(in_order(&one), "{name} {one:?}");
            let scale = 1e-9 * one.lower.abs().min(1.0).max(one.upper.abs().min(1.0)) + 1e-15;
            let same = |a: f64, b: f64| a == -b || (a + b).abs() <= scale;
            prop_assert!(same(one.lower, other.upper) && same(one.upper, other.lower), "{name} {one:?} {other:?}");
            let two_sided = options.alternative == Alternative::TwoSided;
            if name == "miettinen_nurminen" && two_sided {
                prop_assert!(one.lower >= -1.0 && one.upper <= 1.0, "{one:?}");
                prop_assert!(one.lower <= estimate && estimate <= one.upper, "{one:?} {estimate}");
                prop_assert!(options.confidence_level < 0.1 || one.lower < one.upper, "never of zero length: {one:?}");
            }
        }
    }

    /// The score interval holds exactly the null effects that the score test does not reject.
    #[test]
    fn score_interval_and_score_test_agree(
        control in proportion_arm(), variant in proportion_arm(), level in 0.5..0.999_f64,
    ) {
        let interval =
            proportion::miettinen_nurminen_interval(&control, &variant, &TestOptions::two_sided(level)).unwrap();
        for end in [interval.lower, interval.upper] {
            let test = margin::miettinen_nurminen_at(&control, &variant, end, Alternative::TwoSided);
            // At −1 and 1 nothing varies, so there is no test.
            let Ok(test) = test else { continue };
            let miss = 1.0 - level;
            prop_assert!((test.p_value - miss).abs() < 1e-4 * miss, "{} at {end}, {interval:?}", test.p_value);
        }
    }

    #[test]
    fn ratio_intervals_hold_the_ratio_and_invert(
        control in proportion_arm(), variant in proportion_arm(), level in 0.5..0.999_f64,
    ) {
        let options = TestOptions::two_sided(level);
        let ratio = proportion::risk_ratio(&control, &variant);
        for interval in [proportion::risk_ratio_log_interval, proportion::risk_ratio_score_interval] {
            match (interval(&control, &variant, &options), interval(&variant, &control, &options)) {
                (Ok(one), Ok(other)) => {
                    let ratio = ratio.unwrap();
                    prop_assert!(in_order(&one) && one.lower >= 0.0, "{one:?}");
                    let slack = 1e-12 * ratio;
                    prop_assert!(
                        one.lower <= ratio + slack && ratio - slack <= one.upper || ratio.is_infinite(),
                        "{one:?} {ratio}"
                    );
                    prop_assert!(close(one.lower, 1.0 / other.upper, 1e-6), "{one:?} {other:?}");
                    prop_assert!(close(one.upper, 1.0 / other.lower, 1e-6), "{one:?} {other:?}");
                }
                (Err(one), Err(other)) => {
                    prop_assert_eq!(one.code(), "no_successes");
                    prop_assert_eq!(other.code(), "no_successes");
                }
                (one, other) => prop_assert!(false, "{one:?} {other:?}"),
            }
        }
    }

    #[test]
    fn intervals_of_one_proportion_hold_it(arm in proportion_arm(), level in 0.5..0.9999_f64) {
        let options = TestOptions::two_sided(level);
        let rate = arm.rate();
        for interval in [
            proportion::wilson_interval,
            proportion::clopper_pearson_interval,
            proportion::jeffreys_interval,
            proportion::agresti_coull_interval,
        ] {
            let ends = interval(&arm, &options).unwrap();
            prop_assert!(0.0 <= ends.lower && ends.upper <= 1.0 && in_order(&ends), "{ends:?}");
            prop_assert!(ends.lower <= rate && rate <= ends.upper, "{ends:?} {rate}");
        }
        let exact = proportion::clopper_pearson_interval(&arm, &options).unwrap();
        let jeffreys = proportion::jeffreys_interval(&arm, &options).unwrap();
        prop_assert!(exact.lower <= jeffreys.lower && jeffreys.upper <= exact.upper);
    }

    #[test]
    fn exact_tests_are_probabilities_and_mirror(control in proportion_arm(), variant in proportion_arm()) {
        let fisher = |side| exact::fisher_test(&control, &variant, side).unwrap();
        let sound = |test: &ExactTest| {
            (0.0..=1.0).contains(&test.p_value) && logarithm_agrees(test.p_value, test.log10_p_value)
        };
        let (greater, less) = (fisher(Alternative::Greater), fisher(Alternative::Less));
        let two_sided = fisher(Alternative::TwoSided);
        prop_assert!(sound(&greater) && sound(&less) && sound(&two_sided), "{greater:?} {less:?} {two_sided:?}");
        prop_assert!(greater.p_value + less.p_value > 1.0 - 1e-9, "both hold the observed table");
        prop_assert!(two_sided.p_value >= greater.p_value.min(less.p_value) * (1.0 - 1e-9), "{two_sided:?}");
        let swapped = exact::fisher_test(&variant, &control, Alternative::Less).unwrap();
        prop_assert!(close(swapped.log10_p_value, greater.log10_p_value, 1e-7) || (swapped.p_value - greater.p_value).abs() < 1e-9);
        for rate in [1e-300, 1e-9, 0.3, 1.0 - 1e-16] {
            let test = exact::binomial_test(&control, rate, Alternative::TwoSided).unwrap();
            prop_assert!(sound(&test), "{test:?} at {rate}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Boschloo's one-sided test is never weaker than Fisher's.
    #[test]
    fn unconditional_tests_are_probabilities(n in (1..25_u64, 1..25_u64), seed in any::<(u64, u64)>()) {
        let control = ProportionSummary { successes: seed.0 % (n.0 + 1), n: n.0 };
        let variant = ProportionSummary { successes: seed.1 % (n.1 + 1), n: n.1 };
        for side in [Alternative::Greater, Alternative::Less] {
            let boschloo = exact::boschloo_test(&control, &variant, side).unwrap();
            let fisher = exact::fisher_test(&control, &variant, side).unwrap();
            prop_assert!((0.0..=1.0).contains(&boschloo.p_value) && (0.0..=1.0).contains(&boschloo.worst_rate));
            prop_assert!(boschloo.p_value <= fisher.p_value * (1.0 + 1e-9), "{boschloo:?} {fisher:?}");
        }
        for side in [Alternative::Greater, Alternative::Less, Alternative::TwoSided] {
            match exact::barnard_test(&control, &variant, side) {
                Ok(test) => prop_assert!((0.0..=1.0).contains(&test.p_value), "{test:?}"),
                Err(reason) => prop_assert_eq!(reason.code(), "no_variation"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Swapped arms turn the ratio of odds over, and so do failures for successes.
    #[test]
    fn odds_ratios_invert(control in proportion_arm(), variant in proportion_arm(), options in options()) {
        let fails = |arm: &ProportionSummary| ProportionSummary { successes: arm.n - arm.successes, n: arm.n };
        match proportion::odds_ratio(&control, &variant) {
            Ok(ratio) => {
                prop_assert!(ratio >= 0.0);
                let swapped = proportion::odds_ratio(&variant, &control).unwrap();
                let failed = proportion::odds_ratio(&fails(&control), &fails(&variant)).unwrap();
                prop_assert!(close(ratio, 1.0 / swapped, 1e-12) && close(ratio, 1.0 / failed, 1e-12));
            }
            Err(reason) => prop_assert!(["no_successes", "no_failures"].contains(&reason.code()), "{reason}"),
        }
        if let Ok(ends) = proportion::odds_ratio_log_interval(&control, &variant, &options) {
            prop_assert!(options.confidence_level < 0.5 || in_order(&ends), "{ends:?}");
            let other = proportion::odds_ratio_log_interval(&variant, &control, &mirrored(&options)).unwrap();
            prop_assert!(ends.lower == f64::NEG_INFINITY || close(ends.lower, 1.0 / other.upper, 1e-9), "{ends:?} {other:?}");
        }
    }

    #[test]
    fn strata_together_are_sound_or_say_why(
        arms in prop::collection::vec((proportion_arm(), proportion_arm()), 0..5), options in options(),
    ) {
        let strata: Vec<ProportionStratum> =
            arms.iter().map(|(control, variant)| ProportionStratum { control: *control, variant: *variant }).collect();
        let swapped: Vec<ProportionStratum> =
            arms.iter().map(|(control, variant)| ProportionStratum { control: *variant, variant: *control }).collect();
        for step in [HalfStep::Kept, HalfStep::Taken] {
            if let Ok(test) = proportion::mantel_haenszel_test(&strata, step) {
                prop_assert!(sound_chi_square(&test), "{test:?}");
                let other = proportion::mantel_haenszel_test(&swapped, step).unwrap();
                prop_assert!((test.statistic - other.statistic).abs() <= 1e-9 * test.statistic.max(1.0), "{test:?} {other:?}");
            }
        }
        for common in [proportion::mantel_haenszel_odds_ratio, proportion::mantel_haenszel_risk_ratio] {
            if let Ok(one) = common(&strata, &options) {
                prop_assert!(one.ratio > 0.0 && !one.interval.lower.is_nan() && !one.interval.upper.is_nan(), "{one:?}");
                let other = common(&swapped, &mirrored(&options)).unwrap();
                prop_assert!(close(one.ratio, 1.0 / other.ratio, 1e-9), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn single_numbers_of_two_arms_are_finite(control in proportion_arm(), variant in proportion_arm(), level in 0.5..0.9999_f64) {
        let error = proportion::unpooled_std_error(&control, &variant).unwrap();
        prop_assert!((0.0..=1.0).contains(&error));
        let ends = proportion::jeffreys_equal_tailed_interval(&control, &TestOptions::two_sided(level)).unwrap();
        prop_assert!(in_order(&ends) && 0.0 <= ends.lower && ends.upper <= 1.0, "{ends:?}");
    }
}
