//! Customers seen in two variants: how many, and whether more of them in one arm.

use super::{WARNING, check};
use crate::report::{Check, CheckCode, Design, Level};
use crate::stats::TestOptions;
use crate::stats::proportion::{ProportionSummary, pooled_z_test};

/// Share of crossed customers above which the arms are mixed enough to matter.
const CROSSOVER_WARNING: f64 = 0.01;
/// Share of crossed customers above which what is left of the arms is a selection of its own.
const CROSSOVER_FAILURE: f64 = 0.10;

pub(super) fn crossover_check(crossed: u64, total: u64) -> Check {
    let share = if total == 0 { 0.0 } else { crossed as f64 / total as f64 };
    let found = format!("{crossed} of {total} customers ({:.2} %) were seen in two variants", share * 100.0);
    if share > CROSSOVER_WARNING {
        let level = if share > CROSSOVER_FAILURE { Level::Fail } else { Level::Warn };
        let advice =
            "they are left out, which can bias the comparison. Make sure that a customer keeps their variant";
        return check(CheckCode::Crossover, level, format!("{found}; {advice}."));
    }
    check(CheckCode::Crossover, Level::Ok, format!("{found} and are left out."))
}

/// Crossed customers are left out. Where that takes more of them from one arm, by the variant they saw first, it is a
/// selection.
pub(super) fn difference_check(design: &Design, crossed: &[u64], customers: &[u64]) -> Option<Check> {
    if crossed.iter().all(|crossed| *crossed == 0) {
        return None;
    }
    let summary = |arm: usize| ProportionSummary { successes: crossed[arm], n: customers[arm] };
    let control = summary(design.control);
    let test = |variant: usize| {
        let test = pooled_z_test(&control, &summary(variant), &TestOptions::two_sided(0.95)).ok()?;
        Some((variant, test.p_value))
    };
    let tested: Vec<(usize, f64)> = design.treatments().filter_map(test).collect();
    let (variant, p_value) = tested.iter().copied().min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    if p_value >= WARNING / tested.len() as f64 {
        let detail = "About as many customers of each arm were seen in another variant later.";
        return Some(check(CheckCode::CrossoverDifference, Level::Ok, detail));
    }
    let share = |arm: usize| 100.0 * crossed[arm] as f64 / customers[arm].max(1) as f64;
    let detail = format!(
        "{:.2} % of the customers who first saw {} were seen in another variant later, {:.2} % of those who first \
         saw {} (p = {p_value:.2e}). Leaving them out makes the arms differ; find out what moves them.",
        share(variant),
        design.variants[variant].key,
        share(design.control),
        design.variants[design.control].key,
    );
    Some(check(CheckCode::CrossoverDifference, Level::Warn, detail))
}
