//! Degenerate arms: the right number, or the right reason.

use experiment_core::stats::anova::{one_way_anova, welch_anova};
use experiment_core::stats::cuped::{CovariateSummary, RatioHistory, Theta, cuped, cuped_by_several};
use experiment_core::stats::mean::{MeanSummary, welch_test};
use experiment_core::stats::multiplicity;
use experiment_core::stats::proportion::{
    self, HalfStep, ProportionStratum, ProportionSummary, pooled_z_test, risk_ratio_log_interval,
    unpooled_z_test,
};
use experiment_core::stats::rank::kruskal_wallis_test;
use experiment_core::stats::ratio::{PairSummary, delta_method};
use experiment_core::stats::relative::{FiellerSet, fieller, log_delta};
use experiment_core::stats::resample::{
    Resampling, bootstrap_mean, bootstrap_mean_difference, mean_difference_acceleration, permutation_test,
};
use experiment_core::stats::srm::chi_square_test;
use experiment_core::stats::survival::{FollowUp, SurvivalTable, Ties, cox_regression, log_rank_test};
use experiment_core::stats::{NotEstimable, TestOptions};

const OPTIONS: TestOptions =
    TestOptions { alternative: experiment_core::stats::Alternative::TwoSided, confidence_level: 0.95 };

fn arm(successes: u64, n: u64) -> ProportionSummary {
    ProportionSummary { successes, n }
}

fn mean(n: u64, mean: f64, variance: f64) -> MeanSummary {
    MeanSummary { n, mean, variance }
}

fn code<T: std::fmt::Debug>(result: Result<T, NotEstimable>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn identical_arms_differ_by_exactly_nothing() {
    for n in [1_u64, 2, 1_000, 1_000_000_000] {
        let half = arm(n.div_ceil(2), n);
        let Ok(test) = pooled_z_test(&half, &half, &OPTIONS) else { continue };
        assert_eq!((test.effect, test.statistic, test.p_value, test.log10_p_value), (0.0, 0.0, 1.0, 0.0));
    }
    let value = mean(1_000_000_000, 1e8 + 0.1, 3.0);
    let test = welch_test(&value, &value, &OPTIONS).unwrap();
    assert_eq!((test.effect, test.p_value), (0.0, 1.0));
    assert_eq!(test.interval.lower, -test.interval.upper);
}

#[test]
fn arms_without_variation_say_so() {
    for (control, variant) in [(arm(0, 10), arm(0, 20)), (arm(10, 10), arm(20, 20))] {
        assert_eq!(code(pooled_z_test(&control, &variant, &OPTIONS)), "no_variation");
        assert_eq!(code(unpooled_z_test(&control, &variant, &OPTIONS)), "no_variation");
    }
    // None against all: the pooled test sees variation, Wald's does not.
    assert!(pooled_z_test(&arm(0, 10), &arm(10, 10), &OPTIONS).unwrap().p_value < 1e-4);
    assert_eq!(code(unpooled_z_test(&arm(0, 10), &arm(10, 10), &OPTIONS)), "no_variation");
    assert_eq!(code(welch_test(&mean(5, 1.0, 0.0), &mean(5, 2.0, 0.0), &OPTIONS)), "no_variation");
}

#[test]
fn one_customer_is_enough_for_a_proportion_and_not_for_a_mean() {
    assert!(pooled_z_test(&arm(0, 1), &arm(1, 1), &OPTIONS).is_ok());
    assert!(proportion::miettinen_nurminen_interval(&arm(0, 1), &arm(1, 1), &OPTIONS).is_ok());
    let reason = welch_test(&mean(1, 1.0, 0.0), &mean(50, 2.0, 1.0), &OPTIONS).unwrap_err();
    assert_eq!(reason, NotEstimable::TooFewCustomers { n: 1, needed: 2 });
    assert_eq!(reason.to_string(), "there are 1 customers where at least 2 are needed");
    assert_eq!(code(pooled_z_test(&arm(0, 0), &arm(1, 1), &OPTIONS)), "too_few_customers");
}

#[test]
fn impossible_input_is_named() {
    assert_eq!(code(pooled_z_test(&arm(11, 10), &arm(1, 10), &OPTIONS)), "impossible_input");
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(code(welch_test(&mean(9, 0.0, bad), &mean(9, 0.0, 1.0), &OPTIONS)), "impossible_input");
    }
    for level in [0.0, 1.0, -0.5, 95.0, f64::NAN] {
        let options = TestOptions::two_sided(level);
        let reason = welch_test(&mean(9, 0.0, 1.0), &mean(9, 0.0, 1.0), &options).unwrap_err();
        assert_eq!(reason.code(), "impossible_input");
        assert!(reason.to_string().starts_with("confidence level is "), "{reason}");
    }
    assert_eq!(code(multiplicity::holm(&[0.5, 1.5])), "impossible_input");
    assert_eq!(code(multiplicity::holm(&[f64::NAN])), "impossible_input");
    assert_eq!(code(chi_square_test(&[1, 2], &[1.0])), "impossible_input");
    assert_eq!(code(chi_square_test(&[1, 2], &[1.0, 0.0])), "impossible_input");
    assert_eq!(code(chi_square_test(&[0, 0], &[1.0, 1.0])), "too_few_customers");
}

#[test]
fn relative_effects_need_something_to_be_relative_to() {
    let zero = mean(100, 0.0, 1.0);
    let some = mean(100, 2.0, 1.0);
    assert_eq!(code(log_delta(&zero, &some, &OPTIONS)), "zero_control_mean");
    assert_eq!(code(log_delta(&some, &zero, &OPTIONS)), "no_positive_ratio");
    assert_eq!(code(log_delta(&some, &mean(100, -2.0, 1.0), &OPTIONS)), "no_positive_ratio");
    assert!(log_delta(&mean(100, -1.0, 1.0), &mean(100, -2.0, 1.0), &OPTIONS).unwrap().estimate == 1.0);
    assert_eq!(code(risk_ratio_log_interval(&arm(0, 9), &arm(3, 9), &OPTIONS)), "no_successes");
}

#[test]
fn fieller_opens_up_as_the_control_nears_zero() {
    let variant = mean(100, 2.0, 1.0);
    let set = |control_mean: f64| fieller(&mean(100, control_mean, 1.0), &variant, &OPTIONS).unwrap();
    assert!(matches!(set(1.0), FiellerSet::Interval(_)));
    assert!(matches!(set(0.1), FiellerSet::Outside(_)));
    assert!(matches!(set(0.0), FiellerSet::Outside(_)));
    let nothing = mean(100, 0.01, 1.0);
    assert_eq!(fieller(&nothing, &nothing, &OPTIONS).unwrap(), FiellerSet::All);
}

#[test]
fn ratios_and_covariates_without_variation() {
    let pair =
        PairSummary { n: 9, mean_y: 1.0, mean_x: 0.0, variance_y: 1.0, variance_x: 0.0, covariance: 0.0 };
    assert_eq!(code(delta_method(&pair)), "zero_denominator");
    let constant = cuped(&pair, &pair, Theta::Joint, &OPTIONS).unwrap();
    assert_eq!((constant.theta, constant.variance_reduction), (0.0, 0.0));
    // y is a multiple of x: the ratio does not vary, and the covariate explains everything.
    let exact =
        PairSummary { n: 9, mean_y: 3.0, mean_x: 1.0, variance_y: 9.0, variance_x: 1.0, covariance: 3.0 };
    assert_eq!(delta_method(&exact).unwrap().variance, 0.0);
    assert_eq!(code(cuped(&exact, &exact, Theta::Joint, &OPTIONS)), "no_variation");
    let impossible = PairSummary { covariance: 3.1, ..exact };
    assert_eq!(code(delta_method(&impossible)), "impossible_input");
}

#[test]
fn a_billion_customers_lose_no_digits() {
    let control = arm(100_000_000, 1_000_000_000);
    let variant = arm(100_000_001, 1_000_000_000);
    assert_eq!(pooled_z_test(&control, &variant, &OPTIONS).unwrap().effect, 1e-9);
    let test = pooled_z_test(&control, &arm(200_000_000, 1_000_000_000), &OPTIONS).unwrap();
    // Far below the smallest float: 6 278 standard errors.
    assert_eq!(test.p_value, 0.0);
    let want = -(test.statistic * test.statistic / 2.0) / std::f64::consts::LN_10;
    assert!((test.log10_p_value / want - 1.0).abs() < 1e-5, "{}", test.log10_p_value);
}

/// Arms in which nobody did anything, or everybody the same, and arms of one customer, have a reason in every method.
#[test]
fn nothing_happened_is_a_reason_everywhere() {
    let nobody = arm(0, 40);
    let strata = [ProportionStratum { control: nobody, variant: nobody }; 3];
    assert_eq!(code(proportion::odds_ratio(&nobody, &nobody)), "no_successes");
    assert_eq!(code(proportion::odds_ratio_log_interval(&arm(40, 40), &arm(9, 40), &OPTIONS)), "no_failures");
    assert_eq!(code(proportion::mantel_haenszel_test(&strata, HalfStep::Taken)), "no_variation");
    assert_eq!(code(proportion::mantel_haenszel_risk_ratio(&strata, &OPTIONS)), "no_successes");

    let zeros = [0.0; 50];
    let still = MeanSummary::from_values(&zeros).unwrap();
    assert_eq!((still.mean, still.variance), (0.0, 0.0));
    assert_eq!(code(welch_anova(&[still; 3])), "no_variation");
    assert_eq!(code(one_way_anova(&[still; 3])), "no_variation");
    assert_eq!(code(kruskal_wallis_test(&[zeros; 3])), "no_rank_variation");
    let with_covariate = CovariateSummary::from_columns(&zeros, &[&zeros]).unwrap();
    assert_eq!(
        code(cuped_by_several(&with_covariate, &with_covariate, Theta::Joint, &OPTIONS)),
        "no_variation"
    );

    let resampling = Resampling { resamples: 200, seed: 1 };
    let draws = bootstrap_mean_difference(&zeros, &zeros, &resampling).unwrap();
    assert_eq!((draws.estimate, draws.std_error()), (0.0, 0.0));
    assert_eq!(code(mean_difference_acceleration(&zeros, &zeros)), "no_variation");
    assert_eq!(permutation_test(&zeros, &zeros, &resampling).unwrap().p_absolute, 1.0);

    let stayed = [FollowUp { time: 30.0, event: false }; 50];
    let table = SurvivalTable::from_follow_ups(&stayed).unwrap();
    assert_eq!(code(log_rank_test(&[table.clone(), table])), "no_events");
    assert_eq!(code(cox_regression(&stayed, &[&zeros], Ties::Efron, &OPTIONS)), "no_events");
}

#[test]
fn one_customer_is_too_few_for_a_variance() {
    let one = [7.0];
    for code in [
        code(MeanSummary::from_values(&one)),
        code(PairSummary::from_values(&one, &one)),
        code(CovariateSummary::from_columns(&one, &[&one])),
        code(RatioHistory::from_columns([&one, &one, &one, &one])),
        code(bootstrap_mean(&one, &Resampling { resamples: 9, seed: 1 })),
        code(welch_anova(&[mean(1, 7.0, 0.0), mean(9, 7.0, 1.0)])),
        code(cox_regression(&[FollowUp { time: 1.0, event: true }], &[&one], Ties::Efron, &OPTIONS)),
    ] {
        assert_eq!(code, "too_few_customers");
    }
    // Ranks and the exact permutation need no variance.
    assert_eq!(kruskal_wallis_test(&[[1.0], [2.0]]).unwrap().statistic, 1.0);
}

/// Identical arms: exactly no effect, at two customers and at a billion.
#[test]
fn identical_arms_are_equal_in_every_method() {
    for n in [2_u64, 1_000_000_000] {
        let half = arm(n / 2, n);
        let strata = [ProportionStratum { control: half, variant: half }];
        assert_eq!(proportion::odds_ratio(&half, &half), Ok(1.0));
        assert_eq!(proportion::mantel_haenszel_test(&strata, HalfStep::Kept).unwrap().p_value, 1.0);
        assert_eq!(proportion::mantel_haenszel_risk_ratio(&strata, &OPTIONS).unwrap().ratio, 1.0);
        let value = mean(n, 3.0, 2.0);
        assert_eq!(welch_anova(&[value; 4]).unwrap().p_value, 1.0);
        assert_eq!(one_way_anova(&[value; 4]).unwrap().statistic, 0.0);
    }
    let values = [3.0, 1.0, 4.0, 1.0, 5.0];
    assert_eq!(kruskal_wallis_test(&[values; 3]).unwrap().p_value, 1.0);
    let events = values.map(|time| FollowUp { time, event: true });
    let table = SurvivalTable::from_follow_ups(&events).unwrap();
    assert!(log_rank_test(&[table.clone(), table]).unwrap().test.statistic < 1e-25);
}

/// An F of a billion customers has a tail that only its logarithm can hold.
#[test]
fn far_tails_of_several_arms_have_a_logarithm() {
    let arms = [mean(1_000_000_000, 1.0, 4.0), mean(1_000_000_000, 1.01, 4.0), mean(1_000_000_000, 1.0, 4.0)];
    for test in [welch_anova(&arms).unwrap(), one_way_anova(&arms).unwrap()] {
        assert_eq!(test.p_value, 0.0);
        // χ² with two degrees of freedom: e^(−F), and F = 10⁹ · 0.01² · ⅔/4/2.
        let want = -(1e9 * 1e-4 * 2.0 / 3.0 / 4.0 / 2.0) / std::f64::consts::LN_10;
        assert!((test.log10_p_value / want - 1.0).abs() < 1e-4, "{} {want}", test.log10_p_value);
    }
}
