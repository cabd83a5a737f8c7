//! What each offer earns after its cost.

use std::fmt::Display;

use experiment_core::report::{
    Advice, EconomicsArm, EconomicsReport, Effect, EffectQuotient, Estimand, Takers, Whom,
};

use super::bar::{Bar, Lines, axis, class_of, domain_of};
use super::interval::{in_words, of_effect};
use super::scale::Span;

use crate::page::chart::{Domain, Tone};
use crate::page::number;
use crate::page::text::{ENGLISH, fill};

/// One offer's account.
pub(super) struct Money {
    pub(super) variant: String,
    pub(super) title: String,
    pub(super) closed: String,
    pub(super) not_estimable: Option<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) arms: Vec<AccountRow>,
    /// What else is known, in sentences.
    pub(super) notes: Vec<String>,
    /// What must hold for what is said of takers.
    pub(super) assumption: Option<String>,
    pub(super) whom: Vec<WhomGroup>,
}

/// A figure to read at first.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) interval: String,
    pub(super) note: String,
    pub(super) class: &'static str,
}

/// One arm's account per customer.
pub(super) struct AccountRow {
    pub(super) name: String,
    pub(super) n: String,
    pub(super) kept: String,
    pub(super) gross: String,
    pub(super) cost: String,
    pub(super) net: String,
    pub(super) took: String,
}

/// The values of one dimension.
pub(super) struct WhomGroup {
    pub(super) dimension: String,
    pub(super) title: String,
    /// Advice by advice, for whom.
    pub(super) summary: String,
    pub(super) rows: Vec<WhomRow>,
    pub(super) axis: String,
}

/// One value.
pub(super) struct WhomRow {
    pub(super) value: String,
    pub(super) customers: String,
    pub(super) kept: (String, String),
    pub(super) net: (String, String),
    pub(super) bar: String,
    pub(super) chance: String,
    pub(super) p: String,
    pub(super) advice: &'static str,
    pub(super) class: &'static str,
}

impl Money {
    pub(super) fn of(offer: &EconomicsReport) -> Money {
        let text = &ENGLISH;
        let closed: u64 = offer.arms.iter().map(|arm| arm.n).sum();
        let mut told = fill(text.money_closed, &[("closed", &number::count(closed))]);
        if let Some(open @ 1..) = offer.immature {
            told = format!("{told}, {}", fill(text.money_open, &[("open", &number::count(open))]));
        }
        let reason = offer.not_estimable.as_ref();
        Money {
            variant: offer.variant.clone(),
            title: fill(text.money_of, &[("variant", &offer.variant), ("control", &offer.control)]),
            closed: told,
            not_estimable: reason.map(|reason| fill(text.not_estimable, &[("detail", &reason.detail)])),
            figures: figures(offer),
            arms: account(offer),
            notes: notes(offer),
            assumption: offer.takers.as_ref().map(|takers| takers.assumption.clone()),
            whom: whom(&offer.whom),
        }
    }
}

fn figures(offer: &EconomicsReport) -> Vec<Figure> {
    let text = &ENGLISH;
    let of_effect = |name, effect: &Effect, note: String| Figure {
        name,
        value: number::signed_plain(effect.estimate),
        interval: of_effect(effect, number::plain),
        note,
        class: class_of(tone_of(effect)),
    };
    let kept = offer.kept_per_1000.as_ref();
    let kept = kept.map(|kept| of_effect(text.kept_per_1000, kept, text.kept_per_1000_how.to_owned()));
    let each = kept.is_some().then(|| match &offer.cost_per_kept {
        Some(each) => Figure {
            name: text.cost_per_kept,
            value: number::plain(each.estimate),
            interval: in_words(each.lower, each.upper, each.set, number::plain),
            note: String::new(),
            class: "neutral",
        },
        None => Figure {
            name: text.cost_per_kept,
            value: text.nothing.to_owned(),
            interval: String::new(),
            note: text.cost_per_kept_none.to_owned(),
            class: "neutral",
        },
    });
    let rollout = offer.rollout.map(|rollout| {
        let net = number::signed_plain(rollout.net_value.estimate);
        fill(text.net_value_rollout, &[("customers", &number::count(rollout.customers)), ("net", &net)])
    });
    let net = offer.net_value_per_customer.as_ref();
    let net = net.map(|net| of_effect(text.net_value, net, rollout.unwrap_or_default()));
    let chance = net.is_some().then(|| Figure {
        name: text.chance_it_pays,
        value: offer.chance_it_pays.map_or(text.nothing.to_owned(), number::certain),
        interval: String::new(),
        note: if offer.chance_it_pays.is_none() { text.chance_unknown.to_owned() } else { String::new() },
        class: net.as_ref().map_or("neutral", |net| net.class),
    });
    [kept, each, net, chance].into_iter().flatten().collect()
}

/// More is better of everything that is shown as a figure.
fn tone_of(effect: &Effect) -> Tone {
    match (effect.lower, effect.upper) {
        (Some(lower), _) if lower > 0.0 => Tone::Better,
        (_, Some(upper)) if upper < 0.0 => Tone::Worse,
        _ => Tone::Neutral,
    }
}

/// The arms, and the effect beneath them.
fn account(offer: &EconomicsReport) -> Vec<AccountRow> {
    let text = &ENGLISH;
    let shown = |value: Option<f64>, number: fn(f64) -> String| value.map_or(text.nothing.to_owned(), number);
    let arm = |arm: &EconomicsArm| AccountRow {
        name: arm.variant.clone(),
        n: number::count(arm.n),
        kept: shown(arm.kept, number::percent),
        gross: shown(arm.gross, number::plain),
        cost: shown(arm.cost, number::plain),
        net: shown(arm.net, number::plain),
        took: shown(arm.took, number::percent),
    };
    let effect = |effect: &Option<Effect>| shown(effect.map(|effect| effect.estimate), number::signed_plain);
    let difference = AccountRow {
        name: text.effect.to_owned(),
        n: String::new(),
        kept: offer
            .kept_per_1000
            .map_or(String::new(), |kept| number::effect(Estimand::Proportion, kept.estimate / 1000.0)),
        gross: effect(&offer.gross_per_customer),
        cost: effect(&offer.cost_per_customer),
        net: effect(&offer.net_value_per_customer),
        took: String::new(),
    };
    offer.arms.iter().map(arm).chain([difference]).collect()
}

fn notes(offer: &EconomicsReport) -> Vec<String> {
    let text = &ENGLISH;
    let mut notes = Vec::new();
    if let Some(cost) = &offer.break_even_cost {
        let amount = with_ends(
            number::plain(cost.per_customer.estimate),
            &of_effect(&cost.per_customer, number::plain),
        );
        notes.push(fill(text.break_even, &[("amount", &amount)]));
        if let Some(each) = &cost.per_taker {
            notes.push(fill(text.break_even_taker, &[("amount", &quotient(each, number::plain))]));
        }
    }
    if let Some(takers) = &offer.takers {
        notes.extend(of_takers(takers));
    }
    notes
}

fn of_takers(takers: &Takers) -> Vec<String> {
    let text = &ENGLISH;
    let values: [(_, &dyn Display); 4] = [
        ("share", &number::percent(takers.share)),
        ("cost", &number::plain(takers.cost)),
        ("kept", &quotient(&takers.kept, |share| number::plain(100.0 * share))),
        ("net", &quotient(&takers.net_value, number::plain)),
    ];
    let mut notes = vec![fill(text.takers, &values)];
    if let Some(stayed) = &takers.would_have_stayed {
        notes.push(fill(text.gave_away, &[("share", &quotient(stayed, number::percent))]));
    }
    if takers.contradicted {
        notes.push(text.contradicted.to_owned());
    }
    notes
}

fn with_ends(value: String, ends: &str) -> String {
    format!("{value} ({ends})")
}

fn quotient(found: &EffectQuotient, number: impl Fn(f64) -> String) -> String {
    with_ends(number(found.estimate), &in_words(found.lower, found.upper, found.set, &number))
}

/// The segments, dimension by dimension, each on a scale of its own.
fn whom(all: &[Whom]) -> Vec<WhomGroup> {
    let groups = all.chunk_by(|a, b| a.dimension == b.dimension);
    groups
        .map(|group| {
            let bars: Vec<Bar> = group.iter().filter_map(bar_of).collect();
            let domain = domain_of(&bars, Lines::default());
            WhomGroup {
                dimension: group[0].dimension.clone(),
                title: fill(ENGLISH.whom, &[("dimension", &group[0].dimension)]),
                summary: summary(group),
                rows: group.iter().map(|whom| WhomRow::of(whom, domain)).collect(),
                axis: axis(&bars, domain, &number::plain),
            }
        })
        .collect()
}

/// What is advised, for whom.
fn summary(group: &[Whom]) -> String {
    let text = &ENGLISH;
    let told = [Advice::Give, Advice::Withhold, Advice::Undecided].into_iter().filter_map(|advice| {
        let values = group.iter().filter(|whom| whom.advice == advice).map(value_of);
        let values = values.collect::<Vec<_>>().join(", ");
        let advice = text.advice(advice);
        (!values.is_empty()).then(|| fill(text.whom_advice, &[("advice", &advice), ("values", &values)]))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn value_of(whom: &Whom) -> &str {
    if whom.value.is_empty() { ENGLISH.missing } else { &whom.value }
}

fn bar_of(whom: &Whom) -> Option<Bar> {
    Some(Bar::of(Span::from(&whom.net_value_per_customer?), None))
}

impl WhomRow {
    fn of(whom: &Whom, domain: Domain) -> WhomRow {
        let text = &ENGLISH;
        let tone = match whom.advice {
            Advice::Give => Tone::Better,
            Advice::Withhold => Tone::Worse,
            Advice::Undecided => Tone::Neutral,
        };
        let value = value_of(whom);
        let shown = |effect: Option<Effect>| match effect {
            Some(effect) => (number::signed_plain(effect.estimate), of_effect(&effect, number::plain)),
            None => (text.nothing.to_owned(), String::new()),
        };
        let net = shown(whom.net_value_per_customer);
        let label = format!("{value}: {}", with_ends(net.0.clone(), &net.1));
        let bar = bar_of(whom).map(|bar| bar.draw(domain, Lines::default(), tone, &label));
        WhomRow {
            value: value.to_owned(),
            customers: number::count(whom.customers),
            kept: shown(whom.kept_per_1000),
            bar: bar.unwrap_or_default(),
            net,
            chance: whom.chance_it_pays.map_or(text.nothing.to_owned(), number::certain),
            p: whom.adjusted_p_value.map_or(text.nothing.to_owned(), number::p_value),
            advice: text.advice(whom.advice),
            class: class_of(tone),
        }
    }
}
