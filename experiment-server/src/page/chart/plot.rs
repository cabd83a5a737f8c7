//! The frame that curves over days share: grid, axes with their labels, and names at the ends of curves.

use super::axis::{Scale, Tick, round_values};
use super::clip::Rows;
use super::days::DayScale;
use super::domain::Domain;
use super::path::{Path, place};
use super::size::Size;
use super::svg::{Anchor, Svg};
use super::text::{fitted, width};

/// Room above a plot, at its right without names, and between it and the text beside it, in units.
const TOP: f64 = 8.0;
const RIGHT: f64 = 8.0;
const BESIDE: f64 = 6.0;

/// Room below a plot, for the labels of days.
const BOTTOM: f64 = 22.0;

/// Most of the picture's width that text takes, on each side.
const TEXT_SHARE: f64 = 0.25;

/// From one base line to the next, and from the middle of a line of text to its base line.
const LINE_HEIGHT: f64 = 14.0;
const BASE_LINE: f64 = 4.0;

/// Least distance of two lines of the grid.
const GRID_SPACING: f64 = 32.0;

/// Colours there are for curves.
const ARMS: usize = 8;

/// The class of a curve's colour; after the eighth they begin again.
pub(super) fn arm_class(arm: usize) -> String {
    format!("arm-{}", arm % ARMS)
}

/// The name of a curve, to be written at its right end.
pub(super) struct EndName<'a> {
    pub(super) name: &'a str,
    pub(super) arm: usize,
    /// The curve's last value; without one it has no end, and no name.
    pub(super) value: Option<f64>,
}

/// What a plot is made of, before anything is drawn.
pub(super) struct Outline<'a> {
    pub(super) class: &'static str,
    pub(super) label: &'a str,
    pub(super) size: Size,
    /// Points of the longest curve.
    pub(super) count: usize,
    pub(super) domain: Domain,
    pub(super) format: &'a dyn Fn(f64) -> String,
    pub(super) names: Vec<EndName<'a>>,
}

/// A plot with its place in the picture.
pub(super) struct Plot<'a> {
    pub(super) days: DayScale,
    pub(super) values: Scale,
    pub(super) rows: Rows,
    outline: Outline<'a>,
    size: Size,
    value_labels: Vec<(f64, String)>,
}

impl<'a> Plot<'a> {
    /// Gives the text on both sides the room it needs and the plot the rest.
    pub(super) fn new(outline: Outline<'a>) -> Plot<'a> {
        let size = outline.size.for_plot();
        let rows = Rows { top: TOP, bottom: size.height - BOTTOM };
        let values = Scale { domain: outline.domain, from: rows.bottom, to: rows.top };
        let at_most = ((rows.bottom - rows.top) / GRID_SPACING) as usize;
        let text = size.width * TEXT_SHARE;
        let value_labels: Vec<(f64, String)> = match outline.count {
            0 => Vec::new(),
            _ => round_values(outline.domain, at_most)
                .into_iter()
                .map(|value| (values.place(value), fitted(&(outline.format)(value), text)))
                .collect(),
        };
        let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(width).fold(0.0, f64::max);
        let left = widest(&mut value_labels.iter().map(|(_, label)| label.as_str())) + BESIDE;
        let name = widest(&mut outline.names.iter().map(|end| end.name)).min(text);
        let right = if name > 0.0 { name + BESIDE } else { RIGHT };
        let days = DayScale { from: left, to: size.width - right, count: outline.count };
        Plot { days, values, rows, outline, size, value_labels }
    }

    /// Width of the whole picture.
    pub(super) fn picture(&self) -> f64 {
        self.size.width
    }

    /// Opens the picture and draws what lies behind the curves. Without points that is a frame without labels.
    pub(super) fn open(&self, day_ticks: &[Tick]) -> Svg {
        let DayScale { from, to, count } = self.days;
        let data = [("data-x0", from), ("data-x1", to), ("data-n", count as f64)];
        let mut svg = Svg::new(self.outline.class, self.size, self.outline.label, &data);

        let mut grid = Path::default();
        for (y, _) in &self.value_labels {
            grid.segment(place(from, *y), place(to, *y));
        }
        svg.path("grid", &grid);
        let mut axis = Path::default();
        axis.segment(place(from, self.rows.bottom), place(to, self.rows.bottom));
        for tick in day_ticks {
            axis.segment(place(tick.at, self.rows.bottom), place(tick.at, self.rows.bottom + 4.0));
        }
        svg.path("axis", &axis);

        svg.open_texts("tick", Anchor::End);
        for (y, label) in &self.value_labels {
            svg.text(from - BESIDE, y + BASE_LINE, label);
        }
        svg.close();
        svg.open_texts("tick", Anchor::Middle);
        for tick in day_ticks {
            svg.text(tick.label_at, self.size.height - 5.0, &tick.label);
        }
        svg.close();
        svg
    }

    /// A horizontal line at `value`, where the plot holds it.
    pub(super) fn level(&self, svg: &mut Svg, class: &str, value: f64) {
        let mut path = Path::default();
        if self.values.domain.holds(value) {
            let y = self.values.place(value);
            path.segment(place(self.days.from, y), place(self.days.to, y));
        }
        svg.path(class, &path);
    }

    /// Names beside the right ends of the curves, moved apart where they would overlap, and the whole picture. As
    /// many as have room, from the first on.
    pub(super) fn finish(self, mut svg: Svg) -> String {
        let places = |end: &EndName<'a>| {
            end.value.filter(|value| value.is_finite()).map(|value| self.values.place(value))
        };
        let named = self.outline.names.iter().filter(|end| !end.name.is_empty());
        let room = ((self.rows.bottom - self.rows.top) / LINE_HEIGHT) as usize;
        let mut names: Vec<(f64, &EndName<'a>)> =
            named.filter_map(|end| Some((places(end)?, end))).take(room).collect();
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted: Vec<f64> = names.iter().map(|(y, _)| y.clamp(self.rows.top, self.rows.bottom)).collect();
        let left = self.days.to + BESIDE;
        for (y, (_, end)) in moved_apart(&wanted, self.rows).into_iter().zip(names) {
            svg.open_texts(&format!("label {}", arm_class(end.arm)), Anchor::Start);
            svg.text(left, y + BASE_LINE, &fitted(end.name, self.size.width - left));
            svg.close();
        }
        svg.finish()
    }
}

/// Places at least a line's height apart and within `rows`, each as near to the one in `wanted` (in ascending order)
/// as those above leave it. There are no more than have room.
fn moved_apart(wanted: &[f64], rows: Rows) -> Vec<f64> {
    let mut places = wanted.to_vec();
    for i in 1..places.len() {
        places[i] = places[i].max(places[i - 1] + LINE_HEIGHT);
    }
    let mut lowest = rows.bottom;
    for place in places.iter_mut().rev() {
        *place = place.min(lowest);
        lowest = *place - LINE_HEIGHT;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_move_apart_and_stay_in_the_plot() {
        let rows = Rows { top: 8.0, bottom: 100.0 };
        assert_eq!(moved_apart(&[10.0, 50.0, 90.0], rows), [10.0, 50.0, 90.0]);
        assert_eq!(moved_apart(&[10.0, 12.0, 13.0], rows), [10.0, 24.0, 38.0]);
        assert_eq!(moved_apart(&[20.0, 99.0, 100.0], rows), [20.0, 86.0, 100.0]);
        assert_eq!(moved_apart(&[], rows), Vec::<f64>::new());
    }

    #[test]
    fn colours_begin_again() {
        assert_eq!(
            (arm_class(0), arm_class(7), arm_class(8)),
            ("arm-0".into(), "arm-7".into(), "arm-0".into())
        );
    }
}
