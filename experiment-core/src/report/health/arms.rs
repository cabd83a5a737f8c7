//! Whether the arms got the customers that they should have, and differ in one thing only.

use std::collections::BTreeMap;

use super::check;
use super::mismatch::Entrants;
use crate::measure::Slice;
use crate::report::{Aggregates, Check, CheckCode, Design, Level, Srm, Stage, sums};

/// SRM alarm while customers still enter: the test is looked at again and again.
const SRM_ALARM_RUNNING: f64 = 0.0001;
/// SRM alarm of the sequential test, which bears looking.
const SRM_ALARM_SEQUENTIAL: f64 = 0.001;
/// SRM alarm at the one final reading.
const SRM_ALARM_FINAL: f64 = 0.001;

/// All first exposures against the weights, before any exclusion. The test is over the arms that may get
/// customers; the others are judged by [`srm_check`]. The sequential test is read only while customers enter.
pub(super) fn srm(design: &Design, entrants: &Entrants<'_>, customers: &[u64]) -> Option<Srm> {
    let test = entrants.test()?;
    let keys = design.variants.iter().map(|variant| variant.key.clone());
    let running = design.stage == Stage::Running;
    Some(Srm {
        p_value: test.p_value,
        statistic: test.statistic,
        degrees_of_freedom: test.degrees_of_freedom,
        observed: keys.clone().zip(customers.iter().copied()).collect::<BTreeMap<_, _>>(),
        expected: keys.zip(entrants.expected()).collect(),
        sequential_p_value: if running { entrants.sequential_p_value() } else { None },
    })
}

pub(super) fn srm_check(design: &Design, srm: Option<&Srm>, entrants: &Entrants<'_>) -> Check {
    if let Some((arm, n)) = entrants.stray() {
        let detail = format!(
            "{} has weight 0 and yet {n} customers, so the arms' sizes do not fit the weights. Find out where \
             they come from, or say assignment: external with the weights used there.",
            design.variants[arm].key
        );
        return check(CheckCode::Srm, Level::Fail, detail);
    }
    let Some(srm) = srm else {
        return check(CheckCode::Srm, Level::Warn, "There are too few customers to test the arms' sizes.");
    };
    let alarm = match design.stage {
        Stage::Running => SRM_ALARM_RUNNING,
        Stage::Final => SRM_ALARM_FINAL,
    };
    let sequential = srm.sequential_p_value.filter(|p_value| *p_value < SRM_ALARM_SEQUENTIAL);
    if srm.p_value < alarm || sequential.is_some() {
        let p_value = sequential.map_or(srm.p_value, |sequential| sequential.min(srm.p_value));
        let detail = format!(
            "The arms' sizes do not fit the weights (p {}): customers are missing from some arm or \
             counted in the wrong one, so the arms can't be compared. Find the cause before anything else.",
            if p_value < 1e-300 { "below 1e-300".to_owned() } else { format!("= {p_value:.2e}") }
        );
        return check(CheckCode::Srm, Level::Fail, detail);
    }
    check(CheckCode::Srm, Level::Ok, format!("The arms' sizes fit the weights (p = {:.3}).", srm.p_value))
}

/// The same test within each value of each dimension, the alarm shared among all of them: customers of one kind may
/// be lost from an arm while all together look even.
pub(super) fn dimensions_check(design: &Design, aggregates: &Aggregates) -> Option<Check> {
    let mut tested = Vec::new();
    for slice in sums::values(&aggregates.exposed) {
        let Slice::Value { dimension, value } = &slice else { continue };
        let Some(name) = design.dimensions.get(usize::from(*dimension)) else { continue };
        if let Some(test) = Entrants::of(design, aggregates, &slice).test() {
            tested.push((name, value.clone(), test.p_value));
        }
    }
    let (name, value, p_value) = tested.iter().min_by(|(_, _, a), (_, _, b)| a.total_cmp(b))?;
    let alarm = match design.stage {
        Stage::Running => SRM_ALARM_RUNNING,
        Stage::Final => SRM_ALARM_FINAL,
    };
    if *p_value >= alarm / tested.len() as f64 {
        let detail = "The arms' sizes fit the weights within every dimension.";
        return Some(check(CheckCode::SrmDimensions, Level::Ok, detail));
    }
    let value = if value.is_empty() { "(missing)" } else { value };
    let detail = format!(
        "Where {name} is {value} the arms' sizes do not fit the weights (p = {p_value:.2e}): such customers are \
         missing from some arm, so the arms differ in more than the offer. Find out where they get lost."
    );
    Some(check(CheckCode::SrmDimensions, Level::Fail, detail))
}

/// An arm that changes several things cannot say which of them worked.
pub(super) fn changes_check(design: &Design) -> Option<Check> {
    let changed = |arm: &usize| design.variants[*arm].changes.len() > 1;
    let variant = &design.variants[design.treatments().find(changed)?];
    let detail = format!(
        "{} changes several things at once ({}): its effect is that of all together, not of any one. Test them \
         one by one if it matters which.",
        variant.key,
        variant.changes.join(", ")
    );
    Some(check(CheckCode::SeveralChanges, Level::Warn, detail))
}

pub(super) fn off_assignment_check(aggregates: &Aggregates, total: u64) -> Option<Check> {
    let off = aggregates.off_assignment;
    if off == 0 {
        return None;
    }
    let detail = format!(
        "{off} of {total} customers were exposed to another variant than the one drawn for them; \
         check that the app shows what it was told."
    );
    Some(check(CheckCode::OffAssignment, Level::Warn, detail))
}
