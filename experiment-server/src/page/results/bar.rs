//! An effect as a bar beside others on one scale.

use experiment_core::stats::Interval;

use super::scale::Span;
use crate::page::chart::{self, Domain, Extent, IntervalBar, Tone};
use crate::page::text::{ENGLISH, fill};

/// An effect with the interval that decides, and that of a single look where it is another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    estimate: f64,
    thick: Option<Interval>,
    thin: Option<Interval>,
}

/// Lines across all bars of a metric.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    /// How much worse is still acceptable.
    pub(super) margin: Option<f64>,
    /// The smallest effect worth acting on.
    pub(super) min_effect: Option<f64>,
}

impl Bar {
    pub(super) fn of(single: Span, decides: Option<Span>) -> Bar {
        let thin = decides.map(|_| ends(single));
        Bar { estimate: single.estimate, thick: Some(ends(decides.unwrap_or(single))), thin }
    }

    /// An effect whose deciding interval is on another scale.
    pub(super) fn of_single_look(single: Span) -> Bar {
        Bar { estimate: single.estimate, thick: None, thin: Some(ends(single)) }
    }

    /// What it needs of a scale.
    pub(super) fn extents(self) -> impl Iterator<Item = Extent> {
        [self.thick, self.thin]
            .into_iter()
            .flatten()
            .map(move |interval| Extent { estimate: Some(self.estimate), interval: Some(interval) })
    }

    pub(super) fn draw(self, domain: Domain, lines: Lines, tone: Tone, label: &str) -> String {
        chart::interval_bar(
            &IntervalBar {
                label,
                estimate: Some(self.estimate),
                inner: self.thick,
                outer: self.thin,
                margin: lines.margin,
                min_effect: lines.min_effect,
                tone,
            },
            domain,
        )
    }
}

/// An end that is absent is infinite.
fn ends(span: Span) -> Interval {
    let lower = span.lower.unwrap_or(f64::NEG_INFINITY);
    Interval { lower, upper: span.upper.unwrap_or(f64::INFINITY) }
}

/// The scale on which bars are compared.
pub(super) fn domain_of(bars: &[Bar], lines: Lines) -> Domain {
    let extents: Vec<Extent> = bars.iter().flat_map(|bar| bar.extents()).collect();
    let held: Vec<f64> = [lines.margin, lines.min_effect].into_iter().flatten().collect();
    chart::common_domain(&extents, &held)
}

/// The scale beneath bars; nothing where there are none.
pub(super) fn axis(bars: &[Bar], domain: Domain, number: &dyn Fn(f64) -> String) -> String {
    if bars.is_empty() {
        return String::new();
    }
    let (lower, upper) = (number(domain.lower()), number(domain.upper()));
    let label = fill(ENGLISH.scale_of, &[("lower", &lower), ("upper", &upper)]);
    chart::interval_axis(&label, domain, number)
}

/// The class of what a tone is said in.
pub(super) fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Better => "better",
        Tone::Worse => "worse",
        Tone::Neutral => "neutral",
    }
}
