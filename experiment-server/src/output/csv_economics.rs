//! Economics as rows of the report's CSV: a row per figure and variant.

use experiment_core::report::{EconomicsReport, Effect, EffectQuotient, Report};
use serde::Serialize;

use super::csv::{CSV_HEADER, Row};

/// What stands in the columns `kind` and `role`.
const ECONOMICS: &str = "economics";

/// All rows, in the order of the columns.
pub(super) fn rows(report: &Report) -> Vec<Vec<String>> {
    report.economics.iter().flat_map(|offer| Figures::new(report, offer).rows()).collect()
}

struct Figures<'a> {
    report: &'a Report,
    offer: &'a EconomicsReport,
    rows: Vec<Vec<String>>,
}

impl<'a> Figures<'a> {
    fn new(report: &'a Report, offer: &'a EconomicsReport) -> Figures<'a> {
        Figures { report, offer, rows: Vec::new() }
    }

    fn rows(mut self) -> Vec<Vec<String>> {
        let EconomicsReport { net_value_per_customer: net, p_value, chance_it_pays: chance, .. } = self.offer;
        let tested = [("p_value", *p_value), ("chance_to_win", *chance)];
        self.effect("kept_per_1000", self.offer.kept_per_1000, &[]);
        self.effect("gross_per_customer", self.offer.gross_per_customer, &[]);
        self.effect("cost_per_customer", self.offer.cost_per_customer, &[]);
        self.effect("net_value_per_customer", *net, &tested);
        if let Some(rollout) = self.offer.rollout {
            self.effect("rollout_kept", Some(rollout.kept), &[]);
            self.effect("rollout_net_value", Some(rollout.net_value), &[]);
        }
        self.quotient("cost_per_kept", self.offer.cost_per_kept);
        if let Some(break_even) = self.offer.break_even_cost {
            self.effect("break_even_cost_per_customer", Some(break_even.per_customer), &[]);
            self.quotient("break_even_cost_per_taker", break_even.per_taker);
        }
        if let Some(takers) = &self.offer.takers {
            self.quotient("takers_kept", Some(takers.kept));
            self.quotient("takers_net_value", Some(takers.net_value));
            self.quotient("takers_would_have_stayed", takers.would_have_stayed);
        }
        for whom in &self.offer.whom {
            let slice = [whom.dimension.as_str(), whom.value.as_str()];
            for (figure, effect) in [
                ("kept_per_1000", whom.kept_per_1000),
                ("net_value_per_customer", whom.net_value_per_customer),
            ] {
                self.push(figure, slice, |row| {
                    row.set("n", whom.customers.to_string());
                    row.set("immature", String::new());
                    effect.iter().for_each(|effect| row.effect(effect));
                    let reason = whom.not_estimable.as_ref().filter(|_| effect.is_none());
                    row.set("not_estimable", reason.map(|reason| reason.code.clone()).unwrap_or_default());
                    if figure.starts_with("net") {
                        row.number("adjusted_p_value", whom.adjusted_p_value);
                        row.number("chance_to_win", whom.chance_it_pays);
                    }
                });
            }
        }
        self.rows
    }

    fn effect(&mut self, figure: &str, effect: Option<Effect>, more: &[(&str, Option<f64>)]) {
        let Some(effect) = effect else { return };
        self.push(figure, ["", ""], |row| {
            row.effect(&effect);
            more.iter().for_each(|(column, number)| row.number(column, *number));
        });
    }

    fn quotient(&mut self, figure: &str, quotient: Option<EffectQuotient>) {
        let Some(EffectQuotient { estimate, lower, upper, set }) = quotient else { return };
        self.push(figure, ["", ""], |row| {
            row.effect(&Effect { estimate, std_error: None, lower, upper });
            row.word("relative_set", set);
        });
    }

    fn push(&mut self, figure: &str, slice: [&str; 2], fill: impl FnOnce(&mut Cells)) {
        let mut row = Cells(vec![String::new(); CSV_HEADER.len()]);
        row.text("experiment", &self.report.experiment);
        row.set("as_of", self.report.as_of.map(|as_of| as_of.to_string()).unwrap_or_default());
        row.text("dimension", slice[0]);
        row.text("value", slice[1]);
        row.set("metric", format!("{ECONOMICS}:{figure}"));
        row.set("kind", ECONOMICS.to_owned());
        row.set("role", ECONOMICS.to_owned());
        row.text("variant", &self.offer.variant);
        row.text("control", &self.offer.control);
        row.set("n", self.offer.arms.iter().map(|arm| arm.n).sum::<u64>().to_string());
        row.set("immature", self.offer.immature.map(|open| open.to_string()).unwrap_or_default());
        fill(&mut row);
        self.rows.push(row.0);
    }
}

/// Cells by the name of their column.
struct Cells(Vec<String>);

impl Cells {
    fn set(&mut self, column: &str, cell: String) {
        let place = CSV_HEADER.iter().position(|name| *name == column);
        debug_assert!(place.is_some(), "there is no column {column}");
        if let Some(place) = place {
            self.0[place] = cell;
        }
    }

    fn text(&mut self, column: &str, text: &str) {
        self.set(column, Row::spelled(|row| row.text(text)));
    }

    fn number(&mut self, column: &str, number: Option<f64>) {
        self.set(column, Row::spelled(|row| row.number(number)));
    }

    fn word<T: Serialize>(&mut self, column: &str, word: T) {
        self.set(column, Row::spelled(|row| row.word(Some(word))));
    }

    fn effect(&mut self, effect: &Effect) {
        self.number("effect", Some(effect.estimate));
        self.number("effect_std_error", effect.std_error);
        self.number("effect_lower", effect.lower);
        self.number("effect_upper", effect.upper);
    }
}
