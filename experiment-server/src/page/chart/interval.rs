//! An estimate and its intervals as a bar, one row of a column that shares a domain.

use experiment_core::stats::Interval;

use super::arrow::{Toward, arrow};
use super::axis::{Scale, value_ticks};
use super::domain::{Domain, usable};
use super::path::{Path, place};
use super::size::Size;
use super::svg::{Anchor, Svg};

const SIZE: Size = Size { width: 240.0, height: 22.0 };
const AXIS_SIZE: Size = Size { width: 240.0, height: 20.0 };

/// Room for arrows beside the domain, on each side, and where their tips are in it.
const MARGIN: f64 = 10.0;
const TIP: f64 = 2.0;

/// Height of the thick bar, of the thin one, and the least width of both.
const INNER: f64 = 10.0;
const OUTER: f64 = 2.0;
const LEAST_WIDTH: f64 = 1.0;

/// What an interval says, as a class of the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// `better`
    Better,
    /// `worse`
    Worse,
    /// `neutral`
    Neutral,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Better => "better",
            Tone::Worse => "worse",
            Tone::Neutral => "neutral",
        }
    }
}

/// One row. All numbers are in the unit of the domain; those that are not a number are left out.
#[derive(Debug, Clone, Copy)]
pub struct IntervalBar<'a> {
    /// What is read aloud in the picture's place.
    pub label: &'a str,
    /// The point estimate.
    pub estimate: Option<f64>,
    /// The interval that decides, drawn thick; unbounded ends are infinite.
    pub inner: Option<Interval>,
    /// A second, wider one, drawn thin.
    pub outer: Option<Interval>,
    /// Where a line for the margin of non-inferiority is, with its sign.
    pub margin: Option<f64>,
    /// Where a line for the smallest effect that matters is, with its sign.
    pub min_effect: Option<f64>,
    /// Whether it is good news.
    pub tone: Tone,
}

/// A row's picture, 240 by 22: lines for zero, margin and minimum effect, where the domain holds them, and the
/// intervals. Ends beyond the domain are cut at its edge and marked by an arrow; an estimate beyond it has no disc.
///
/// Classes: `chart-interval` with `better`, `worse` or `neutral` on the root, `zero`, `margin`, `min-effect`,
/// `band-outer`, `band-inner`, `estimate`, `clipped`.
#[must_use]
pub fn interval_bar(bar: &IntervalBar<'_>, domain: Domain) -> String {
    let scale = scale(domain);
    let middle = SIZE.height / 2.0;
    let mut svg = Svg::new(&format!("chart-interval {}", bar.tone.class()), SIZE, bar.label, &[]);
    let lines = [("zero", Some(0.0)), ("margin", bar.margin), ("min-effect", bar.min_effect)];
    for (class, value) in lines {
        let mut path = Path::default();
        if let Some(value) = value.filter(|value| domain.holds(*value)) {
            let x = scale.place(value);
            path.segment(place(x, 0.0), place(x, SIZE.height));
        }
        svg.path(class, &path);
    }
    let (mut below, mut above) = (false, false);
    let bands = [("band-outer", bar.outer, OUTER), ("band-inner", bar.inner, INNER)];
    for (class, interval, height) in bands {
        let Some(Interval { lower, upper }) = interval.and_then(usable) else { continue };
        below |= lower < domain.lower();
        above |= upper > domain.upper();
        if lower <= domain.upper() && domain.lower() <= upper {
            let from = scale.place(lower.max(domain.lower())).min(scale.to - LEAST_WIDTH);
            let to = scale.place(upper.min(domain.upper())).max(from + LEAST_WIDTH);
            svg.rect(class, [from, to], middle - height / 2.0, height);
        }
    }
    let mut arrows = Path::default();
    if below {
        arrow(&mut arrows, place(TIP, middle), Toward::Left);
    }
    if above {
        arrow(&mut arrows, place(SIZE.width - TIP, middle), Toward::Right);
    }
    svg.path("clipped", &arrows);
    if let Some(estimate) = bar.estimate.filter(|estimate| domain.holds(*estimate)) {
        svg.circle("estimate", scale.place(estimate), middle, 3.0);
    }
    svg.finish()
}

/// The row of ticks that stands over or under a column of bars, 240 by 20: as many as have room. `format` makes the
/// label of a round value in the domain; `label` is read aloud in the picture's place.
///
/// Classes: `chart-interval-axis`, `axis`, `tick`.
#[must_use]
pub fn interval_axis(label: &str, domain: Domain, format: &dyn Fn(f64) -> String) -> String {
    let scale = scale(domain);
    let mut svg = Svg::new("chart-interval-axis", AXIS_SIZE, label, &[]);
    let ticks = value_ticks(scale, AXIS_SIZE.width, format);
    let mut axis = Path::default();
    axis.segment(place(scale.from, 0.5), place(scale.to, 0.5));
    for tick in &ticks {
        axis.segment(place(tick.at, 0.5), place(tick.at, 4.5));
    }
    svg.path("axis", &axis);
    svg.open_texts("tick", Anchor::Middle);
    for tick in &ticks {
        svg.text(tick.label_at, 16.0, &tick.label);
    }
    svg.close();
    svg.finish()
}

fn scale(domain: Domain) -> Scale {
    Scale { domain, from: MARGIN, to: SIZE.width - MARGIN }
}

#[cfg(test)]
mod tests {
    use super::super::sound::{any_interval, any_number, assert_sound};
    use super::*;
    use proptest::prelude::*;

    const ROW: IntervalBar<'_> = IntervalBar {
        label: "",
        estimate: None,
        inner: None,
        outer: None,
        margin: None,
        min_effect: None,
        tone: Tone::Neutral,
    };

    fn domain() -> Domain {
        Domain::holding([-1.0, 1.0])
    }

    /// What stands inside the root.
    fn body(bar: &IntervalBar<'_>) -> String {
        let svg = interval_bar(bar, domain());
        assert_sound(&svg);
        svg.split_once('>').map(|(_, body)| body.replace("</svg>", "")).unwrap()
    }

    const ZERO: &str = "<path class=\"zero\" d=\"M120 0v22\"/>";

    #[test]
    fn a_row_with_everything() {
        let bar = IntervalBar {
            label: "+0.5 (0.2 to 0.8)",
            estimate: Some(0.5),
            inner: Some(Interval { lower: 0.2, upper: 0.8 }),
            outer: Some(Interval { lower: 0.0, upper: 1.0 }),
            margin: Some(-0.1),
            min_effect: Some(0.1),
            tone: Tone::Better,
        };
        assert_eq!(
            interval_bar(&bar, domain()),
            "<svg class=\"chart chart-interval better\" viewBox=\"0 0 240 22\" width=\"240\" height=\"22\" \
             font-size=\"12\" role=\"img\" aria-label=\"+0.5 (0.2 to 0.8)\">\
             <path class=\"zero\" d=\"M120 0v22\"/><path class=\"margin\" d=\"M109 0v22\"/>\
             <path class=\"min-effect\" d=\"M131 0v22\"/>\
             <rect class=\"band-outer\" x=\"120\" y=\"10\" width=\"110\" height=\"2\"/>\
             <rect class=\"band-inner\" x=\"142\" y=\"6\" width=\"66\" height=\"10\"/>\
             <circle class=\"estimate\" cx=\"175\" cy=\"11\" r=\"3\"/></svg>"
        );
    }

    #[test]
    fn ends_beyond_the_domain_have_arrows() {
        let open = Interval { lower: f64::NEG_INFINITY, upper: 0.0 };
        assert_eq!(
            body(&IntervalBar { inner: Some(open), ..ROW }),
            format!(
                "{ZERO}<rect class=\"band-inner\" x=\"10\" y=\"6\" width=\"110\" height=\"10\"/>\
                 <path class=\"clipped\" d=\"M2 11l5 3.5v-7z\"/>"
            )
        );
        let far = Interval { lower: 3.0, upper: 4.0 };
        assert_eq!(
            body(&IntervalBar { inner: Some(far), estimate: Some(3.5), margin: Some(2.0), ..ROW }),
            format!("{ZERO}<path class=\"clipped\" d=\"M238 11l-5-3.5v7z\"/>")
        );
    }

    #[test]
    fn no_interval_leaves_the_lines() {
        let nan = Interval { lower: f64::NAN, upper: 1.0 };
        assert_eq!(body(&ROW), ZERO);
        assert_eq!(
            body(&IntervalBar { estimate: Some(f64::NAN), outer: Some(nan), margin: Some(f64::NAN), ..ROW }),
            ZERO
        );
    }

    #[test]
    fn an_interval_of_no_width_can_be_seen() {
        let point = Interval { lower: 1.0, upper: 1.0 };
        assert!(body(&IntervalBar { inner: Some(point), ..ROW }).contains("x=\"229\" y=\"6\" width=\"1\""));
    }

    #[test]
    fn the_axis_has_the_scale_of_the_bars() {
        assert_eq!(
            interval_axis("scale", domain(), &|value| format!("{value:+}")),
            "<svg class=\"chart chart-interval-axis\" viewBox=\"0 0 240 20\" width=\"240\" height=\"20\" \
             font-size=\"12\" role=\"img\" aria-label=\"scale\">\
             <path class=\"axis\" d=\"M10 .5h220M10 .5v4M65 .5v4M120 .5v4M175 .5v4M230 .5v4\"/>\
             <g class=\"tick\" text-anchor=\"middle\"><text x=\"10\" y=\"16\">-1</text>\
             <text x=\"65\" y=\"16\">-0.5</text><text x=\"120\" y=\"16\">+0</text>\
             <text x=\"175\" y=\"16\">+0.5</text><text x=\"230\" y=\"16\">+1</text></g></svg>"
        );
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_sound_picture(
            ends in [any_number(), any_number()],
            numbers in [any_number(), any_number(), any_number()],
            inner in any_interval(),
            outer in any_interval(),
            label in ".{0,20}",
        ) {
            let bar = IntervalBar {
                label: &label,
                estimate: Some(numbers[0]),
                inner: Some(inner),
                outer: Some(outer),
                margin: Some(numbers[1]),
                min_effect: Some(numbers[2]),
                tone: Tone::Worse,
            };
            let domain = Domain::holding(ends);
            assert_sound(&interval_bar(&bar, domain));
            assert_sound(&interval_axis(&label, domain, &|value| format!("{value}{label}")));
        }
    }
}
