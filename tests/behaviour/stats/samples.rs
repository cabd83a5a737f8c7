//! Properties of the methods that take one value per customer: floats of every size, ties, `NaN`.

use super::properties::{any_float, close, in_order, logarithm_agrees, options, sound};
use experiment_core::stats::quantile::{exact_ranks, quantile_of};
use experiment_core::stats::rank::{
    Continuity, KsReference, LevelCounts, RankedArms, brunner_munzel_test, kolmogorov_smirnov_test,
    mann_whitney_exact_test, mann_whitney_test, superiority,
};
use experiment_core::stats::resample::{
    Resampling, bootstrap_difference, difference_acceleration, exact_permutation_test, permutation_test,
};
use experiment_core::stats::survival::{
    FollowUp, SurvivalTable, cox_two_arms, kaplan_meier, log_rank_test, nelson_aalen, restricted_mean_test,
};
use experiment_core::stats::yuen::{TrimmedSummary, yuen_test};
use experiment_core::stats::{Alternative, NotEstimable};
use proptest::prelude::*;

/// Up to twelve values; whole ones tie often.
fn sample() -> impl Strategy<Value = Vec<f64>> {
    let ties = prop::collection::vec((0..4_i8).prop_map(f64::from), 0..12);
    let ordinary = prop::collection::vec(-10.0..10.0_f64, 0..12);
    prop_oneof![ties, ordinary, prop::collection::vec(any_float(), 0..12)]
}

/// Follow-ups with ties, and now and then a time of any size.
fn follow_ups() -> impl Strategy<Value = Vec<FollowUp>> {
    let time = prop_oneof![5 => (0..6_u8).prop_map(f64::from), 1 => any_float().prop_map(f64::abs)];
    prop::collection::vec((time, any::<bool>()).prop_map(|(time, event)| FollowUp { time, event }), 0..12)
}

fn p_is_sound(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
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
        if let Ok(ranks) = exact_ranks(n, quantile, &options) {
            let miss = 1.0 - options.confidence_level;
            prop_assert!(ranks.coverage >= 1.0 - miss * (1.0 + 1e-6) - 1e-12, "{ranks:?}");
            if options.confidence_level >= 0.5 && let (Some(lower), Some(upper)) = (ranks.lower, ranks.upper) {
                prop_assert!(1 <= lower && lower <= upper && upper <= n, "{ranks:?}");
            }
        }
    }

    #[test]
    fn survival_is_sound_or_says_why(control in follow_ups(), variant in follow_ups(), options in options()) {
        let tables = (SurvivalTable::from_follow_ups(&control), SurvivalTable::from_follow_ups(&variant));
        let (Ok(control), Ok(variant)) = tables else { return Ok(()) };
        for point in kaplan_meier(&control, &options).unwrap() {
            prop_assert!(p_is_sound(point.survival), "{point:?}");
            prop_assert!(point.interval.is_none_or(|ends| in_order(&ends) && 0.0 <= ends.lower && ends.upper <= 1.0), "{point:?}");
        }
        prop_assert!(nelson_aalen(&control).iter().all(|point| point.hazard > 0.0 && point.variance > 0.0));
        let horizon = control.last_time().min(variant.last_time());
        if let Ok(test) = restricted_mean_test(&control, &variant, horizon, &options) {
            prop_assert!(sound(&test.comparison), "{test:?}");
        }
        if let Ok(cox) = cox_two_arms(&control, &variant, &options) {
            prop_assert!(sound(&cox.ln_hazard_ratio) && cox.hazard_ratio > 0.0 && cox.ln_likelihood <= 1e-9, "{cox:?}");
            let other = cox_two_arms(&variant, &control, &options).unwrap();
            prop_assert!((cox.ln_hazard_ratio.effect + other.ln_hazard_ratio.effect).abs() < 1e-9, "{cox:?} {other:?}");
        }
        if let Ok(log_rank) = log_rank_test(&[control.clone(), variant.clone()]) {
            prop_assert!(p_is_sound(log_rank.test.p_value) && log_rank.test.statistic >= 0.0, "{log_rank:?}");
            let other = log_rank_test(&[variant, control]).unwrap();
            prop_assert!(close(log_rank.test.statistic, other.test.statistic, 1e-6) || (log_rank.test.statistic - other.test.statistic).abs() < 1e-9);
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
