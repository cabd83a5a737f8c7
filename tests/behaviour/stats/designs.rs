//! Properties of planning beyond means and proportions: what is planned gives the power back, and nothing `NaN`.

use super::inputs::{any_float, is_probability, options, size};
use experiment_core::stats::power::duration::duration;
use experiment_core::stats::power::proportion::{Rates, cohen_h};
use experiment_core::stats::power::rate::EventRates;
use experiment_core::stats::power::survival::EventProbabilities;
use experiment_core::stats::power::{
    FarTail, PowerOptions, Sizes, equivalence, group_sequential, non_inferiority, omnibus, rank, rate,
    sequence, survival, variance,
};
use experiment_core::stats::ratio::PairSummary;
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::group_sequential::boundaries;
use experiment_core::stats::sequential::spending::Spending;
use experiment_core::stats::{Alternative, NotEstimable, TestOptions};
use proptest::prelude::*;

fn power_options() -> impl Strategy<Value = PowerOptions> {
    (prop_oneof![1e-9..0.4_f64, any_float()], 0..3_usize, any::<bool>()).prop_map(|(alpha, side, far)| {
        PowerOptions {
            alpha,
            alternative: [Alternative::TwoSided, Alternative::Greater, Alternative::Less][side],
            far_tail: if far { FarTail::Counted } else { FarTail::Ignored },
        }
    })
}

fn two_sided(far: bool) -> PowerOptions {
    let far_tail = if far { FarTail::Counted } else { FarTail::Ignored };
    PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail }
}

proptest! {
    #[test]
    fn plans_give_their_power_back(power in 0.3..0.99_f64, ratio in 0.2..5.0_f64, far in any::<bool>(), step in 1.05..3.0_f64) {
        let options = two_sided(far);
        let rates = EventRates { control: 0.4, variant: 0.4 * step };
        let exposures = rate::sample_size(&rates, ratio, power, &options).unwrap();
        prop_assert!((rate::power(&rates, &exposures, &options).unwrap() - power).abs() < 1e-9);
        let least = rate::minimum_detectable_ratio(0.4, &exposures, power, &options).unwrap();
        prop_assert!((least / step - 1.0).abs() < 1e-6, "{least} {step}");

        let superiority = 0.5 + 0.1 * (step - 1.0);
        let sizes = rank::sample_size(superiority, ratio, power, &options).unwrap();
        prop_assert!((rank::power(superiority, &sizes, &options).unwrap() - power).abs() < 1e-9);
        let least = rank::minimum_detectable_effect(&sizes, power, &options).unwrap();
        prop_assert!((least - (superiority - 0.5)).abs() < 1e-6);

        let events = survival::events(step, ratio, power, &options).unwrap();
        prop_assert!((survival::power(step, events, ratio, &options).unwrap() - power).abs() < 1e-9);
        let least = survival::minimum_detectable_ratio(events, ratio, power, &options).unwrap();
        prop_assert!((least / step - 1.0).abs() < 1e-6);
        let probabilities = EventProbabilities::under(0.2, step).unwrap();
        let sizes = survival::sample_size(events, ratio, &probabilities).unwrap();
        let expected = sizes.control * probabilities.control + sizes.variant * probabilities.variant;
        prop_assert!((expected / events - 1.0).abs() < 1e-12);

        let effect = 0.3 * (step - 1.0) / 2.0;
        let sizes = equivalence::sample_size(effect, 4.0, 0.5, ratio, power, 0.05).unwrap();
        prop_assert!((equivalence::power(effect, 4.0, 0.5, &sizes, 0.05).unwrap() - power).abs() < 1e-9);
        let margin = equivalence::least_margin(effect, 4.0, &sizes, power, 0.05).unwrap();
        prop_assert!((margin - 0.5).abs() < 1e-6, "{margin}");

        let n = non_inferiority::mean_sample_size(4.0, 0.5, 0.05, power).unwrap();
        let sizes = Sizes { control: n, variant: n };
        prop_assert!((non_inferiority::power(4.0, 0.5, &sizes, 0.05).unwrap() - power).abs() < 1e-9);
        prop_assert!((non_inferiority::least_margin(4.0, &sizes, 0.05, power).unwrap() - 0.5).abs() < 1e-9);

        let options = TestOptions::two_sided(0.95);
        let n = sequence::sample_size(0.1 * step, 4.0, 5_000.0, power, &options).unwrap();
        prop_assert!(sequence::power_at(n, 0.1 * step, 4.0, 5_000.0, &options).unwrap() >= power * (1.0 - 1e-12));
        prop_assert!(sequence::power_at(n - 1, 0.1 * step, 4.0, 5_000.0, &options).unwrap() < power);
        let least = sequence::minimum_detectable_effect(n, 4.0, 5_000.0, power, &options).unwrap();
        prop_assert!(least <= 0.1 * step * (1.0 + 1e-6) && least > 0.0999 * step * (1.0 - 1.0 / n as f64).sqrt());
    }

    #[test]
    fn plans_are_numbers_or_say_why(
        numbers in prop::array::uniform8(any_float()), options in power_options(), test in options(), n in size(),
    ) {
        let [a, b, c, d, e, f, g, h] = numbers;
        let sizes = Sizes { control: a, variant: b };
        let rates = EventRates { control: c, variant: d };
        let probabilities = EventProbabilities { control: e, variant: f };
        let powers: Vec<Result<f64, NotEstimable>> = vec![
            rate::power(&rates, &sizes, &options),
            rank::power(c, &sizes, &options),
            survival::power(c, d, e, &options),
            equivalence::power(c, d, e, &sizes, f),
            non_inferiority::power(c, d, &sizes, e),
            sequence::power_at(n, c, d, e, &test),
        ];
        for power in powers.into_iter().flatten() {
            prop_assert!(is_probability(power), "{power}");
        }
        let effects: Vec<Result<f64, NotEstimable>> = vec![
            rate::minimum_detectable_ratio(c, &sizes, d, &options),
            rank::minimum_detectable_effect(&sizes, c, &options),
            survival::events(c, d, e, &options),
            survival::minimum_detectable_ratio(c, d, e, &options),
            equivalence::least_margin(c, d, &sizes, e, f),
            non_inferiority::least_margin(c, &sizes, d, e),
            non_inferiority::mean_sample_size(c, d, e, f),
            non_inferiority::proportion_sample_size(c, d, e, f),
            sequence::minimum_detectable_effect(n, c, d, e, &test),
            variance::after_cuped(c, d),
            variance::of_quantile(c, d),
            variance::of_ratio(&PairSummary { n, mean_y: c, mean_x: d, variance_y: e, variance_x: f, covariance: g }),
        ];
        for effect in effects.into_iter().flatten() {
            prop_assert!(effect.is_finite() && effect >= 0.0, "{effect}");
        }
        if let Ok(h) = cohen_h(&Rates { control: c, variant: d }) {
            prop_assert!(h.abs() <= std::f64::consts::PI * (1.0 + 1e-15));
        }
        for planned in [
            rate::sample_size(&rates, e, f, &options),
            rank::sample_size(c, d, e, &options),
            survival::sample_size(c, d, &probabilities),
            equivalence::sample_size(c, d, e, f, g, h),
        ].into_iter().flatten() {
            prop_assert!(planned.control.is_finite() && planned.variant.is_finite() && planned.control >= 0.0, "{planned:?}");
        }
        if let Ok(customers) = sequence::sample_size(c, d, e, f, &test) {
            prop_assert!(customers >= 1);
        }
        if let Ok(probabilities) = EventProbabilities::under(c, d) {
            prop_assert!(is_probability(probabilities.variant));
        }
    }

    #[test]
    fn omnibus_plans_give_their_power_back_or_say_why(
        freedom in 1..20_u8, power in 0.1..0.99_f64, of_one in 1e-6..1.0_f64, numbers in prop::array::uniform4(any_float()),
        shares in prop::collection::vec(any_float(), 0..4), values in prop::collection::vec(any_float(), 0..4),
    ) {
        let n = omnibus::sample_size(of_one, f64::from(freedom), 0.05, power).unwrap();
        let back = omnibus::power(n * of_one, f64::from(freedom), 0.05).unwrap();
        prop_assert!((back - power).abs() < 1e-8, "{back} {power}");
        let [a, b, c, d] = numbers;
        if let Ok(power) = omnibus::power(a, b, c) {
            prop_assert!(is_probability(power), "{power}");
        }
        for number in [
            omnibus::required_noncentrality(a, b, c),
            omnibus::sample_size(a, b, c, d),
            omnibus::of_proportions(&shares, &values),
            omnibus::of_means(&shares, &values, a),
        ].into_iter().flatten() {
            prop_assert!(number >= 0.0 && number.is_finite(), "{number}");
        }
    }

    #[test]
    fn durations_bring_enough_or_say_why(
        customers in any_float(), forecast in prop::collection::vec(prop_oneof![4 => 0.0..1e4_f64, 1 => any_float()], 0..20),
        repeat in 0..20_usize, window in 0..400_u64,
    ) {
        if let Ok(planned) = duration(customers, &forecast, repeat, window) {
            prop_assert_eq!(planned.days, planned.entry_days + window);
            let day = |index: u64| {
                let index = index as usize;
                let start = forecast.len() - repeat;
                if index < forecast.len() { forecast[index] } else { forecast[start + (index - forecast.len()) % repeat] }
            };
            let entered: f64 = (0..planned.entry_days).map(day).sum();
            prop_assert!(entered >= customers, "{entered} of {customers}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sequential_designs_give_their_power_back(
        cuts in prop::collection::btree_set(1..20_u32, 1..5), alpha in 0.001..0.2_f64, power in 0.5..0.99_f64, two in any::<bool>(), drift in any_float(),
    ) {
        let information: Vec<f64> = cuts.iter().map(|cut| f64::from(*cut) / 19.0).collect();
        let sides = if two { Sides::Two } else { Sides::One };
        let bounds = boundaries(&information, alpha, sides, Spending::OBrienFleming).unwrap();
        // Early looks alone may have an infinite bound.
        if let Ok(drift) = group_sequential::required_drift(&information, &bounds, sides, power) {
            let back = group_sequential::power(&information, &bounds, sides, drift).unwrap();
            prop_assert!((back - power).abs() < 1e-7, "{back} {power}");
            let inflation = group_sequential::inflation(&information, &bounds, sides, alpha, power).unwrap();
            prop_assert!(inflation > 0.99, "{inflation}");
        }
        if let Ok(power) = group_sequential::power(&information, &bounds, sides, drift) {
            prop_assert!(is_probability(power), "{power}");
        }
    }
}
