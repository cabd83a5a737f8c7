//! Properties of planning: sizes and effects give the power back, and nothing gives `NaN`.

use super::inputs::any_float;
use experiment_core::stats::Alternative;
use experiment_core::stats::power::mean::{self as mean_power, MeanTest};
use experiment_core::stats::power::proportion::{self as proportion_power, ProportionTest, Rates};
use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
use proptest::prelude::*;

proptest! {
    // Each case searches for roots of noncentral t integrals.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn sizes_and_effects_give_the_power_back(
        rate in 0.001..0.9_f64, step in 0.01..0.09_f64, ratio in 0.1..10.0_f64, power in 0.3..0.99_f64,
        far in prop::bool::ANY,
    ) {
        let far_tail = if far { FarTail::Counted } else { FarTail::Ignored };
        let options = PowerOptions { alpha: 0.05, alternative: Alternative::TwoSided, far_tail };
        let rates = Rates { control: rate, variant: rate + step };
        for test in [ProportionTest::Pooled, ProportionTest::Unpooled, ProportionTest::Arcsine] {
            let sizes = match proportion_power::sample_size(&rates, ratio, power, test, &options) {
                Ok(sizes) => sizes,
                // A test with unequal arms may reach a low power by chance alone.
                Err(reason) => { prop_assert_eq!(reason.code(), "impossible_input"); continue }
            };
            let back = proportion_power::power(&rates, &sizes, test, &options).unwrap();
            prop_assert!((back - power).abs() < 1e-9, "{test:?}: {back} against {power}");
            let effect =
                proportion_power::minimum_detectable_effect(rate, &sizes, power, test, &options);
            if let Ok(effect) = effect {
                let again = Rates { control: rate, variant: rate + effect };
                let back = proportion_power::power(&again, &sizes, test, &options).unwrap();
                prop_assert!((back - power).abs() < 1e-6, "{test:?} mde: {back} against {power}");
            }
        }
        for test in [MeanTest::Student, MeanTest::Welch, MeanTest::Normal] {
            let sizes = mean_power::sample_size(step, 0.04, ratio, power, test, &options).unwrap();
            let back = mean_power::power(step, 0.04, &sizes, test, &options).unwrap();
            prop_assert!(back >= power - 1e-9, "{test:?}: {back} against {power}");
            let effect = mean_power::minimum_detectable_effect(0.04, &sizes, power, test, &options).unwrap();
            let back = mean_power::power(effect, 0.04, &sizes, test, &options).unwrap();
            prop_assert!((back - power).abs() < 1e-9, "{test:?} mde: {back} against {power}");
        }
    }

    #[test]
    fn planning_never_gives_nan(
        numbers in prop::array::uniform6(any_float()), alpha in any_float(), test in 0..3_usize, side in 0..3_usize,
    ) {
        let alternative = [Alternative::TwoSided, Alternative::Greater, Alternative::Less][side];
        let options = PowerOptions { alpha, alternative, far_tail: FarTail::Counted };
        let [a, b, c, d, e, _] = numbers;
        let sizes = Sizes { control: a, variant: b };
        let mean_test = [MeanTest::Student, MeanTest::Welch, MeanTest::Normal][test];
        let proportion_test = [ProportionTest::Pooled, ProportionTest::Unpooled, ProportionTest::Arcsine][test];
        let rates = Rates { control: c, variant: d };
        for power in [
            mean_power::power(c, d, &sizes, mean_test, &options),
            proportion_power::power(&rates, &sizes, proportion_test, &options),
        ].into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&power), "{power}");
        }
        for size in [
            mean_power::sample_size(c, d, a, e, mean_test, &options),
            proportion_power::sample_size(&rates, a, e, proportion_test, &options),
        ].into_iter().flatten() {
            prop_assert!(size.control >= 0.0 && size.variant >= 0.0, "{size:?}");
        }
        for effect in [
            mean_power::minimum_detectable_effect(d, &sizes, e, mean_test, &options),
            proportion_power::minimum_detectable_effect(c, &sizes, e, proportion_test, &options),
        ].into_iter().flatten() {
            prop_assert!(effect >= 0.0, "{effect}");
        }
    }
}
