//! Every reference record that our methods answer (`tests/data/reference`).
//!
//! Each kind of record stands in `COVERED`, with the function that compares it from the record's own summaries, in
//! `FROM_ROWS`, with the one that compares it from the data set (`EXPERIMENT_DATA`), or in `SKIPPED`, with the reason.
//! Every output of a compared record is compared, or left out by name with a comment.

mod bayes;
mod exact;
mod means;
mod planning;
mod proportions;
mod regression;
mod rows;
mod samples;
mod sequential;
mod strata;
mod survivals;

use experiment_core::stats::{NotEstimable, TestOptions};
use experiment_tests::reference::{Check, Record, records};
use rows::Rows;
use std::collections::BTreeSet;

/// Compares all outputs of one record.
type Compare = fn(&Record, &mut Check<'_>) -> Result<(), NotEstimable>;
/// The same, with the rows of the data set.
type CompareRows = fn(&Record, &Rows, &mut Check<'_>) -> Result<(), NotEstimable>;

const COVERED: &[(&str, Compare)] = &[
    ("anova_oneway", strata::anova_oneway),
    ("anova_welch", strata::anova_welch),
    ("barnard_boschloo", exact::barnard_boschloo),
    ("bayes_beta_binomial", bayes::bayes_beta_binomial),
    ("chi2_omnibus", proportions::chi2_omnibus),
    ("chi2_pearson", proportions::chi2_pearson),
    ("chi2_yates", proportions::chi2_yates),
    ("cochran_mantel_haenszel", strata::cochran_mantel_haenszel),
    ("cohens_d", strata::cohens_d),
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
    ("odds_ratio_ci", proportions::odds_ratio_ci),
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
    ("segment_effects", strata::segment_effects),
    ("sequential_look", sequential::sequential_look),
    ("srm_chisquare", proportions::srm_chisquare),
    ("student_t", means::student_t),
    ("tt_cuped_mean", means::tt_cuped_mean),
    ("tt_mean", means::tt_mean),
    ("tt_proportion", proportions::tt_proportion),
    ("tt_ratio_of_means", means::tt_ratio_of_means),
    ("welch_t", means::welch_t),
    ("welch_t_log1p", means::welch_t_log1p),
];

const FROM_ROWS: &[(&str, CompareRows)] = &[
    ("arm_summary", samples::arm_summary),
    ("bootstrap_diff", samples::bootstrap_diff),
    ("cox_ph", survivals::cox_ph),
    ("cox_ph_statsmodels", survivals::cox_ph_statsmodels),
    ("kaplan_meier", survivals::kaplan_meier_at),
    ("kruskal_wallis", samples::kruskal_wallis),
    ("ks_2samp", samples::ks_2samp),
    ("levene", samples::levene),
    ("logrank", survivals::logrank),
    ("mann_whitney_u", samples::mann_whitney_u),
    ("ols_treatment_effect", regression::ols_treatment_effect),
    ("quantile_ci_order_stat", samples::quantile_ci_order_stat),
    ("rmst", survivals::rmst),
    ("welch_t_winsorized", means::welch_t_winsorized),
    ("yuen_trimmed_t", samples::yuen_trimmed_t),
];

const NO_STATISTICS: &str = "counts of raw rows: nothing of the library would be compared";

const SKIPPED: &[(&str, &str)] = &[
    ("cohort_retention_calendar_month", NO_STATISTICS),
    ("data_quality", NO_STATISTICS),
    ("n_day_retention", NO_STATISTICS),
    ("table_counts", NO_STATISTICS),
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

/// How many records of a file are compared from summaries, compared from rows, and skipped.
struct Expected {
    covered: usize,
    from_rows: usize,
    skipped: usize,
}

/// Compares the records of a file.
fn run(file: &str, expected: &Expected) {
    let rows = Rows::read(file);
    let (mut covered, mut from_rows, mut skipped) = (0, 0, 0);
    let mut problems = Vec::new();
    for record in records(file) {
        let mut check = Check::new(&record);
        let compared = if let Some(compare) = find(COVERED, &record.kind) {
            covered += 1;
            compare(&record, &mut check)
        } else if let Some(compare) = find(FROM_ROWS, &record.kind) {
            from_rows += 1;
            let Some(rows) = &rows else { continue };
            compare(&record, rows, &mut check)
        } else {
            skipped += 1;
            continue;
        };
        match compared {
            Ok(()) => problems.extend(check.finish()),
            // Our typed reason and a library's null say the same.
            Err(_) if record.has_no_p_value() => {}
            Err(reason) => problems.push(format!("{}: not estimable: {reason}", record.id)),
        }
    }
    let without_rows = if rows.is_none() { " (SKIPPED: no data set)" } else { "" };
    println!("{file}: compared {covered}, from rows {from_rows}{without_rows}, skipped {skipped}");
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
    assert_eq!(
        (covered, from_rows, skipped),
        (expected.covered, expected.from_rows, expected.skipped),
        "records compared from summaries, from rows, skipped"
    );
}

fn find<T: Copy>(kinds: &[(&str, T)], kind: &str) -> Option<T> {
    kinds.iter().find(|(name, _)| *name == kind).map(|(_, found)| *found)
}

#[test]
fn cdnow() {
    run("cdnow", &Expected { covered: 34, from_rows: 33, skipped: 7 });
}

#[test]
fn cookie_cats() {
    run("cookie_cats", &Expected { covered: 147, from_rows: 32, skipped: 1 });
}

#[test]
fn gst_bounds() {
    run("gst_bounds", &Expected { covered: 48, from_rows: 0, skipped: 0 });
}

#[test]
fn hillstrom() {
    run("hillstrom", &Expected { covered: 410, from_rows: 167, skipped: 0 });
}

#[test]
fn power() {
    run("power", &Expected { covered: 111, from_rows: 0, skipped: 0 });
}

#[test]
fn telco() {
    run("telco", &Expected { covered: 178, from_rows: 75, skipped: 0 });
}

#[test]
fn udacity_ab() {
    run("udacity_ab", &Expected { covered: 40, from_rows: 2, skipped: 2 });
}

/// A kind that appears nowhere, in two tables or in none is a mistake; so is a record too many or too few.
#[test]
fn every_kind_is_compared_or_says_why_not() {
    let all: Vec<Record> = FILES.iter().flat_map(|file| records(file)).collect();
    assert_eq!(all.len(), 1_287);
    let kinds: BTreeSet<&str> = all.iter().map(|record| record.kind.as_str()).collect();
    let mut named: Vec<&str> = COVERED.iter().map(|(kind, _)| *kind).collect();
    named.extend(FROM_ROWS.iter().map(|(kind, _)| *kind));
    named.extend(SKIPPED.iter().map(|(kind, _)| *kind));
    named.sort_unstable();
    assert_eq!(kinds.into_iter().collect::<Vec<&str>>(), named);
}
