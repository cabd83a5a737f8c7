//! Properties of tests of counts and rates, of many p-values at once, and of a customer base.

use super::inputs::*;
use experiment_core::stats::chi_square::{Divergence, contingency, goodness_of_fit, yates};
use experiment_core::stats::margin::{EquivalenceRange, wald_tost};
use experiment_core::stats::rate::{self, RateSummary};
use experiment_core::stats::relative::katz;
use experiment_core::stats::retention::{BaseCounts, PromoterCounts, net_promoter_score};
use experiment_core::stats::{multiplicity, srm};
use proptest::prelude::*;

const DIVERGENCES: [Divergence; 3] =
    [Divergence::Pearson, Divergence::LogLikelihood, Divergence::CressieRead];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn sample_ratio_is_sound_or_says_why(
        observed in prop::collection::vec(count(), 0..5), weights in prop::collection::vec(any_float(), 0..5),
    ) {
        if let Ok(test) = srm::chi_square_test(&observed, &weights) {
            prop_assert!(test.statistic >= 0.0 && (0.0..=1.0).contains(&test.p_value), "{test:?}");
            prop_assert!(test.log10_p_value <= 0.0, "{test:?}");
        }
    }

    #[test]
    fn adjusted_p_values_keep_the_known_order(p_values in prop::collection::vec(0.0..=1.0_f64, 0..9)) {
        let bonferroni = multiplicity::bonferroni(&p_values).unwrap();
        let holm = multiplicity::holm(&p_values).unwrap();
        let hochberg = multiplicity::hochberg(&p_values).unwrap();
        let hommel = multiplicity::hommel(&p_values).unwrap();
        let fdr = multiplicity::benjamini_hochberg(&p_values).unwrap();
        let slack = 1.0 + 1e-12;
        for (index, p) in p_values.iter().enumerate() {
            prop_assert!(*p <= hommel[index] * slack, "hommel {hommel:?}");
            prop_assert!(*p <= fdr[index] * slack && fdr[index] <= hommel[index] * slack, "fdr {fdr:?} {hommel:?}");
            prop_assert!(hommel[index] <= hochberg[index] * slack, "{hommel:?} {hochberg:?}");
            prop_assert!(hochberg[index] <= holm[index] * slack, "{hochberg:?} {holm:?}");
            prop_assert!(holm[index] <= bonferroni[index] * slack && bonferroni[index] <= 1.0);
        }
    }

    /// Hommel is the closure of Simes' test: the largest of Simes' p over all families that hold the hypothesis.
    #[test]
    fn hommel_is_closed_simes(p_values in prop::collection::vec(0.0..=1.0_f64, 1..7)) {
        let adjusted = multiplicity::hommel(&p_values).unwrap();
        for (index, got) in adjusted.iter().enumerate() {
            let families = (0_u32..1 << p_values.len()).filter(|family| family & (1 << index) != 0);
            let simes = families.map(|family| {
                let mut members: Vec<f64> =
                    (0..p_values.len()).filter(|i| family & (1 << i) != 0).map(|i| p_values[i]).collect();
                members.sort_by(f64::total_cmp);
                let count = members.len() as f64;
                (1..).zip(members).map(|(rank, p)| p * count / f64::from(rank)).fold(1.0, f64::min)
            });
            let want = simes.fold(0.0, f64::max);
            prop_assert!(close(*got, want, 1e-12), "{got} against {want} in {p_values:?}");
        }
    }

    #[test]
    fn rates_are_sound_or_say_why(
        events in (count(), count()), exposures in (any_float(), any_float()), options in options(),
    ) {
        let control = RateSummary { events: events.0, exposure: exposures.0.abs() };
        let variant = RateSummary { events: events.1, exposure: exposures.1.abs() };
        if let Ok(test) = rate::score_test(&control, &variant, options.alternative) {
            prop_assert!((0.0..=1.0).contains(&test.p_value) && test.statistic.is_finite(), "{test:?}");
        }
        if let Ok(test) = rate::exact_test(&control, &variant, options.alternative) {
            prop_assert!((0.0..=1.0).contains(&test.p_value), "{test:?}");
            prop_assert!(logarithm_agrees(test.p_value, test.log10_p_value), "{test:?}");
        }
        for interval in [rate::exact_ratio_interval, rate::score_ratio_interval, rate::log_ratio_interval] {
            if let Ok(ends) = interval(&control, &variant, &options) {
                prop_assert!(in_order(&ends), "{ends:?}");
            }
        }
        if let Ok(test) = rate::difference_test(&control, &variant, &options) {
            prop_assert!(sound(&test), "{test:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn tables_are_sound_or_say_why(
        table in prop::collection::vec(prop::collection::vec(count(), 3), 0..5), ragged in prop::collection::vec(prop::collection::vec(count(), 0..4), 0..4),
        weights in prop::collection::vec(any_float(), 3), square in prop::array::uniform2(prop::array::uniform2(count())),
    ) {
        for divergence in DIVERGENCES {
            for test in [contingency(&table, divergence), contingency(&ragged, divergence)].into_iter().flatten() {
                prop_assert!(sound_chi_square(&test), "{test:?}");
            }
            if let Some(row) = table.first() && let Ok(test) = goodness_of_fit(row, &weights, divergence) {
                prop_assert!(sound_chi_square(&test), "{test:?}");
            }
        }
        if let Ok(test) = yates(&square) {
            prop_assert!(sound_chi_square(&test), "{test:?}");
            let plain = contingency(&square, Divergence::Pearson).unwrap();
            prop_assert!(test.statistic <= plain.statistic * (1.0 + 1e-12), "{test:?} {plain:?}");
        }
    }

    #[test]
    fn every_correction_refuses_or_keeps_to_probabilities(p_values in prop::collection::vec(any_float(), 0..6), good in prop::collection::vec(0.0..=1.0_f64, 0..6)) {
        for correct in [
            multiplicity::bonferroni, multiplicity::sidak, multiplicity::holm, multiplicity::holm_sidak,
            multiplicity::hochberg, multiplicity::hommel, multiplicity::benjamini_hochberg,
            multiplicity::benjamini_yekutieli,
        ] {
            let sound = p_values.iter().all(|p| is_probability(*p));
            prop_assert_eq!(correct(&p_values).is_ok(), sound);
            let adjusted = correct(&good).unwrap();
            prop_assert!(adjusted.iter().all(|p| is_probability(*p)), "{adjusted:?}");
            prop_assert!(adjusted.iter().zip(&good).all(|(adjusted, p)| *adjusted >= p * (1.0 - 1e-12)), "{adjusted:?} {good:?}");
        }
    }

    #[test]
    fn effects_of_proportions_and_rates_are_sound_or_say_why(
        control in proportion_arm(), variant in proportion_arm(), range in (any_float(), any_float()), alpha in any_float(),
        exposures in (any_float(), any_float()), options in options(),
    ) {
        if let Ok(effect) = katz(&control, &variant, &options) {
            prop_assert!(effect.estimate >= -1.0 && effect.std_error > 0.0, "{effect:?}");
            prop_assert!(!effect.interval.lower.is_nan() && !effect.interval.upper.is_nan(), "{effect:?}");
        }
        let range = EquivalenceRange { low: range.0, high: range.1 };
        if let Ok(tost) = wald_tost(&control, &variant, &range, alpha) {
            prop_assert!(is_probability(tost.p_value), "{tost:?}");
        }
        let summary = |events, exposure| RateSummary { events, exposure };
        if let Ok(ratio) = rate::rate_ratio(&summary(control.successes, exposures.0), &summary(variant.successes, exposures.1)) {
            prop_assert!(ratio >= 0.0, "{ratio}");
        }
    }

    #[test]
    fn figures_of_a_base_are_sound_or_say_why(counts in prop::array::uniform3(prop_oneof![count(), any::<u64>()])) {
        let [start, new, end] = counts;
        let base = BaseCounts { start, new, end };
        for share in [base.retained(), base.churned()].into_iter().flatten() {
            prop_assert!(is_probability(share.rate()), "{share:?}");
        }
        if let Ok(growth) = base.growth() {
            prop_assert!(growth.is_finite() && growth >= -1.0);
        }
        let answers = PromoterCounts { promoters: start, passives: new, detractors: end };
        if let Ok(score) = net_promoter_score(&answers) {
            prop_assert!(score.mean.abs() <= 100.0 && score.variance >= 0.0 && score.variance.is_finite(), "{score:?}");
        }
    }
}
