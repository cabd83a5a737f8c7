//! Properties of time until an event: ties, censoring, times of any size.

use super::inputs::{
    any_float, close, in_order, is_probability as p_is_sound, options, sound, sound_chi_square,
};
use experiment_core::stats::survival::{
    FollowUp, SurvivalTable, Ties, TimeWeight, cox_regression, cox_two_arms, kaplan_meier, log_rank_test,
    nelson_aalen, restricted_mean, restricted_mean_test, weighted_log_rank_test,
};
use proptest::prelude::*;

/// Follow-ups with ties, and now and then a time of any size.
fn follow_ups() -> impl Strategy<Value = Vec<FollowUp>> {
    let time = prop_oneof![5 => (0..6_u8).prop_map(f64::from), 1 => any_float().prop_map(f64::abs)];
    prop::collection::vec((time, any::<bool>()).prop_map(|(time, event)| FollowUp { time, event }), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

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
    fn weighted_tests_are_sound_or_say_why(arms in prop::collection::vec(follow_ups(), 0..4), horizon in any_float()) {
        let tables: Result<Vec<SurvivalTable>, _> = arms.iter().map(|arm| SurvivalTable::from_follow_ups(arm)).collect();
        let Ok(tables) = tables else { return Ok(()) };
        for weight in [TimeWeight::LogRank, TimeWeight::Gehan, TimeWeight::TaroneWare, TimeWeight::PetoPeto] {
            if let Ok(log_rank) = weighted_log_rank_test(&tables, weight) {
                prop_assert!(sound_chi_square(&log_rank.test), "{log_rank:?}");
            }
        }
        for table in &tables {
            prop_assert!(table.event_rows().count() <= table.rows().len());
            if let Ok(mean) = restricted_mean(table, horizon) {
                prop_assert!(mean.mean >= 0.0 && mean.mean <= horizon * (1.0 + 1e-12) && mean.variance >= 0.0, "{mean:?}");
            }
        }
    }

    #[test]
    fn regressions_are_sound_or_say_why(
        customers in prop::collection::vec((0..6_u8, any::<bool>(), 0..3_u8, any_float()), 0..14), options in options(),
    ) {
        let follow_ups: Vec<FollowUp> =
            customers.iter().map(|(time, event, ..)| FollowUp { time: f64::from(*time), event: *event }).collect();
        let arm: Vec<f64> = customers.iter().map(|(.., arm, _)| f64::from(*arm)).collect();
        let other: Vec<f64> = customers.iter().map(|(.., value)| *value).collect();
        for ties in [Ties::Efron, Ties::Breslow] {
            for columns in [vec![arm.as_slice()], vec![&arm, &other]] {
                if let Ok(fit) = cox_regression(&follow_ups, &columns, ties, &options) {
                    prop_assert!(fit.ln_hazard_ratios.iter().all(sound), "{fit:?}");
                    prop_assert!(fit.ln_likelihood.is_finite() && sound_chi_square(&fit.likelihood_ratio), "{fit:?}");
                }
            }
        }
    }
}
