//! Sample sizes, power, least effects; adjusted p-values.

use experiment_core::stats::multiplicity;
use experiment_core::stats::power::mean::{self, MeanTest};
use experiment_core::stats::power::proportion::{self, ProportionTest, Rates, cohen_h};
use experiment_core::stats::power::{FarTail, PowerOptions, Sizes};
use experiment_core::stats::{Alternative, NotEstimable};
use experiment_tests::reference::{Check, Record};

fn options(record: &Record, far_tail: FarTail) -> PowerOptions {
    PowerOptions { alpha: record.param("/alpha"), alternative: Alternative::TwoSided, far_tail }
}

fn rates(record: &Record) -> Rates {
    Rates { control: record.input("/p_control"), variant: record.input("/p_treatment") }
}

fn equal(n: f64) -> Sizes {
    Sizes { control: n, variant: n }
}

pub(super) fn n_proportion_arcsine(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let rates = rates(record);
    let ratio = record.param("/ratio_treatment_to_control");
    let options = options(record, FarTail::Counted);
    let sizes =
        proportion::sample_size(&rates, ratio, record.param("/power"), ProportionTest::Arcsine, &options)?;
    // statsmodels' h has the treatment first, as ours has the variant.
    check.number("cohens_h", cohen_h(&rates)?);
    check.number("n_control", sizes.control);
    check.number("n_treatment", sizes.variant);
    Ok(())
}

pub(super) fn n_proportion_normal(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let ratio = record.param("/ratio_treatment_to_control");
    // These were made with `samplesize_proportions_2indep_onetail(alpha=0.025)`, whose default alternative is
    // two-sided and halves alpha once more: their level is 0.025 on both sides together, not `params.alpha`.
    assert!(record.source.function.ends_with("(alpha=0.025)"), "{}", record.source.function);
    let options = PowerOptions { alpha: 0.025, ..options(record, FarTail::Ignored) };
    let power = record.param("/power");
    let sizes = proportion::sample_size(&rates(record), ratio, power, ProportionTest::Pooled, &options)?;
    check.number("n_per_arm", sizes.control);
    Ok(())
}

pub(super) fn power_proportion_normal(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let options = options(record, FarTail::Counted);
    let sizes = equal(record.input("/n_per_arm"));
    check.number("power", proportion::power(&rates(record), &sizes, ProportionTest::Pooled, &options)?);
    Ok(())
}

pub(super) fn n_mean(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let ratio = record.param("/ratio_treatment_to_control");
    let options = options(record, FarTail::Counted);
    let size = |test| {
        mean::sample_size(record.input("/cohens_d"), 1.0, ratio, record.param("/power"), test, &options)
    };
    check.number("n_per_arm_t", size(MeanTest::Student)?.control);
    check.number("n_per_arm_z", size(MeanTest::Normal)?.control);
    Ok(())
}

pub(super) fn power_mean(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let options = options(record, FarTail::Counted);
    let sizes = equal(record.input("/n_per_arm"));
    let power = |test| mean::power(record.input("/cohens_d"), 1.0, &sizes, test, &options);
    check.number("power_t", power(MeanTest::Student)?);
    check.number("power_z", power(MeanTest::Normal)?);
    Ok(())
}

pub(super) fn mde_mean(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let ratio = record.param("/ratio_treatment_to_control");
    let control = record.input("/n_total") / (1.0 + ratio);
    let sizes = Sizes { control, variant: control * ratio };
    let test = if record.params["use_t"] == true { MeanTest::Welch } else { MeanTest::Normal };
    let options = options(record, FarTail::Counted);
    let power = record.param("/power");
    let effect = mean::minimum_detectable_effect(record.input("/variance"), &sizes, power, test, &options)?;
    check.number("effect_size", effect);
    check.number("rel_effect_size", effect / record.input("/mean"));
    Ok(())
}

pub(super) fn multiple_testing(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let family = record.inputs["p_values"].as_object().unwrap();
    let p_values: Vec<f64> = family.values().map(|p| p.as_f64().unwrap()).collect();
    type Adjust = fn(&[f64]) -> Result<Vec<f64>, NotEstimable>;
    let methods: [(&str, Adjust); 8] = [
        ("bonferroni", multiplicity::bonferroni),
        ("sidak", multiplicity::sidak),
        ("holm", multiplicity::holm),
        ("holm_sidak", multiplicity::holm_sidak),
        ("hochberg", multiplicity::hochberg),
        ("hommel", multiplicity::hommel),
        ("benjamini_hochberg", multiplicity::benjamini_hochberg),
        ("benjamini_yekutieli", multiplicity::benjamini_yekutieli),
    ];
    for (name, adjust) in methods {
        let adjusted = adjust(&p_values)?;
        check.by_name(name, family.keys().map(String::as_str).zip(adjusted));
    }
    Ok(())
}
