//! Properties over extreme inputs: counts up to 10⁹, floats of every size, `NaN` and infinities among them.

use experiment_core::stats::bayes::{self, BetaPrior, NormalPrior};
use experiment_core::stats::cuped::{Theta, cuped};
use experiment_core::stats::dunnett::dunnett_test;
use experiment_core::stats::exact::{self, ExactTest};
use experiment_core::stats::margin::{self, EquivalenceRange};
use experiment_core::stats::mean::{self, MeanSummary};
use experiment_core::stats::proportion::{self, ProportionSummary};
use experiment_core::stats::rate::{self, RateSummary};
use experiment_core::stats::ratio::{PairSummary, delta_method, ratio_test};
use experiment_core::stats::relative::{self, FiellerSet};
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, asymptotic};
use experiment_core::stats::sequential::group_sequential::{boundaries, crossing_probabilities};
use experiment_core::stats::sequential::msprt::{Estimate, msprt};
use experiment_core::stats::sequential::spending::Spending;
use experiment_core::stats::sequential::srm::sequential_srm;
use experiment_core::stats::stratify::{Stratum, StratumWeights, post_stratified, post_stratified_relative};
use experiment_core::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};
use experiment_core::stats::{multiplicity, srm};
use proptest::prelude::*;

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..5_u64, 0..200_u64, 0..1_000_000_000_u64]
}

/// Arms with few, all but few, or any number of successes.
fn proportion_arm() -> impl Strategy<Value = ProportionSummary> {
    (count(), count(), 0..3_u8).prop_map(|(a, b, shape)| {
        let n = a.max(1);
        let few = b % 4;
        let successes = match shape {
            0 => few.min(n),
            1 => n - few.min(n),
            _ => b % (n + 1),
        };
        ProportionSummary { successes, n }
    })
}

/// Any bits at all, with ordinary and special numbers often enough to meet.
pub(super) fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => -1e3..1e3_f64,
        2 => proptest::num::f64::ANY,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY]),
    ]
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, 2..1_000_u64, 2..2_000_000_000_u64]
}

fn mean_arm() -> impl Strategy<Value = MeanSummary> {
    (size(), any_float(), any_float().prop_map(f64::abs)).prop_map(|(n, mean, variance)| MeanSummary {
        n,
        mean,
        variance,
    })
}

fn pair_arm() -> impl Strategy<Value = PairSummary> {
    (size(), any_float(), any_float(), any_float(), any_float(), -1.0..=1.0_f64).prop_map(
        |(n, mean_y, mean_x, variance_y, variance_x, correlation)| {
            let (variance_y, variance_x) = (variance_y.abs(), variance_x.abs());
            let covariance = correlation * variance_y.sqrt() * variance_x.sqrt();
            PairSummary { n, mean_y, mean_x, variance_y, variance_x, covariance }
        },
    )
}

pub(super) fn options() -> impl Strategy<Value = TestOptions> {
    let level = prop_oneof![0.5..0.9999_f64, prop::sample::select(vec![1e-9, 0.2, 0.95, 1.0 - 1e-12])];
    (level, 0..3_u8).prop_map(|(level, side)| match side {
        0 => TestOptions::two_sided(level),
        1 => TestOptions::greater(level),
        _ => TestOptions::less(level),
    })
}

fn mirrored(options: &TestOptions) -> TestOptions {
    let alternative = match options.alternative {
        Alternative::TwoSided => Alternative::TwoSided,
        Alternative::Greater => Alternative::Less,
        Alternative::Less => Alternative::Greater,
    };
    TestOptions { alternative, ..*options }
}

pub(super) fn in_order(interval: &Interval) -> bool {
    !interval.lower.is_nan() && !interval.upper.is_nan() && interval.lower <= interval.upper
}

pub(super) fn sound(comparison: &Comparison) -> bool {
    comparison.effect.is_finite()
        && comparison.std_error > 0.0
        && comparison.std_error.is_finite()
        && comparison.statistic.is_finite()
        && (0.0..=1.0).contains(&comparison.p_value)
        && comparison.log10_p_value <= 0.0
        && comparison.degrees_of_freedom.is_none_or(|df| df > 0.0)
        && in_order(&comparison.interval)
}

pub(super) fn close(a: f64, b: f64, relative: f64) -> bool {
    a == b || (a - b).abs() <= relative * a.abs().max(b.abs())
}

/// The p-value and its logarithm must say the same.
pub(super) fn logarithm_agrees(p: f64, log10: f64) -> bool {
    if p > 1e-300 {
        close(p.log10(), log10, 1e-9) || (p.log10() - log10).abs() < 1e-12
    } else {
        log10 < -299.0
    }
}

/// Swapped arms under the mirrored question give the mirrored answer.
fn mirror_images(one: &Comparison, other: &Comparison, relative: f64) -> bool {
    one.effect == -other.effect
        && close(one.statistic, -other.statistic, relative)
        && close(one.p_value, other.p_value, 1e-6)
        && (close(one.interval.lower, -other.interval.upper, relative)
            || (one.interval.lower + other.interval.upper).abs() <= relative * one.std_error)
        && (close(one.interval.upper, -other.interval.lower, relative)
            || (one.interval.upper + other.interval.lower).abs() <= relative * one.std_error)
}

/// Both sides estimable and mirrored, or both not.
fn check_mirrored(
    one: Result<Comparison, NotEstimable>,
    other: Result<Comparison, NotEstimable>,
) -> Result<(), TestCaseError> {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            prop_assert!(sound(&one), "{one:?}");
            prop_assert!(logarithm_agrees(one.p_value, one.log10_p_value), "{one:?}");
            prop_assert!(mirror_images(&one, &other, 1e-9), "{one:?}\n{other:?}");
        }
        // Which reason comes first may depend on the arm.
        (Err(_), Err(_)) => {}
        (one, other) => prop_assert!(false, "{:?}\n{:?}", one, other),
    }
    Ok(())
}

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
