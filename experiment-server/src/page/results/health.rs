//! Whether the numbers can be trusted.

use experiment_core::report::{Check, Level, Report};

use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// The checks, and how customers are spread over the arms.
pub(super) struct HealthStrip {
    /// The worst level there is.
    pub(super) class: &'static str,
    pub(super) headline: String,
    /// What wants a look, the worst first.
    pub(super) wrong: Vec<Finding>,
    pub(super) fine: Vec<Finding>,
    pub(super) arms: Vec<ArmCount>,
    pub(super) srm: Option<String>,
    pub(super) crossed: Option<String>,
}

/// What a check found.
pub(super) struct Finding {
    pub(super) class: &'static str,
    pub(super) level: &'static str,
    pub(super) name: &'static str,
    pub(super) detail: String,
}

/// An arm's customers beside what its weight promises.
pub(super) struct ArmCount {
    pub(super) variant: String,
    pub(super) observed: String,
    pub(super) expected: String,
    pub(super) share: String,
}

impl Finding {
    pub(super) fn of(check: &Check) -> Finding {
        Finding {
            class: class_of(check.level),
            level: ENGLISH.level(check.level),
            name: ENGLISH.check(check.check),
            detail: check.detail.clone(),
        }
    }
}

fn class_of(level: Level) -> &'static str {
    match level {
        Level::Ok => "good",
        Level::Warn => "unsure",
        Level::Fail => "bad",
    }
}

impl HealthStrip {
    pub(super) fn of(report: &Report) -> HealthStrip {
        let (text, health) = (&ENGLISH, &report.health);
        let (fine, mut wrong): (Vec<&Check>, Vec<&Check>) =
            health.checks.iter().partition(|check| check.level == Level::Ok);
        wrong.sort_by_key(|check| std::cmp::Reverse(check.level));
        let words = if wrong.is_empty() { text.health_all_fine } else { text.health_some };
        let headline = fill(words, &[("fine", &fine.len()), ("all", &health.checks.len())]);
        let srm = health.srm.as_ref().map(|srm| {
            let told = |words, p| fill(words, &[("p", &number::p_value(p))]);
            let sequential = srm.sequential_p_value.map(|p| told(text.srm_sequential, p));
            [Some(told(text.srm, srm.p_value)), sequential]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; ")
        });
        let crossed = (health.crossed_over > 0)
            .then(|| fill(text.crossed, &[("n", &number::count(health.crossed_over))]));
        HealthStrip {
            class: wrong.first().map_or("good", |check| class_of(check.level)),
            headline,
            wrong: wrong.into_iter().map(Finding::of).collect(),
            fine: fine.into_iter().map(Finding::of).collect(),
            arms: arms(report),
            srm,
            crossed,
        }
    }
}

fn arms(report: &Report) -> Vec<ArmCount> {
    let all: u64 = report.variants.iter().map(|arm| arm.customers).sum();
    let arm = |arm: &experiment_core::report::VariantCount| {
        let expected = report.health.srm.as_ref().and_then(|srm| srm.expected.get(&arm.variant));
        let share = (all > 0).then(|| number::percent(arm.customers as f64 / all as f64));
        ArmCount {
            variant: arm.variant.clone(),
            observed: number::count(arm.customers),
            // Whole customers; what is expected rarely is.
            expected: expected
                .map_or(ENGLISH.nothing.to_owned(), |expected| number::count(expected.round() as u64)),
            share: share.unwrap_or_default(),
        }
    };
    report.variants.iter().map(arm).collect()
}
