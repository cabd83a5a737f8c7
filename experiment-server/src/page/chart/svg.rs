//! The elements of a picture, as text.

use super::path::Path;
use super::size::Size;
use super::text::{FONT_SIZE, escaped};

/// A coordinate in tenths of a unit, the finest that is written; what is not a number is 0.
pub(super) fn tenths(units: f64) -> i64 {
    (units * 10.0).round() as i64
}

/// The shortest spelling of a number of tenths: 12, 12.5, .5, -.5.
pub(super) fn spelled(tenths: i64) -> String {
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    let sign = if tenths < 0 { "-" } else { "" };
    match (whole, tenth) {
        (_, 0) => format!("{sign}{whole}"),
        (0, _) => format!("{sign}.{tenth}"),
        _ => format!("{sign}{whole}.{tenth}"),
    }
}

/// Where a text stands from its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture being written.
pub(super) struct Svg(String);

impl Svg {
    /// Opens a picture of the class `chart` and `class`; `label` is read aloud in its place, and `data` stands on the
    /// root as attributes.
    pub(super) fn new(class: &str, size: Size, label: &str, data: &[(&str, f64)]) -> Svg {
        let (width, height) = (spelled(tenths(size.width)), spelled(tenths(size.height)));
        let mut svg = Svg(format!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-size=\"{FONT_SIZE}\" role=\"img\" aria-label=\"{}\"",
            escaped(label)
        ));
        svg.numbers(data);
        svg.0.push('>');
        svg
    }

    /// The whole picture.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }

    /// Opens a group of a class, up to [`Svg::close`].
    pub(super) fn open(&mut self, class: &str) {
        self.0.push_str(&format!("<g class=\"{class}\">"));
    }

    /// Opens a group of texts that stand in one way from their places.
    pub(super) fn open_texts(&mut self, class: &str, anchor: Anchor) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.0.push_str(&format!("<g class=\"{class}\" text-anchor=\"{anchor}\">"));
    }

    /// Closes the group that was opened last.
    pub(super) fn close(&mut self) {
        self.0.push_str("</g>");
    }

    /// A path, if it draws anything.
    pub(super) fn path(&mut self, class: &str, path: &Path) {
        if !path.is_empty() {
            self.0.push_str(&format!("<path class=\"{class}\" d=\"{}\"/>", path.data()));
        }
    }

    /// A rectangle from `x0` to `x1`, `height` high under `y`; `class` may be a caller's.
    pub(super) fn rect(&mut self, class: &str, [x0, x1]: [f64; 2], y: f64, height: f64) {
        self.0.push_str(&format!("<rect class=\"{}\"", escaped(class)));
        // Of rounded ends, or neighbours would overlap by a tenth.
        let width = (tenths(x1) - tenths(x0)) as f64 / 10.0;
        self.numbers(&[("x", x0), ("y", y), ("width", width), ("height", height)]);
        self.0.push_str("/>");
    }

    /// A disc.
    pub(super) fn circle(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        self.0.push_str(&format!("<circle class=\"{class}\""));
        self.numbers(&[("cx", x), ("cy", y), ("r", radius)]);
        self.0.push_str("/>");
    }

    /// A caller's text inside a group of texts; `y` is its base line.
    pub(super) fn text(&mut self, x: f64, y: f64, text: &str) {
        self.0.push_str("<text");
        self.numbers(&[("x", x), ("y", y)]);
        self.0.push_str(&format!(">{}</text>", escaped(text)));
    }

    fn numbers(&mut self, attributes: &[(&str, f64)]) {
        for (name, value) in attributes {
            self.0.push_str(&format!(" {name}=\"{}\"", spelled(tenths(*value))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let spell = |units| spelled(tenths(units));
        assert_eq!([spell(12.0), spell(12.34), spell(0.5), spell(-0.5)], ["12", "12.3", ".5", "-.5"]);
        assert_eq!([spell(0.0), spell(-0.04), spell(f64::NAN), spell(-7.0)], ["0", "0", "0", "-7"]);
    }

    #[test]
    fn a_hostile_label_stays_in_its_attribute() {
        let svg = Svg::new("chart-x", Size { width: 20.0, height: 10.5 }, "\"><script>", &[("data-n", 2.0)]);
        assert_eq!(
            svg.finish(),
            "<svg class=\"chart chart-x\" viewBox=\"0 0 20 10.5\" width=\"20\" height=\"10.5\" font-size=\"12\" \
             role=\"img\" aria-label=\"&quot;&gt;&lt;script&gt;\" data-n=\"2\"></svg>"
        );
    }
}
