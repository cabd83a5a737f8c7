//! Every text of the pages, in one place: another language is another [`Text`].
//!
//! What a verdict, a check or a refusal says comes with it and is not repeated here.

mod english;

use std::fmt::Display;

use experiment_core::definition::{Correction, Direction, Method, Role, Status};
use experiment_core::report::kpi::FigureCode;
use experiment_core::report::{Advice, CheckCode, Estimand, Level, Shows, VerdictCode};

pub(super) use english::{ENGLISH, Text};

/// A text with what its braces name put in.
pub(super) fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len() + 32), text);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            rest = after;
            break;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            filled.push_str(&value.to_string());
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

impl Text {
    pub(super) fn status(&self, status: Status) -> &'static str {
        match status {
            Status::Draft => self.status_draft,
            Status::Running => self.status_running,
            Status::Stopped => self.status_stopped,
            Status::Concluded => self.status_concluded,
            Status::Archived => self.status_archived,
        }
    }

    pub(super) fn verdict(&self, verdict: VerdictCode) -> &'static str {
        match verdict {
            VerdictCode::Invalid => self.verdict_invalid,
            VerdictCode::StopForHarm => self.verdict_stop,
            VerdictCode::Ship => self.verdict_ship,
            VerdictCode::KeepControl => self.verdict_keep,
            VerdictCode::Inconclusive => self.verdict_inconclusive,
            VerdictCode::Continue => self.verdict_continue,
        }
    }

    pub(super) fn verdict_in_short(&self, verdict: VerdictCode) -> &'static str {
        match verdict {
            VerdictCode::Invalid => self.verdict_short_invalid,
            VerdictCode::StopForHarm => self.verdict_short_stop,
            VerdictCode::Ship => self.verdict_short_ship,
            VerdictCode::KeepControl => self.verdict_short_keep,
            VerdictCode::Inconclusive => self.verdict_short_inconclusive,
            VerdictCode::Continue => self.verdict_short_continue,
        }
    }

    pub(super) fn level(&self, level: Level) -> &'static str {
        match level {
            Level::Ok => self.level_ok,
            Level::Warn => self.level_warn,
            Level::Fail => self.level_fail,
        }
    }

    pub(super) fn role(&self, role: Role) -> (&'static str, &'static str) {
        match role {
            Role::Primary => (self.primary, self.primary_how),
            Role::Guardrail => (self.guardrail, self.guardrail_how),
            Role::Secondary => (self.secondary, self.secondary_how),
        }
    }

    pub(super) fn direction(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Up => self.up_is_good,
            Direction::Down => self.down_is_good,
        }
    }

    pub(super) fn kind(&self, kind: Estimand) -> &'static str {
        match kind {
            Estimand::Proportion => self.kind_proportion,
            Estimand::Mean => self.kind_mean,
            Estimand::Ratio => self.kind_ratio,
            Estimand::Quantile => self.kind_quantile,
            Estimand::Survival => self.kind_survival,
        }
    }

    pub(super) fn shows(&self, shows: Shows) -> &'static str {
        match shows {
            Shows::Better => self.better,
            Shows::Worse => self.worse,
            Shows::NotWorse => self.not_worse,
        }
    }

    pub(super) fn advice(&self, advice: Advice) -> &'static str {
        match advice {
            Advice::Give => self.advice_give,
            Advice::Withhold => self.advice_withhold,
            Advice::Undecided => self.advice_undecided,
        }
    }

    pub(super) fn method(&self, method: Method) -> &'static str {
        match method {
            Method::Fixed => self.method_fixed,
            Method::AlwaysValid => self.method_always_valid,
            Method::GroupSequential => self.method_group_sequential,
            Method::Bayesian => self.method_bayesian,
        }
    }

    /// Corrections are called after people everywhere.
    pub(super) fn correction(&self, correction: Correction) -> &'static str {
        match correction {
            Correction::None => self.slice_none,
            Correction::Bonferroni => "Bonferroni",
            Correction::Sidak => "Šidák",
            Correction::Holm => "Holm",
            Correction::HolmSidak => "Holm–Šidák",
            Correction::Hochberg => "Hochberg",
            Correction::Hommel => "Hommel",
            Correction::BenjaminiHochberg => "Benjamini–Hochberg",
            Correction::BenjaminiYekutieli => "Benjamini–Yekutieli",
        }
    }

    /// A step of the decision, by its name.
    pub(super) fn step(&self, name: &'static str) -> &'static str {
        match name {
            "status" => self.step_status,
            "override" => self.step_override,
            "external" => self.step_external,
            "concluded" => self.step_concluded,
            "sticky" => self.step_sticky,
            "audience" => self.step_audience,
            "requires" => self.step_requires,
            "layer" => self.step_layer,
            "traffic" => self.step_traffic,
            "variant" => self.step_variant,
            other => other,
        }
    }

    /// A figure of the company, and how it is made.
    pub(super) fn figure(&self, figure: FigureCode) -> (&'static str, &'static str) {
        match figure {
            FigureCode::RetentionRate => (self.figure_retention, self.figure_retention_how),
            FigureCode::ChurnRate => (self.figure_churn, self.figure_churn_how),
            FigureCode::Growth => (self.figure_growth, self.figure_growth_how),
            FigureCode::GrossRevenueChurn => (self.figure_gross_churn, self.figure_gross_churn_how),
            FigureCode::NetRevenueChurn => (self.figure_net_churn, self.figure_net_churn_how),
            FigureCode::RepeatPurchaseRate => (self.figure_repeat, self.figure_repeat_how),
            FigureCode::PurchaseFrequency => (self.figure_frequency, self.figure_frequency_how),
            FigureCode::AverageOrderValue => (self.figure_order_value, self.figure_order_value_how),
            FigureCode::LifetimeValue => (self.figure_lifetime, self.figure_lifetime_how),
            FigureCode::ValueToDate => (self.figure_to_date, self.figure_to_date_how),
            FigureCode::RetentionCost => (self.figure_cost, self.figure_cost_how),
            FigureCode::NetPromoterScore => (self.figure_promoter, self.figure_promoter_how),
            _ => (self.figure_other, self.figure_other_how),
        }
    }

    pub(super) fn check(&self, check: CheckCode) -> &'static str {
        match check {
            CheckCode::Srm => self.check_srm,
            CheckCode::SrmDimensions => self.check_srm_dimensions,
            CheckCode::Crossover => self.check_crossover,
            CheckCode::CrossoverDifference => self.check_crossover_difference,
            CheckCode::Immaturity => self.check_immaturity,
            CheckCode::SampleSize => self.check_sample_size,
            CheckCode::TooEarly => self.check_too_early,
            CheckCode::Underpowered => self.check_underpowered,
            CheckCode::Peeking => self.check_peeking,
            CheckCode::PreExposureBalance => self.check_pre_exposure_balance,
            CheckCode::DifferentialResponse => self.check_differential_response,
            CheckCode::Drift => self.check_drift,
            CheckCode::Novelty => self.check_novelty,
            CheckCode::OutlierInfluence => self.check_outlier_influence,
            CheckCode::SeveralChanges => self.check_several_changes,
            CheckCode::LateFacts => self.check_late_facts,
            CheckCode::RoundedValues => self.check_rounded_values,
            CheckCode::ClampedValues => self.check_clamped_values,
            CheckCode::RejectedRows => self.check_rejected_rows,
            CheckCode::DimensionValues => self.check_dimension_values,
            CheckCode::Strata => self.check_strata,
            CheckCode::OffAssignment => self.check_off_assignment,
            CheckCode::Rebuilding => self.check_rebuilding,
            CheckCode::ErasedCustomers => self.check_erased_customers,
            CheckCode::Stale => self.check_stale,
            CheckCode::Overflow => self.check_overflow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn fills_what_is_named() {
        assert_eq!(fill("{a} of {b}", &[("b", &2), ("a", &1)]), "1 of 2");
        assert_eq!(fill("plain", &[]), "plain");
        // What is put in is not filled again.
        assert_eq!(fill("<{a}>", &[("a", &"{b}"), ("b", &"no")]), "<{b}>");
    }
}
