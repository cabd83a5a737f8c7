//! Properties of looks while data comes in.

use super::inputs::*;
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::betting::{empirical_bernstein, hedged_capital, hoeffding};
use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, asymptotic, mixture_width};
use experiment_core::stats::sequential::group_sequential::{
    Classic, boundaries, classic_boundaries, crossing_probabilities,
};
use experiment_core::stats::sequential::mixture_boundary::NormalMixture;
use experiment_core::stats::sequential::msprt::{Estimate, msprt};
use experiment_core::stats::sequential::spending::Spending;
use experiment_core::stats::sequential::srm::{SequentialSrm, sequential_srm};
use proptest::prelude::*;

proptest! {
    #[test]
    fn looks_are_sound_and_p_values_never_rise(
        looks in prop::collection::vec((any_float(), any_float()), 1..6),
        n in size(),
        tuning in any_float(),
        alpha in 1e-9..0.49_f64,
        options in options(),
    ) {
        for (effect, std_error) in &looks {
            let look = LookEstimate { n, effect: *effect, std_error: *std_error };
            if let Ok(answer) = asymptotic(&look, tuning, &options) {
                prop_assert!((0.0..=1.0).contains(&answer.always_valid_p_value));
                prop_assert!(in_order(&answer.interval) && !answer.log_e_value.is_nan());
            }
        }
        let estimates: Vec<Estimate> =
            looks.iter().map(|(effect, std_error)| Estimate { effect: *effect, std_error: *std_error }).collect();
        if let Ok(answers) = msprt(&estimates, tuning, alpha) {
            prop_assert!(answers.iter().all(|look| (0.0..=1.0).contains(&look.always_valid_p_value)));
            prop_assert!(answers.windows(2).all(|w| w[1].always_valid_p_value <= w[0].always_valid_p_value));
            prop_assert!(answers.iter().all(|look| look.half_width > 0.0));
        }
    }

    #[test]
    fn sequential_srm_is_sound(
        increments in prop::collection::vec(prop::collection::vec(count(), 3), 1..6),
        weights in prop::collection::vec(any_float(), 3),
        concentration in any_float(),
    ) {
        if let Ok(looks) = sequential_srm(&increments, &weights, concentration) {
            for look in &looks {
                prop_assert!((0.0..=1.0).contains(&look.always_valid_p_value), "{look:?}");
                prop_assert!((0.0..=1.0).contains(&look.mismatch_probability), "{look:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Boundaries spend what they were given, whatever the looks.
    #[test]
    fn boundaries_spend_alpha(
        cuts in prop::collection::btree_set(1..1000_u32, 1..6),
        alpha in prop_oneof![1e-9..1e-3_f64, 1e-3..0.5_f64],
        two_sided in any::<bool>(),
        exponent in prop_oneof![0.2..5.0_f64, Just(60.0)],
        function in 0..3_u8,
    ) {
        let information: Vec<f64> = cuts.iter().map(|cut| f64::from(*cut) / 999.0).collect();
        let sides = if two_sided { Sides::Two } else { Sides::One };
        let spending = match function {
            0 => Spending::OBrienFleming,
            1 => Spending::Pocock,
            _ => Spending::Power { exponent },
        };
        let bounds = boundaries(&information, alpha, sides, spending).unwrap();
        prop_assert!(bounds.iter().all(|bound| !bound.z.is_nan() && (0.0..=1.0).contains(&bound.nominal_p_value)));
        let z: Vec<f64> = bounds.iter().map(|bound| bound.z).collect();
        let crossings = crossing_probabilities(&information, &z, sides, 0.0).unwrap();
        let crossed: f64 = crossings.iter().map(|crossing| crossing.upper + crossing.lower).sum();
        let spent = bounds.last().unwrap().cumulative_alpha;
        prop_assert!((crossed - spent).abs() <= 1e-9 * spent.max(1e-6), "{crossed:e} of {spent:e}");
    }
}

proptest! {
    #[test]
    fn bounded_means_have_shrinking_intervals(
        values in prop::collection::vec(prop_oneof![8 => 0.0..=1.0_f64, 1 => any_float()], 0..30), alpha in prop_oneof![1e-9..0.9_f64, any_float()],
    ) {
        let within = values.iter().all(|value| is_probability(*value)) && alpha > 0.0 && alpha < 1.0;
        for sequence in [empirical_bernstein(&values, alpha), hoeffding(&values, alpha), hedged_capital(&values, alpha, 100)] {
            prop_assert_eq!(sequence.is_ok(), within);
            let Ok(intervals) = sequence else { continue };
            prop_assert_eq!(intervals.len(), values.len());
            for ends in &intervals {
                prop_assert!(!ends.lower.is_nan() && !ends.upper.is_nan(), "{ends:?}");
            }
        }
    }

    #[test]
    fn mixtures_are_numbers_or_say_why(numbers in prop::array::uniform5(any_float()), two in any::<bool>(), options in options()) {
        let [v_opt, alpha, sum, v, tuning] = numbers;
        if let Ok(rho) = mixture_width(tuning, &options) {
            prop_assert!(rho > 0.0 && rho.is_finite());
        }
        for alpha in [alpha, 0.05] {
            let Ok(mixture) = NormalMixture::tuned(v_opt, alpha, if two { Sides::Two } else { Sides::One }) else { continue };
            prop_assert!(mixture.rho() > 0.0);
            if let Ok(value) = mixture.log_mixture(sum, v) {
                prop_assert!(value.is_finite(), "{value}");
            }
            if let Ok(bound) = mixture.boundary(v, 0.05) {
                prop_assert!(bound.is_finite() && bound >= 0.0, "{bound}");
            }
        }
    }

    /// A mismatch seen in counts one by one is the one seen in all at once.
    #[test]
    fn sequential_srm_remembers(
        increments in prop::collection::vec(prop::collection::vec(count(), 2), 1..6), weights in (0.01..100.0_f64, 0.01..100.0_f64),
    ) {
        let weights = [weights.0, weights.1];
        let mut test = SequentialSrm::new(&weights, 10_000.0).unwrap();
        let one_by_one: Result<Vec<_>, _> = increments.iter().map(|counts| test.observe(counts)).collect();
        prop_assert_eq!(one_by_one, sequential_srm(&increments, &weights, 10_000.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn classic_designs_are_sound_or_say_why(looks in 0..8_usize, alpha in prop_oneof![1e-6..0.5_f64, any_float()], two in any::<bool>()) {
        for design in [Classic::Pocock, Classic::OBrienFleming] {
            if let Ok(bounds) = classic_boundaries(design, looks, alpha, if two { Sides::Two } else { Sides::One }) {
                prop_assert_eq!(bounds.len(), looks);
                prop_assert!(bounds.iter().all(|z| z.is_finite()) && bounds.is_sorted_by(|a, b| a >= b), "{bounds:?}");
            }
        }
    }
}
