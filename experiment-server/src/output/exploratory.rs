//! Readings of a comparison that don't decide, for a terminal.

use std::io::{self, Write};

use experiment_core::report::{
    Bound, Comparison, Effect, Estimand, MetricReport, Reading, RelativeEffect, RelativeSet,
};

use super::number;
use super::table::{interval, write_item};
use super::text::printable;

/// Everything that does not decide.
pub(super) fn write_exploratory(metrics: &[MetricReport], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "Exploratory (other readings of the same data; they don't decide)")?;
    for metric in metrics {
        for comparison in &metric.comparisons {
            let readings = other_readings(metric.kind, comparison);
            if readings.is_empty() {
                continue;
            }
            writeln!(
                out,
                "  {}, {} against {}",
                printable(&metric.metric),
                printable(&comparison.variant),
                printable(&comparison.control)
            )?;
            for reading in readings {
                write_item("    ", &reading, out)?;
            }
        }
    }
    Ok(())
}

fn other_readings(kind: Estimand, comparison: &Comparison) -> Vec<String> {
    let mut readings = Vec::new();
    let decided_by = comparison.deciding_reading();
    if let Some(relative) = comparison.relative_effect_of(decided_by) {
        readings.push(format!("relative effect {}", relative_interval(&relative)));
    }
    if let Some(decision) = &comparison.decision
        && (decision.lower.is_some() || decision.upper.is_some())
    {
        let ends = Effect { estimate: 0.0, std_error: None, lower: decision.lower, upper: decision.upper };
        let unbounded = [Bound::Lower, Bound::Upper];
        let level = number::level(decision.confidence_level);
        readings.push(format!("interval that decides, at {level}: {}", interval(kind, &ends, &unbounded)));
    }
    readings.extend(comparison.always_valid.map(|sequence| {
        let ends = Effect { estimate: 0.0, std_error: None, lower: sequence.lower, upper: sequence.upper };
        let shown = interval(kind, &ends, &[Bound::Lower, Bound::Upper]);
        format!("on all days together: {shown}, always-valid p {}", number::p_value(sequence.p_value, None))
    }));
    readings.extend(comparison.bayes.map(|bayes| {
        let (lower, upper) = (Some(bayes.lower), Some(bayes.upper));
        let shown = interval(kind, &Effect { estimate: 0.0, std_error: None, lower, upper }, &[]);
        let (chance, loss) =
            (number::percent(bayes.chance_to_win), number::effect(kind, bayes.expected_loss));
        format!("chance to win {chance}, expected loss {loss}, credible {shown}")
    }));
    readings.extend(comparison.intention_to_treat.map(|everybody| {
        let (effect, shown) =
            (number::effect(kind, everybody.effect.estimate), interval(kind, &everybody.effect, &[]));
        format!("with crossed customers, as first assigned: {effect} ({shown})")
    }));
    readings.extend(comparison.harm.map(|harm| {
        let level = number::level(harm.confidence_level);
        format!("alarm for harm, bound at {level}: {}", number::effect(kind, harm.bound))
    }));
    let without = match decided_by {
        Reading::Unadjusted => None,
        Reading::Cuped => Some("without covariate"),
        Reading::Stratified => Some("without strata"),
        Reading::StratifiedCuped => Some("without strata and covariate"),
    };
    if let (Some(without), Some(effect), Some(p)) = (without, &comparison.effect, comparison.p_value) {
        let shown = interval(kind, effect, &comparison.unbounded);
        let p = number::p_value(p, comparison.log10_p_value);
        readings.push(format!("{without}: {} ({shown}), p {p}", number::effect(kind, effect.estimate)));
    }
    let in_numbers = |effect: &Effect, p: f64| {
        let (estimate, p) = (number::effect(kind, effect.estimate), number::p_value(p, None));
        format!(", effect {estimate} ({}), p {p}", interval(kind, effect, &[]))
    };
    if let Some(cuped) = &comparison.cuped {
        let (theta, less) = (number::plain(cuped.theta), number::percent(cuped.variance_reduction));
        let mut reading = format!("covariate: theta {theta}, variance reduced by {less}");
        if decided_by != Reading::Cuped {
            reading.push_str(&in_numbers(&cuped.effect, cuped.p_value));
        }
        readings.push(reading);
    }
    if let Some(stratified) = &comparison.stratified {
        let less = number::percent(stratified.variance_reduction);
        let mut reading = format!("{} strata: variance reduced by {less}", stratified.strata);
        if !matches!(decided_by, Reading::Stratified | Reading::StratifiedCuped) {
            reading.push_str(&in_numbers(&stratified.effect, stratified.p_value));
        }
        readings.push(reading);
    }
    readings
}

fn relative_interval(relative: &RelativeEffect) -> String {
    let estimate = number::relative(relative.estimate);
    let ends = match (relative.lower, relative.upper) {
        (Some(lower), Some(upper)) => format!("{} to {}", number::relative(lower), number::relative(upper)),
        (Some(lower), None) => format!("{} or more", number::relative(lower)),
        (None, Some(upper)) => format!("{} or less", number::relative(upper)),
        (None, None) => return estimate,
    };
    match relative.set {
        RelativeSet::Interval => format!("{estimate} ({ends})"),
        RelativeSet::Outside => format!("{estimate} (anything but {ends})"),
        RelativeSet::All => format!("{estimate} (the data allow any number)"),
    }
}
