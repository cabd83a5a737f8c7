//! From a document to a metric.
//!
//! A metric has the fields that every kind shares and those of its kind. A field that belongs to another
//! kind is refused with the reason, rather than as unknown.

use super::metric::{Cap, Covariate, Direction, Measure, MeasureKind, Metric, MetricKind, Role, Window};
use super::reader::{Field, Fields, MAX_AMOUNT, Taken};
use super::{name, unsupported};
use crate::decimal::Decimal;
use crate::time::Span;

/// Values are kept in millionths unless a metric says otherwise.
const DEFAULT_PLACES: u32 = 6;
/// Finest scale: thousand-millionths.
const MAX_PLACES: u32 = 9;
/// Largest total that one customer can have; caps beyond it would never apply.
const MAX_TOTAL: i128 = 100_000_000;

/// The kinds as they are written, before their own fields are read.
#[derive(Clone, Copy)]
enum Kind {
    Single(MeasureKind),
    Ratio,
}

const CONVERSION: MeasureKind = MeasureKind::Conversion { at_least: 1 };

const KINDS: &[(&str, Kind)] = &[
    ("conversion", Kind::Single(CONVERSION)),
    ("retention", Kind::Single(MeasureKind::Retention)),
    ("churn", Kind::Single(MeasureKind::Churn)),
    ("count", Kind::Single(MeasureKind::Count)),
    ("sum", Kind::Single(MeasureKind::Sum)),
    ("ratio", Kind::Ratio),
];

const MEASURE_KINDS: &[(&str, MeasureKind)] = &[
    ("conversion", CONVERSION),
    ("retention", MeasureKind::Retention),
    ("churn", MeasureKind::Churn),
    ("count", MeasureKind::Count),
    ("sum", MeasureKind::Sum),
];

const ROLES: &[(&str, Role)] =
    &[("primary", Role::Primary), ("guardrail", Role::Guardrail), ("secondary", Role::Secondary)];

const DIRECTIONS: &[(&str, Direction)] = &[("up", Direction::Up), ("down", Direction::Down)];

pub(super) fn metric(field: &Field<'_>, taken: &mut Taken) -> Option<Metric> {
    field.object(unsupported::METRIC_FIELDS, |fields| {
        let key = fields.required("key", "name the metric, such as key: retained", |key| {
            name::distinct(key, taken, name::key)
        });
        let mend = "say what is measured: conversion, retention, churn, count, sum or ratio";
        let written = fields.required("kind", mend, |kind| kind.choice(KINDS, unsupported::METRIC_KINDS));
        let kind = match written {
            Some(kind) => metric_kind(fields, kind),
            None => {
                fields.ignore_rest();
                None
            }
        };
        let role = fields.or("role", Role::Secondary, |role| role.choice(ROLES, &[]));
        let window = fields.or("window", Window::default(), window);
        if let (Some(window), Some(written)) = (window, written) {
            check_window(fields, window, written, kind.as_ref(), role);
        }
        let covariate = covariate_of(fields, written, kind.as_ref());
        let direction = fields.optional("direction", |direction| direction.choice(DIRECTIONS, &[]));
        let margin = margin(fields, role);
        let min_effect = fields.optional("min_effect", Field::amount_from_zero);
        let places = fields.or("scale", DEFAULT_PLACES, places);
        let kind = kind?;
        Some(Metric {
            key: key?,
            window: window?,
            covariate: covariate?,
            role: role?,
            direction: direction?.unwrap_or_else(|| default_direction(&kind)),
            margin: margin?,
            min_effect: min_effect?,
            places: places?,
            kind,
        })
    })
}

/// The fields that only some kinds have.
fn metric_kind(fields: &mut Fields<'_>, written: Kind) -> Option<MetricKind> {
    match written {
        Kind::Single(kind) => {
            let single = measure(fields, kind).map(MetricKind::Single);
            let (detail, mend) = ("belongs to kind ratio", "leave it out or say kind: ratio");
            let clean = fields.refuse("numerator", detail, mend);
            clean.and(fields.refuse("denominator", detail, mend)).and(single)
        }
        Kind::Ratio => {
            let mend = "add a measure, such as {kind: sum, event: order}";
            let numerator = fields.required("numerator", mend, part);
            let denominator = fields.required("denominator", mend, part);
            let mut clean = Some(());
            for name in ["event", "at_least", "cap"] {
                let detail = "has no meaning for a ratio as a whole";
                clean = fields.refuse(name, detail, "put it into numerator or denominator").and(clean);
            }
            clean.and(Some(MetricKind::Ratio { numerator: numerator?, denominator: denominator? }))
        }
    }
}

/// The numerator or denominator of a ratio.
fn part(field: &Field<'_>) -> Option<Measure> {
    field.object(&[], |fields| {
        let mend = "say what is measured: conversion, retention, churn, count or sum";
        match fields.required("kind", mend, |kind| kind.choice(MEASURE_KINDS, unsupported::METRIC_KINDS)) {
            Some(kind) => measure(fields, kind),
            None => {
                fields.ignore_rest();
                None
            }
        }
    })
}

/// The fields of one measure, of a metric or a part of a ratio.
fn measure(fields: &mut Fields<'_>, kind: MeasureKind) -> Option<Measure> {
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
            .refuse("cap", "belongs to kinds count and sum: the others are 0 or 1", "leave it out")
            .map(|()| Cap::default()),
    };
    Some(Measure { kind: kind?, event: event?, cap: cap? })
}

/// `500` or `{low: 0, high: 500}`.
fn cap(field: &Field<'_>) -> Option<Cap> {
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

fn window(field: &Field<'_>) -> Option<Window> {
    field.object(&[], |fields| {
        let from = fields.or("from", Span::default(), Field::span);
        let to = fields.optional("to", Field::span);
        let grace = fields.or("grace", Span::default(), Field::span);
        let window = Window { from: from?, to: to?, grace: grace? };
        match window.to {
            Some(to) if window.from >= to => {
                let detail = format!("{} is not before the end, {to}", window.from);
                fields.problem("from", detail, "make from shorter than to")
            }
            _ => Some(window),
        }
    })
}

/// Some kinds and roles cannot do without an end of the window.
fn check_window(
    fields: &Fields<'_>,
    window: Window,
    written: Kind,
    kind: Option<&MetricKind>,
    role: Option<Role>,
) {
    if window.to.is_some() {
        return;
    }
    let needs_end = |kind: MeasureKind| matches!(kind, MeasureKind::Retention | MeasureKind::Churn);
    let of_activity = match (written, kind) {
        (Kind::Single(kind), _) => needs_end(kind),
        (Kind::Ratio, Some(MetricKind::Ratio { numerator, denominator })) => {
            needs_end(numerator.kind) || needs_end(denominator.kind)
        }
        _ => false,
    };
    if of_activity {
        let detail = "is missing: retention and churn are about a stretch of time";
        fields.problem_at::<()>(
            "window.to",
            detail,
            "say when it ends, such as window: {from: 30d, to: 60d}",
        );
    } else if matches!(role, Some(Role::Primary | Role::Guardrail)) {
        let detail = "is missing: without an end no day is ever mature, so the metric cannot decide";
        fields.problem_at::<()>(
            "window.to",
            detail,
            "add an end such as window: {to: 60d}, or role: secondary",
        );
    }
}

#[expect(clippy::option_option, reason = "the outer option says whether reading went well")]
fn covariate_of(
    fields: &mut Fields<'_>,
    written: Option<Kind>,
    kind: Option<&MetricKind>,
) -> Option<Option<Covariate>> {
    if let Some(Kind::Ratio) = written {
        let detail = "on a ratio is not supported yet";
        return fields.refuse("covariate", detail, "leave it out").map(|()| None);
    }
    let own = match kind {
        Some(MetricKind::Single(measure)) => Some(measure.kind),
        _ => None,
    };
    fields.optional("covariate", |field| covariate(field, own))
}

fn covariate(field: &Field<'_>, own: Option<MeasureKind>) -> Option<Covariate> {
    field.object(&[], |fields| {
        let event = fields.required("event", "name the events that count, such as event: order", name::event);
        let lookback = fields.required("lookback", "say how far back, such as lookback: 90d", |field| {
            match field.span()? {
                Span(0) => field.problem("0 looks at nothing", "write a span such as 90d"),
                lookback => Some(lookback),
            }
        });
        let kind = fields.optional("kind", |kind| kind.choice(MEASURE_KINDS, unsupported::METRIC_KINDS));
        Some(Covariate { event: event?, lookback: lookback?, kind: kind?.or(own)? })
    })
}

#[expect(clippy::option_option, reason = "the outer option says whether reading went well")]
fn margin(fields: &mut Fields<'_>, role: Option<Role>) -> Option<Option<Decimal>> {
    match role {
        Some(Role::Guardrail) => {
            let mend = "say how much worse is acceptable, such as margin: 0.005";
            fields.required("margin", mend, Field::amount_from_zero).map(Some)
        }
        Some(_) => fields
            .refuse("margin", "belongs to role guardrail", "leave it out or say role: guardrail")
            .map(|()| None),
        None => fields.optional("margin", Field::amount_from_zero),
    }
}

/// The decimals of a scale: 2 for 0.01.
fn places(field: &Field<'_>) -> Option<u32> {
    let scale = field.amount()?;
    if scale.coefficient() == 1 && scale.places() <= MAX_PLACES {
        return Some(scale.places());
    }
    let detail = format!("{scale} is not a power of ten from 0.000000001 to 1");
    field.problem(detail, "write the smallest step of the values, such as scale: 0.01")
}

fn default_direction(kind: &MetricKind) -> Direction {
    match kind {
        MetricKind::Single(Measure { kind: MeasureKind::Churn, .. }) => Direction::Down,
        _ => Direction::Up,
    }
}

const _: () = assert!(MAX_TOTAL <= MAX_AMOUNT);
