//! Every reference record that our methods answer from summary statistics (`tests/data/reference`).
//!
//! Each kind of record stands either in `COVERED`, with the function that compares it, or in `NOT_COVERED`,
//! with the reason. Every output of a covered record is compared, or left out by name with a comment.

mod bayes;
mod exact;
mod means;
mod planning;
mod proportions;
mod sequential;

use experiment_core::stats::{NotEstimable, TestOptions};
use experiment_tests::reference::{Check, Record, records};
use std::collections::BTreeMap;

/// Compares all outputs of one record.
type Compare = fn(&Record, &mut Check<'_>) -> Result<(), NotEstimable>;

const COVERED: &[(&str, Compare)] = &[
    ("barnard_boschloo", exact::barnard_boschloo),
    ("bayes_beta_binomial", bayes::bayes_beta_binomial),
    ("chi2_omnibus", proportions::chi2_omnibus),
    ("chi2_pearson", proportions::chi2_pearson),
    ("chi2_yates", proportions::chi2_yates),
    ("cohens_h", proportions::cohens_h),
    ("fieller_rel_ci", means::fieller_rel_ci),
    ("fisher_exact", exact::fisher_exact),
    ("g_omnibus", proportions::g_omnibus),
    ("g_test", proportions::g_test),
    ("gb_bayes_absolute", bayes::gb_bayes_absolute),
    ("gb_bayes_absolute_cuped_history", bayes::gb_bayes_absolute_cuped),
    ("gb_bayes_absolute_cuped_recency", bayes::gb_bayes_absolute_cuped),
    ("gb_bayes_absolute_ratio", bayes::gb_bayes_absolute_ratio),
    ("gb_bayes_relative", bayes::gb_bayes_relative),
    ("gb_bayes_relative_cuped_history", bayes::gb_bayes_relative_cuped),
    ("gb_bayes_relative_cuped_recency", bayes::gb_bayes_relative_cuped),
    ("gb_bayes_relative_ratio", bayes::gb_bayes_relative_ratio),
    ("gb_sequential_absolute", sequential::gb_sequential_absolute),
    ("gb_sequential_absolute_cuped_history", sequential::gb_sequential_absolute_cuped),
    ("gb_sequential_absolute_cuped_recency", sequential::gb_sequential_absolute_cuped),
    ("gb_sequential_absolute_ratio", sequential::gb_sequential_absolute_ratio),
    ("gb_sequential_relative", sequential::gb_sequential_relative),
    ("gb_sequential_relative_cuped_history", sequential::gb_sequential_relative_cuped),
    ("gb_sequential_relative_cuped_recency", sequential::gb_sequential_relative_cuped),
    ("gb_sequential_relative_ratio", sequential::gb_sequential_relative_ratio),
    ("gb_ttest_absolute", means::gb_ttest_absolute),
    ("gb_ttest_absolute_cuped_history", means::gb_ttest_absolute_cuped),
    ("gb_ttest_absolute_cuped_recency", means::gb_ttest_absolute_cuped),
    ("gb_ttest_absolute_ratio", means::gb_ttest_absolute_ratio),
    ("gb_ttest_relative", means::gb_ttest_relative),
    ("gb_ttest_relative_cuped_history", means::gb_ttest_relative_cuped),
    ("gb_ttest_relative_cuped_recency", means::gb_ttest_relative_cuped),
    ("gb_ttest_relative_ratio", means::gb_ttest_relative_ratio),
    ("group_sequential_bounds", sequential::group_sequential_bounds),
    ("mde_mean", planning::mde_mean),
    ("mean_ci_t", means::mean_ci_t),
    ("mean_tost", means::mean_tost),
    ("mean_z_unpooled", means::mean_z_unpooled),
    ("multiple_testing", planning::multiple_testing),
    ("n_mean", planning::n_mean),
    ("n_proportion_arcsine", planning::n_proportion_arcsine),
    ("n_proportion_normal", planning::n_proportion_normal),
    ("power_mean", planning::power_mean),
    ("power_proportion_normal", planning::power_proportion_normal),
    ("prop_diff_ci", proportions::prop_diff_ci),
    ("prop_noninferiority", proportions::prop_noninferiority),
    ("prop_ratio_ci", proportions::prop_ratio_ci),
    ("prop_tost", proportions::prop_tost),
    ("prop_ztest_pooled", proportions::prop_ztest_pooled),
    ("prop_ztest_unpooled", proportions::prop_ztest_unpooled),
    ("proportion_ci", proportions::proportion_ci),
    ("srm_binomial_exact", exact::srm_binomial_exact),
    ("sequential_look", sequential::sequential_look),
    ("srm_chisquare", proportions::srm_chisquare),
    ("student_t", means::student_t),
    ("tt_cuped_mean", means::tt_cuped_mean),
    ("tt_mean", means::tt_mean),
    ("tt_proportion", proportions::tt_proportion),
    ("tt_ratio_of_means", means::tt_ratio_of_means),
    ("welch_t", means::welch_t),
    ("welch_t_log1p", means::welch_t_log1p),
    ("welch_t_winsorized", means::welch_t_winsorized),
];

const NEEDS_ROWS: &str = "needs the rows of the data set";
const NOT_BUILT: &str = "method not built yet";

const NOT_COVERED: &[(&str, &str)] = &[
    ("anova_oneway", NOT_BUILT),
    ("anova_welch", NOT_BUILT),
    ("arm_summary", NEEDS_ROWS),
    ("bootstrap_diff", NEEDS_ROWS),
    ("cochran_mantel_haenszel", NOT_BUILT),
    ("cohens_d", "not offered: effects are in the metric's unit or relative"),
    ("cohort_retention_calendar_month", NEEDS_ROWS),
    ("cox_ph", NEEDS_ROWS),
    ("cox_ph_statsmodels", NEEDS_ROWS),
    ("data_quality", NEEDS_ROWS),
    ("kaplan_meier", NEEDS_ROWS),
    ("kruskal_wallis", NEEDS_ROWS),
    ("ks_2samp", NEEDS_ROWS),
    ("levene", NEEDS_ROWS),
    ("logrank", NEEDS_ROWS),
    ("mann_whitney_u", NEEDS_ROWS),
    ("n_day_retention", NEEDS_ROWS),
    ("odds_ratio_ci", NOT_BUILT),
    ("ols_treatment_effect", NEEDS_ROWS),
    ("quantile_ci_order_stat", NEEDS_ROWS),
    ("rmst", NEEDS_ROWS),
    ("segment_effects", "needs the test of interaction, which is not built yet"),
    ("table_counts", NEEDS_ROWS),
    ("yuen_trimmed_t", NEEDS_ROWS),
];

const FILES: &[&str] = &["cdnow", "cookie_cats", "gst_bounds", "hillstrom", "power", "telco", "udacity_ab"];

/// The side and level that a record asks for; the level is 0.95 where it plays no part.
fn options(record: &Record) -> TestOptions {
    let number = |name: &str| record.params.get(name).and_then(|value| value.as_f64());
    let level = number("confidence").or(number("alpha").map(|alpha| 1.0 - alpha)).unwrap_or(0.95);
    match record.params.get("alternative").and_then(|name| name.as_str()) {
        None | Some("two-sided") => TestOptions::two_sided(level),
        Some("greater") => TestOptions::greater(level),
        Some("less") => TestOptions::less(level),
        Some(other) => panic!("{}: alternative {other}", record.id),
    }
}

/// Compares the covered records of a file, of which there must be `expected`.
fn run(file: &str, expected: usize) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for record in records(file) {
        let Some((_, compare)) = COVERED.iter().find(|(kind, _)| *kind == record.kind) else { continue };
        *counts.entry(record.kind.clone()).or_default() += 1;
        let mut check = Check::new(&record);
        match compare(&record, &mut check) {
            Ok(()) => problems.extend(check.finish()),
            // Our typed reason and a library's null say the same.
            Err(_) if record.has_no_p_value() => {}
            Err(reason) => problems.push(format!("{}: not estimable: {reason}", record.id)),
        }
    }
    println!("{file}: {counts:?}");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
    assert_eq!(counts.values().sum::<usize>(), expected, "records compared");
}

#[test]
fn cdnow() {
    run("cdnow", 33);
}

#[test]
fn cookie_cats() {
    run("cookie_cats", 146);
}

#[test]
fn gst_bounds() {
    run("gst_bounds", 48);
}

#[test]
fn hillstrom() {
    run("hillstrom", 381);
}

#[test]
fn power() {
    run("power", 111);
}

#[test]
fn telco() {
    run("telco", 174);
}

#[test]
fn udacity_ab() {
    run("udacity_ab", 37);
}

/// A kind that appears nowhere, in both tables or in neither is a mistake.
#[test]
fn every_kind_is_either_covered_or_says_why_not() {
    let mut kinds: Vec<String> =
        FILES.iter().flat_map(|file| records(file)).map(|record| record.kind).collect();
    kinds.sort();
    kinds.dedup();
    let mut named: Vec<&str> = COVERED.iter().map(|(kind, _)| *kind).collect();
    named.extend(NOT_COVERED.iter().map(|(kind, _)| *kind));
    named.sort_unstable();
    assert_eq!(kinds, named);
}
