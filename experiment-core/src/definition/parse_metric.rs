//! From a document to a metric.
//!
//! A metric has the fields that every kind shares and those of its kind. A field that belongs to another
//! kind is refused with the reason, rather than as unknown.

use super::measure::{Measure, MeasureKind};
use super::metric::{Churn, Covariate, Direction, MAX_COVARIATES, Metric, MetricKind, Role, Window};
use super::name;
use super::parse_measure::{CONVERSION, EVENT_MEASURES, MEASURE_FIELDS, MeasureWord, measure, measure_of};
use super::reader::{Field, Fields, Taken};
use crate::decimal::Decimal;
use crate::time::{DAY, Span};

/// Values are kept in millionths unless a metric says otherwise.
const DEFAULT_PLACES: u32 = 6;
/// Finest scale: thousand-millionths.
const MAX_PLACES: u32 = 9;

/// The kinds as they are written, before their own fields are read.
#[derive(Clone, Copy)]
enum Kind {
    Single(MeasureWord),
    Ratio,
    Quantile,
    Nps,
    Survival,
}

const KINDS: &[(&str, Kind)] = &[
    ("conversion", Kind::Single(MeasureWord::Events(CONVERSION))),
    ("retention", Kind::Single(MeasureWord::Events(MeasureKind::Retention))),
    ("churn", Kind::Single(MeasureWord::Events(MeasureKind::Churn))),
    ("count", Kind::Single(MeasureWord::Events(MeasureKind::Count))),
    ("sum", Kind::Single(MeasureWord::Events(MeasureKind::Sum))),
    ("linear", Kind::Single(MeasureWord::Linear)),
    ("ratio", Kind::Ratio),
    ("quantile", Kind::Quantile),
    ("nps", Kind::Nps),
    ("survival", Kind::Survival),
];

const ROLES: &[(&str, Role)] =
    &[("primary", Role::Primary), ("guardrail", Role::Guardrail), ("secondary", Role::Secondary)];

const DIRECTIONS: &[(&str, Direction)] = &[("up", Direction::Up), ("down", Direction::Down)];

pub(super) fn metric(field: &Field<'_>, taken: &mut Taken) -> Option<Metric> {
    field.object(&[], |fields| {
        let key = fields.required("key", "name the metric, such as key: retained", |key| {
            name::distinct(key, taken, name::key)
        });
        let mend = "say what is measured: conversion, retention, churn, count, sum, linear, ratio, quantile, nps \
                    or survival";
        let written = fields.required("kind", mend, |kind| kind.choice(KINDS, &[]));
        let kind = match written {
            Some(kind) => metric_kind(fields, kind),
            None => {
                fields.ignore_rest();
                None
            }
        };
        let role = fields.or("role", Role::Secondary, |role| role.choice(ROLES, &[]));
        let mut window = fields.or("window", Window::default(), window);
        if let Some(Kind::Survival) = written {
            window = survival_window(fields, window);
        } else if let Some(window) = window {
            check_window(fields, window, kind.as_ref(), role);
        }
        let covariates = match written {
            Some(Kind::Quantile | Kind::Nps | Kind::Survival) => Some(Vec::new()),
            _ => covariates(fields, kind.as_ref()),
        };
        let places = match written {
            Some(Kind::Nps | Kind::Survival) => Some(DEFAULT_PLACES),
            _ => fields.or("scale", DEFAULT_PLACES, places),
        };
        let direction = fields.optional("direction", |direction| direction.choice(DIRECTIONS, &[]));
        let margin = margin(fields, role);
        let min_effect = fields.optional("min_effect", Field::amount_from_zero);
        let kind = kind?;
        Some(Metric {
            key: key?,
            window: window?,
            covariates: covariates?,
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
            let clean = clean.and(fields.refuse("denominator", detail, mend));
            refuse_counted(fields).and(clean).and(single)
        }
        Kind::Ratio => {
            let mend = "add a measure, such as {kind: sum, event: order}";
            let numerator = fields.required("numerator", mend, measure_of);
            let denominator = fields.required("denominator", mend, measure_of);
            let mut clean = Some(());
            for name in MEASURE_FIELDS {
                let detail = "has no meaning for a ratio as a whole";
                clean = fields.refuse(name, detail, "put it into numerator or denominator").and(clean);
            }
            clean
                .and(refuse_counted(fields))
                .and(Some(MetricKind::Ratio { numerator: numerator?, denominator: denominator? }))
        }
        Kind::Quantile => {
            let mend = "add a measure, such as of: {kind: sum, event: order}";
            let of = fields.required("of", mend, |field| match measure_of(field)? {
                measure if measure.is_flag() => {
                    field.problem("is 0 or 1, so no quantile says anything", "use count, sum or linear")
                }
                measure => Some(measure),
            });
            let q = fields.required("q", "say which, such as q: 0.9", |field| match field.share()? {
                q if q.is_zero() || q == Decimal::ONE => {
                    field.problem(format!("{q} is not between 0 and 1"), "write 0.5 for the median")
                }
                q => Some(q),
            });
            refuse_others(fields, "quantile", &["of", "q", "scale"])
                .and(Some(MetricKind::Quantile { of: of?, q: q? }))
        }
        Kind::Nps => {
            let event = fields.required("event", "name the survey, such as event: survey", name::event);
            let clean = refuse_others(fields, "nps", &["event"]);
            clean.and(Some(MetricKind::Nps { event: event? }))
        }
        Kind::Survival => {
            let clean = refuse_others(fields, "survival", &["event", "inactive", "horizon"]);
            let event = fields.optional("event", name::event);
            let inactive = fields.optional("inactive", inactive);
            let mend = "name what ends it, such as event: cancel or inactive: {event: session, for: 30d}";
            let churn = match (event?, inactive?) {
                (Some(event), None) => Some(Churn::Event(event)),
                (None, Some(churn)) => Some(churn),
                (Some(_), Some(_)) => fields.problem("inactive", "stands beside event", mend),
                (None, None) => fields.problem("event", "is missing, and so is inactive", mend),
            };
            clean.and(Some(MetricKind::Survival(churn?)))
        }
    }
}

pub(super) fn window(field: &Field<'_>) -> Option<Window> {
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

fn inactive(field: &Field<'_>) -> Option<Churn> {
    field.object(&[], |fields| {
        let event = fields.required("event", "name the activity, such as event: session", name::event);
        let lasts = fields.required("for", "say how long, such as for: 30d", |field| match field.span()? {
            Span(0) => field.problem("0 is no silence", "write a span such as 30d"),
            lasts => Some(lasts),
        });
        Some(Churn::Inactive { event: event?, lasts: lasts? })
    })
}

/// Survival has its horizon in whole days for a window; of `window` it takes the grace alone.
fn survival_window(fields: &mut Fields<'_>, window: Option<Window>) -> Option<Window> {
    let mend = "say up to which day, such as horizon: 90d";
    let horizon = fields.required("horizon", mend, |field| match field.span()? {
        Span(span) if span == 0 || span % DAY != 0 => {
            field.problem(format!("{} is not a whole number of days", Span(span)), mend)
        }
        horizon => Some(horizon),
    });
    let window = window?;
    if window.from != Span(0) || window.to.is_some() {
        let detail = "has a start or an end, where survival has its horizon";
        return fields.problem("window", detail, "leave only grace");
    }
    Some(Window { to: Some(horizon?), ..window })
}

/// Some kinds and roles cannot do without an end of the window.
fn check_window(fields: &Fields<'_>, window: Window, kind: Option<&MetricKind>, role: Option<Role>) {
    if window.to.is_some() {
        return;
    }
    let measures: &[&Measure] = match kind {
        Some(MetricKind::Single(measure)) => &[measure],
        Some(MetricKind::Ratio { numerator, denominator }) => &[numerator, denominator],
        Some(MetricKind::Quantile { of, .. }) => &[of],
        Some(MetricKind::Nps { .. } | MetricKind::Survival(_)) | None => &[],
    };
    if measures.iter().any(|measure| measure.is_of_activity()) {
        let detail = "is missing: retention and churn are about a stretch of time";
        fields.problem_at::<()>(
            "window.to",
            detail,
            "say when it ends, such as window: {from: 30d, to: 60d}",
        );
    } else if measures.iter().any(|measure| measure.is_discounted()) {
        let detail = "is missing: a discounted value needs a horizon";
        fields.problem_at::<()>("window.to", detail, "say when it ends, such as window: {to: 365d}");
    } else if matches!(role, Some(Role::Primary | Role::Guardrail)) {
        let detail = "is missing: without an end no day is ever mature, so the metric cannot decide";
        fields.problem_at::<()>(
            "window.to",
            detail,
            "add an end such as window: {to: 60d}, or role: secondary",
        );
    }
}

/// The fields of kinds that are read from counts.
fn refuse_counted(fields: &mut Fields<'_>) -> Option<()> {
    let (detail, mend) = ("belongs to kind quantile", "leave it out or say kind: quantile");
    let mut clean = fields.refuse("of", detail, mend);
    clean = fields.refuse("q", detail, mend).and(clean);
    let (detail, mend) = ("belongs to kind survival", "leave it out or say kind: survival");
    for name in ["inactive", "horizon"] {
        clean = fields.refuse(name, detail, mend).and(clean);
    }
    clean
}

/// The kinds that are made from one number of their own have no use for the fields of the others.
fn refuse_others(fields: &mut Fields<'_>, kind: &str, own: &[&str]) -> Option<()> {
    let detail = format!("has no meaning for kind {kind}");
    let mut clean = Some(());
    for name in MEASURE_FIELDS.into_iter().chain(OTHER_FIELDS).filter(|name| !own.contains(name)) {
        clean = fields.refuse(name, &detail, "leave it out").and(clean);
    }
    clean
}

/// `covariate: {…}` or `covariates: [{…}, …]`.
fn covariates(fields: &mut Fields<'_>, kind: Option<&MetricKind>) -> Option<Vec<Covariate>> {
    let own = match kind {
        Some(MetricKind::Single(measure) | MetricKind::Ratio { numerator: measure, .. }) => {
            Some(measure.covariate_kind())
        }
        Some(MetricKind::Quantile { .. } | MetricKind::Nps { .. } | MetricKind::Survival(_)) | None => None,
    };
    let one = fields.optional("covariate", |field| covariate(field, own));
    let several =
        fields.optional("covariates", |field| field.list(MAX_COVARIATES, |item| covariate(item, own)));
    match (one?, several?) {
        (Some(_), Some(_)) => {
            fields.problem("covariates", "stands beside covariate", "put all of them into covariates")
        }
        (None, Some(several)) if several.len() > 1 && matches!(kind, Some(MetricKind::Ratio { .. })) => {
            let detail = format!("{} are too many for a ratio, which takes one", several.len());
            fields.problem("covariates", detail, "keep the one that explains most")
        }
        (one, several) => Some(one.map(|one| vec![one]).or(several).unwrap_or_default()),
    }
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
        let kind = fields.optional("kind", |kind| kind.choice(EVENT_MEASURES, &[]));
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

/// What only some kinds have, beside the fields of measures.
const OTHER_FIELDS: [&str; 9] =
    ["numerator", "denominator", "covariate", "covariates", "scale", "of", "q", "inactive", "horizon"];

fn default_direction(kind: &MetricKind) -> Direction {
    match kind {
        MetricKind::Single(Measure::Events { kind: MeasureKind::Churn, .. }) => Direction::Down,
        _ => Direction::Up,
    }
}
