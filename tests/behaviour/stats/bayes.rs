//! Properties of posteriors.

use super::inputs::*;
use experiment_core::stats::bayes::{self, BetaPrior, NormalPrior};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn beta_binomial_is_sound_and_mirrored(
        control in proportion_arm(),
        variant in proportion_arm(),
        shapes in (0.1..50.0_f64, 0.1..50.0_f64),
        level in 0.01..0.9999_f64,
    ) {
        let prior = BetaPrior { alpha: shapes.0, beta: shapes.1 };
        let one = bayes::beta_binomial(&control, &variant, &prior, level).unwrap();
        let other = bayes::beta_binomial(&variant, &control, &prior, level).unwrap();
        prop_assert!((one.chance_to_win + one.chance_to_lose - 1.0).abs() < 1e-10);
        prop_assert!((one.chance_to_win - other.chance_to_lose).abs() < 1e-10);
        let spread = one.difference.std_dev;
        let losses = one.loss_if_control - one.loss_if_variant;
        prop_assert!((losses - one.difference.mean).abs() <= 1e-9 * spread.max(one.difference.mean.abs()));
        for answer in [one, other] {
            prop_assert!((0.0..=1.0).contains(&answer.loss_if_variant));
            for interval in [&answer.difference.interval, &answer.relative_interval, &answer.control.interval] {
                prop_assert!(in_order(interval), "{interval:?}");
            }
        }
        let mirrored = one.difference.interval.lower + other.difference.interval.upper;
        prop_assert!(mirrored.abs() <= 1e-6 * spread, "{mirrored:e} against {spread:e}");
    }
}

proptest! {
    #[test]
    fn normal_effect_is_sound(
        estimate in any_float(),
        std_error in any_float(),
        prior in prop::option::of((any_float(), any_float())),
        level in 0.01..0.9999_f64,
    ) {
        let prior = prior.map(|(mean, std_dev)| NormalPrior { mean, std_dev });
        if let Ok(answer) = bayes::normal_effect(estimate, std_error, prior.as_ref(), level) {
            prop_assert!((0.0..=1.0).contains(&answer.chance_to_win));
            prop_assert!((0.0..=1.0).contains(&answer.chance_to_lose));
            prop_assert!(answer.loss_if_variant >= 0.0 && answer.loss_if_control >= 0.0);
            prop_assert!(in_order(&answer.interval));
        }
    }
}
