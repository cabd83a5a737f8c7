//! How much of a target is reached.

use super::size::Size;
use super::svg::Svg;

const SIZE: Size = Size { width: 120.0, height: 10.0 };

/// A bar filled to `reached / target`, between 0 and 1; empty where that is not a number.
///
/// `label` is read aloud in its place. Classes: `chart-progress`, `track`, `fill` with `full` once the target is
/// reached.
#[must_use]
pub fn progress_bar(label: &str, reached: f64, target: f64) -> String {
    let share = (reached / target).clamp(0.0, 1.0);
    let mut svg = Svg::new("chart-progress", SIZE, label, &[]);
    svg.rect("track", [0.0, SIZE.width], 0.0, SIZE.height);
    if share > 0.0 {
        let class = if share < 1.0 { "fill" } else { "fill full" };
        svg.rect(class, [0.0, SIZE.width * share], 0.0, SIZE.height);
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(reached: f64, target: f64) -> String {
        let svg = progress_bar("", reached, target);
        super::super::sound::assert_sound(&svg);
        svg.split_once("height=\"10\"/>").map_or("", |(_, rest)| rest).replace("</svg>", "")
    }

    #[test]
    fn a_bar_is_filled_as_far_as_the_target_is_reached() {
        assert_eq!(
            progress_bar("30 of 120", 30.0, 120.0),
            "<svg class=\"chart chart-progress\" viewBox=\"0 0 120 10\" width=\"120\" height=\"10\" \
             font-size=\"12\" role=\"img\" aria-label=\"30 of 120\">\
             <rect class=\"track\" x=\"0\" y=\"0\" width=\"120\" height=\"10\"/>\
             <rect class=\"fill\" x=\"0\" y=\"0\" width=\"30\" height=\"10\"/></svg>"
        );
        let full = "<rect class=\"fill full\" x=\"0\" y=\"0\" width=\"120\" height=\"10\"/>";
        assert_eq!((filled(120.0, 120.0), filled(500.0, 120.0)), (full.to_owned(), full.to_owned()));
    }

    #[test]
    fn nothing_is_filled_where_there_is_no_share() {
        for (reached, target) in
            [(0.0, 5.0), (0.0, 0.0), (-1.0, 5.0), (f64::NAN, 5.0), (f64::INFINITY, f64::INFINITY)]
        {
            assert_eq!(filled(reached, target), "", "{reached} of {target}");
        }
    }
}
