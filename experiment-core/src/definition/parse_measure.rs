//! From a document to a measure, of a metric or of a part of a ratio.

use super::measure::{Cap, Discount, Factor, MAX_FACTOR_DIGITS, Measure, MeasureKind, Term};
use super::name;
use super::reader::{Field, Fields, MAX_AMOUNT};
use crate::decimal::Decimal;

/// Largest total that one customer can have; caps beyond it would never apply.
const MAX_TOTAL: i128 = 100_000_000;
/// Most terms of one linear measure.
const MAX_TERMS: usize = 20;
/// Highest yearly rate of a discount: what happens in a year counts a tenth or so.
const MAX_RATE: i128 = 10;

/// The measures as they are written, before their own fields are read.
#[derive(Clone, Copy)]
pub(super) enum MeasureWord {
    Events(MeasureKind),
    Linear,
}

pub(super) const CONVERSION: MeasureKind = MeasureKind::Conversion { at_least: 1 };

/// Measures made from the events of one name.
pub(super) const EVENT_MEASURES: &[(&str, MeasureKind)] = &[
    ("conversion", CONVERSION),
    ("retention", MeasureKind::Retention),
    ("churn", MeasureKind::Churn),
    ("count", MeasureKind::Count),
    ("sum", MeasureKind::Sum),
];

const MEASURES: &[(&str, MeasureWord)] = &[
    ("conversion", MeasureWord::Events(CONVERSION)),
    ("retention", MeasureWord::Events(MeasureKind::Retention)),
    ("churn", MeasureWord::Events(MeasureKind::Churn)),
    ("count", MeasureWord::Events(MeasureKind::Count)),
    ("sum", MeasureWord::Events(MeasureKind::Sum)),
    ("linear", MeasureWord::Linear),
];

/// The fields that only measures have.
pub(super) const MEASURE_FIELDS: [&str; 5] = ["event", "at_least", "terms", "discount", "cap"];

/// A measure with its kind in an object of its own.
pub(super) fn measure_of(field: &Field<'_>) -> Option<Measure> {
    field.object(&[], |fields| {
        let mend = "say what is measured: conversion, retention, churn, count, sum or linear";
        match fields.required("kind", mend, |kind| kind.choice(MEASURES, &[])) {
            Some(kind) => measure(fields, kind),
            None => {
                fields.ignore_rest();
                None
            }
        }
    })
}

/// The fields of one measure, of a metric or a part of a ratio.
pub(super) fn measure(fields: &mut Fields<'_>, written: MeasureWord) -> Option<Measure> {
    match written {
        MeasureWord::Events(kind) => {
            let of_events = events(fields, kind);
            let (detail, mend) = ("belongs to kind linear", "leave it out or say kind: linear");
            let clean = fields.refuse("terms", detail, mend);
            fields.refuse("discount", detail, mend).and(clean).and(of_events)
        }
        MeasureWord::Linear => {
            let mend = "say what each event adds, such as terms: [{event: order, weight: 0.35}]";
            let terms = fields.required("terms", mend, terms);
            let discount = fields.optional("discount", discount);
            let cap = fields.or("cap", Cap::default(), cap);
            let detail = "has no meaning for a linear measure";
            let clean = fields.refuse("event", detail, "name events in terms");
            let clean = fields.refuse("at_least", detail, "leave it out or say kind: conversion").and(clean);
            clean.and(Some(Measure::Linear { terms: terms?, discount: discount?, cap: cap? }))
        }
    }
}

fn events(fields: &mut Fields<'_>, kind: MeasureKind) -> Option<Measure> {
    let event = fields.required("event", "name the events that count, such as event: order", name::event);
    let kind = match kind {
        MeasureKind::Conversion { .. } => fields
            .or("at_least", 1, |least| least.whole_u32(1, u32::MAX.into()))
            .map(|at_least| MeasureKind::Conversion { at_least }),
        other => {
            let detail = "belongs to kind conversion";
            fields.refuse("at_least", detail, "leave it out or say kind: conversion").map(|()| other)
        }
    };
    let cap = match kind {
        Some(MeasureKind::Count | MeasureKind::Sum) => fields.or("cap", Cap::default(), cap),
        _ => fields
            .refuse("cap", "belongs to kinds count, sum and linear: the others are 0 or 1", "leave it out")
            .map(|()| Cap::default()),
    };
    Some(Measure::Events { kind: kind?, event: event?, cap: cap? })
}

fn terms(field: &Field<'_>) -> Option<Vec<Term>> {
    let terms = field.list(MAX_TERMS, term)?;
    if terms.is_empty() {
        return field.problem("is empty", "say what each event adds, such as {event: order, weight: 0.35}");
    }
    Some(terms)
}

fn term(field: &Field<'_>) -> Option<Term> {
    field.object(&[], |fields| {
        let event = fields.required("event", "name the events, such as event: order", name::event);
        let weight = fields.optional("weight", factor);
        let each = fields.optional("each", factor);
        let mend = "give weight (share of the event's value) or each (an amount per event)";
        let factor = match (weight?, each?) {
            (Some(weight), None) => Some(Factor::Weight(weight)),
            (None, Some(each)) => Some(Factor::Each(each)),
            (Some(_), Some(_)) => fields.problem("each", "stands beside weight", mend),
            (None, None) => fields.problem("weight", "is missing, and so is each", mend),
        };
        Some(Term { event: event?, factor: factor? })
    })
}

/// An amount that events are multiplied with.
pub(super) fn factor(field: &Field<'_>) -> Option<Decimal> {
    let factor = field.amount()?;
    if factor.coefficient().unsigned_abs() >= 10_u128.pow(MAX_FACTOR_DIGITS) {
        let detail = format!("{factor} has more than {MAX_FACTOR_DIGITS} digits");
        return field.problem(detail, "round it");
    }
    Some(factor)
}

fn discount(field: &Field<'_>) -> Option<Discount> {
    field.object(&[], |fields| {
        let mend = "give the yearly rate, such as per_year: 0.10";
        let per_year = fields.required("per_year", mend, |field| {
            let rate = field.amount_from_zero()?;
            if rate > Decimal::new(MAX_RATE, 0) {
                return field.problem(format!("{rate} is above {MAX_RATE}"), "write 0.10 for 10 % a year");
            }
            Some(rate)
        });
        Some(Discount { per_year: per_year? })
    })
}

/// `500` or `{low: 0, high: 500}`.
pub(super) fn cap(field: &Field<'_>) -> Option<Cap> {
    if field.value().is_number() {
        return bound(field).map(|high| Cap { low: None, high: Some(high) });
    }
    if !field.value().is_object() {
        return field
            .problem("is neither a number nor {low, high}", "write cap: 500 or cap: {low: 0, high: 500}");
    }
    field.object(&[], |fields| {
        let low = fields.optional("low", bound);
        let high = fields.optional("high", bound);
        match (low?, high?) {
            (None, None) => {
                fields.problem("high", "is missing, and so is low", "give one of them, or leave out cap")
            }
            (Some(low), Some(high)) if low >= high => {
                fields.problem("low", format!("{low} is not below high, {high}"), "make low smaller")
            }
            (low, high) => Some(Cap { low, high }),
        }
    })
}

fn bound(field: &Field<'_>) -> Option<Decimal> {
    let bound = field.amount()?;
    let limit = Decimal::new(MAX_TOTAL, 0);
    if bound > limit || bound < Decimal::new(-MAX_TOTAL, 0) {
        let detail = format!("{bound} is beyond ±{MAX_TOTAL}, where every total ends anyway");
        return field.problem(detail, "use a smaller bound or another unit");
    }
    Some(bound)
}

const _: () = assert!(MAX_TOTAL <= MAX_AMOUNT);
