//! Properties of the methods that take one value per customer: floats of every size, ties, `NaN`.

use super::inputs::{any_float, close, in_order, logarithm_agrees, options, sound, sound_chi_square};
use experiment_core::stats::quantile::{exact_ranks, normal_ranks, quantile_of, quantile_test, std_error_of};
use experiment_core::stats::rank::{
    Continuity, KsReference, LevelCounts, RankedArms, brunner_munzel_test, kolmogorov_smirnov_test,
    kruskal_wallis_test, mann_whitney_exact_test, mann_whitney_test, superiority,
};
use experiment_core::stats::resample::{
    Bootstrap, Resampling, bootstrap, bootstrap_difference, bootstrap_mean, bootstrap_mean_difference,
    difference_acceleration, exact_permutation_test, mean_acceleration, mean_difference_acceleration,
    permutation_test,
};
use experiment_core::stats::yuen::{TrimmedSummary, yuen_test};
use experiment_core::stats::{Alternative, Interval, NotEstimable, TestOptions};
use proptest::prelude::*;

/// Up to twelve values; whole ones tie often.
fn sample() -> impl Strategy<Value = Vec<f64>> {
    let ties = prop::collection::vec((0..4_i8).prop_map(f64::from), 0..12);
    let ordinary = prop::collection::vec(-10.0..10.0_f64, 0..12);
    prop_oneof![ties, ordinary, prop::collection::vec(any_float(), 0..12)]
}

fn p_is_sound(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

fn draws_are_sound(draws: &Bootstrap, acceleration: Option<f64>, options: &TestOptions) -> bool {
    let is_number = |ends: &Interval| !ends.lower.is_nan() && !ends.upper.is_nan();
    let corrected = acceleration.and_then(|acceleration| draws.bca_interval(acceleration, options).ok());
    draws.estimate.is_finite()
        && !draws.std_error().is_nan()
        && draws.sorted().is_sorted()
        && draws.percentile_interval(options).is_ok_and(|ends| is_number(&ends))
        && corrected.is_none_or(|ends| is_number(&ends))
}

const SIDES: [Alternative; 3] = [Alternative::TwoSided, Alternative::Greater, Alternative::Less];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn rank_tests_are_sound_or_say_why(control in sample(), variant in sample(), options in options()) {
        let arms = match RankedArms::from_values(&control, &variant) {
            Ok(arms) => arms,
            Err(reason) => {
                let broken = control.iter().chain(&variant).any(|value| value.is_nan());
                let empty = control.is_empty() || variant.is_empty();
                prop_assert!(broken && reason.code() == "impossible_input" || empty && reason.code() == "too_few_customers");
                return Ok(());
            }
        };
        let swapped = RankedArms::from_values(&variant, &control).unwrap();
        let wins = control.iter().flat_map(|c| variant.iter().map(move |v| (v > c, v == c)));
        let by_pairs: f64 = wins.map(|(larger, equal)| if larger { 1.0 } else if equal { 0.5 } else { 0.0 }).sum();
        prop_assert_eq!(superiority(&arms).u, by_pairs);
        for continuity in [Continuity::Uncorrected, Continuity::Corrected] {
            for side in SIDES {
                if let Ok(test) = mann_whitney_test(&arms, continuity, side) {
                    prop_assert!(p_is_sound(test.p_value) && logarithm_agrees(test.p_value, test.log10_p_value), "{test:?}");
                    prop_assert!(test.z.is_finite());
                }
            }
            if let Ok(test) = mann_whitney_test(&arms, continuity, Alternative::Greater) {
                let other = mann_whitney_test(&swapped, continuity, Alternative::Less).unwrap();
                prop_assert!(close(test.p_value, other.p_value, 1e-12) && test.z == -other.z);
            }
        }
        for side in SIDES {
            match mann_whitney_exact_test(&arms, side) {
                Ok(p) => prop_assert!(p_is_sound(p) && p > 0.0),
                Err(reason) => prop_assert_eq!(reason.code(), "impossible_input"),
            }
        }
        if let Ok(test) = brunner_munzel_test(&arms, &options) {
            prop_assert!(p_is_sound(test.p_value) && in_order(&test.interval) && test.degrees_of_freedom > 0.0, "{test:?}");
        }
        for reference in [KsReference::Exact, KsReference::Limit, KsReference::OneSample] {
            let test = kolmogorov_smirnov_test(&arms, reference).unwrap();
            prop_assert!(p_is_sound(test.p_value) && p_is_sound(test.statistic), "{test:?}");
            let other = kolmogorov_smirnov_test(&swapped, reference).unwrap();
            prop_assert!(test.statistic == other.statistic && close(test.p_value, other.p_value, 1e-12));
        }
    }

    #[test]
    fn trimmed_means_are_sound_or_say_why(
        control in sample(), variant in sample(), trim in 0.0..0.6_f64, options in options(),
    ) {
        let summaries = (TrimmedSummary::from_values(&control, trim), TrimmedSummary::from_values(&variant, trim));
        let (Ok(control), Ok(variant)) = summaries else { return Ok(()) };
        prop_assert!(control.winsorized_variance >= 0.0 && control.winsorized_variance.is_finite(), "{control:?}");
        if let Ok(test) = yuen_test(&control, &variant, &options) {
            prop_assert!(sound(&test), "{test:?}");
        }
    }

    #[test]
    fn quantile_intervals_are_in_order(
        values in sample(), n in 1..2_000_000_u64, quantile in 0.0..1.0_f64, options in options(),
    ) {
        if let Ok(estimate) = quantile_of(&values, quantile, &options) {
            prop_assert!(estimate.estimate.is_finite() && in_order(&estimate.interval), "{estimate:?}");
        }
        if let Ok(test) = quantile_test(&values, &values, quantile, &options) {
            prop_assert!(sound(&test) && test.effect == 0.0, "{test:?}");
        }
        if let Ok(ranks) = exact_ranks(n, quantile, &options) {
            let miss = 1.0 - options.confidence_level;
            prop_assert!(ranks.coverage >= 1.0 - miss * (1.0 + 1e-6) - 1e-12, "{ranks:?}");
            if options.confidence_level >= 0.5 && let (Some(lower), Some(upper)) = (ranks.lower, ranks.upper) {
                prop_assert!(1 <= lower && lower <= upper && upper <= n, "{ranks:?}");
            }
        }
    }

    #[test]
    fn resampling_is_sound_or_says_why(
        control in sample(), variant in sample(), seed in any::<u64>(), options in options(),
    ) {
        let resampling = Resampling { resamples: 50, seed };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        if let Ok(draws) = bootstrap_difference(&control, &variant, mean, &resampling) {
            prop_assert!(!draws.std_error().is_nan() && draws.sorted().is_sorted());
            let ends = draws.percentile_interval(&options).unwrap();
            prop_assert!(!ends.lower.is_nan() && !ends.upper.is_nan(), "{ends:?}");
            if let Ok(acceleration) = difference_acceleration(&control, &variant, mean)
                && let Ok(ends) = draws.bca_interval(acceleration, &options) {
                prop_assert!(!ends.lower.is_nan() && !ends.upper.is_nan(), "{ends:?}");
            }
        }
        for test in [permutation_test(&control, &variant, &resampling), exact_permutation_test(&control, &variant)] {
            let Ok(test) = test else { continue };
            for p in [test.p_greater, test.p_less, test.p_absolute, test.p_twice_smaller_tail()] {
                prop_assert!(p > 0.0 && p <= 1.0, "{test:?}");
            }
            prop_assert!(test.p_greater + test.p_less > 1.0 - 1e-12, "{test:?}");
        }
    }

    /// Means have a form of their own; the estimate, and what is estimable, are those of the general one.
    #[test]
    fn resampled_means_are_sound_or_say_why(
        control in sample(), variant in sample(), seed in any::<u64>(), options in options(),
    ) {
        let resampling = Resampling { resamples: 50, seed };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let difference = bootstrap_mean_difference(&control, &variant, &resampling);
        for (draws, acceleration) in [
            (bootstrap_mean(&control, &resampling), mean_acceleration(&control)),
            (bootstrap(&control, mean, &resampling), mean_acceleration(&control)),
            (difference.clone(), mean_difference_acceleration(&control, &variant)),
        ] {
            let Ok(draws) = draws else { continue };
            prop_assert!(draws_are_sound(&draws, acceleration.ok(), &options), "{draws:?}");
        }
        let moderate = control.iter().chain(&variant).all(|value| value.abs() < 1e100);
        let general = bootstrap_difference(&control, &variant, mean, &resampling);
        prop_assert!(!moderate || general.is_ok() == difference.is_ok(), "{general:?} {difference:?}");
    }

    #[test]
    fn several_arms_have_ranks_or_say_why(arms in prop::collection::vec(sample(), 0..4)) {
        if let Ok(test) = kruskal_wallis_test(&arms) {
            prop_assert!(sound_chi_square(&test), "{test:?}");
        }
    }

    #[test]
    fn normal_ranks_and_errors_are_sound_or_say_why(
        n in any::<u64>(), quantile in any_float(), ends in (any_float(), any_float()), level in any_float(), options in options(),
    ) {
        if let Ok(ranks) = normal_ranks(n, quantile, &options) {
            prop_assert!(!ranks.lower.is_nan() && !ranks.upper.is_nan(), "{ranks:?}");
        }
        if let Ok(error) = std_error_of(&Interval { lower: ends.0, upper: ends.1 }, level) {
            prop_assert!(!error.is_nan());
        }
    }

    #[test]
    fn counts_of_any_size_have_ranks(counts in prop::collection::vec((0..3_000_000_000_u64, 0..3_000_000_000_u64), 0..6)) {
        let levels = counts.iter().map(|(control, variant)| LevelCounts { control: *control, variant: *variant });
        let Ok(arms) = RankedArms::from_counts(levels.collect()) else { return Ok(()) };
        let test = mann_whitney_test(&arms, Continuity::Corrected, Alternative::TwoSided);
        match test {
            Ok(test) => prop_assert!(p_is_sound(test.p_value) && test.z.is_finite(), "{test:?}"),
            Err(reason) => prop_assert_eq!(reason.code(), "no_rank_variation"),
        }
        let limit = kolmogorov_smirnov_test(&arms, KsReference::Limit).unwrap();
        prop_assert!(p_is_sound(limit.p_value), "{limit:?}");
    }
}

#[test]
fn equal_values_have_no_ranks_to_test() {
    let arms = RankedArms::from_values(&[1.0; 3], &[1.0; 4]).unwrap();
    let reason = NotEstimable::NoRankVariation { probability_of_superiority: 0.5 };
    assert_eq!(mann_whitney_test(&arms, Continuity::Corrected, Alternative::TwoSided), Err(reason));
}
