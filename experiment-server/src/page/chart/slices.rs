//! A bar cut into named parts, as layers share their customers.

use super::size::{Size, legible_width};
use super::svg::{Anchor, Svg};
use super::text::width;

const HEIGHT: f64 = 26.0;

/// Room beside a label within its slice, on each side.
const PADDING: f64 = 4.0;

/// One part of a bar from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    /// Where it begins, as a share of the whole.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Its name, written where it fits.
    pub label: &'a str,
    /// Its class in the style sheet, `arm-0` to `arm-7` or another.
    pub class: &'a str,
}

/// A bar `width` units wide (the nearest of 160 to 2000), each slice in its place, and of the class `free` what no slice takes.
///
/// Slices are cut to 0 and 1; where two overlap, the one that begins later is on top. One that is empty or not a
/// number is left out. `label` is read aloud in its place. Classes: `chart-slices`, `slice` with the caller's, `free`,
/// `label`.
#[must_use]
pub fn slice_bar(label: &str, slices: &[Slice<'_>], width: f64) -> String {
    let size = Size { width: legible_width(width), height: HEIGHT };
    let mut slices: Vec<Slice<'_>> = slices.iter().filter_map(|slice| within(*slice)).collect();
    slices.sort_by(|a, b| a.from.total_cmp(&b.from));

    let mut svg = Svg::new("chart-slices", size, label, &[]);
    let mut taken = 0.0;
    for slice in &slices {
        free(&mut svg, taken, slice.from, size);
        taken = slice.to.max(taken);
    }
    free(&mut svg, taken, 1.0, size);
    for slice in &slices {
        let class = format!("slice {}", slice.class);
        svg.rect(&class, [slice.from * size.width, slice.to * size.width], 0.0, size.height);
    }
    svg.open_texts("label", Anchor::Middle);
    for (slice, next) in slices.iter().zip(slices.iter().skip(1).map(|next| next.from).chain([1.0])) {
        name(&mut svg, slice, next, size);
    }
    svg.close();
    svg.finish()
}

/// A slice's part of the bar, if it has one.
fn within(slice: Slice<'_>) -> Option<Slice<'_>> {
    let (from, to) = (slice.from.clamp(0.0, 1.0), slice.to.clamp(0.0, 1.0));
    (from < to).then_some(Slice { from, to, ..slice })
}

fn free(svg: &mut Svg, from: f64, to: f64, size: Size) {
    // Half a unit inside, for its outline; a gap without room for one is left empty.
    let ends = [from * size.width + 0.5, to * size.width - 0.5];
    if ends[0] < ends[1] {
        svg.rect("free", ends, 0.5, size.height - 1.0);
    }
}

/// The slice's label in the part of it that the next one leaves.
fn name(svg: &mut Svg, slice: &Slice<'_>, next: f64, size: Size) {
    let (from, to) = (slice.from * size.width, slice.to.min(next) * size.width);
    if !slice.label.is_empty() && width(slice.label) + 2.0 * PADDING <= to - from {
        svg.text((from + to) / 2.0, size.height / 2.0 + 4.0, slice.label);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sound::assert_sound;
    use super::*;
    use proptest::prelude::*;

    fn slice(from: f64, to: f64, label: &str) -> Slice<'_> {
        Slice { from, to, label, class: "arm-0" }
    }

    fn body(slices: &[Slice<'_>]) -> String {
        let svg = slice_bar("", slices, 200.0);
        assert_sound(&svg);
        svg.split_once('>').map(|(_, body)| body.replace("</svg>", "")).unwrap()
    }

    #[test]
    fn slices_and_what_is_free_between_them() {
        assert_eq!(
            body(&[slice(0.5, 0.75, "later"), slice(0.0, 0.25, "1<")]),
            "<rect class=\"free\" x=\"50.5\" y=\".5\" width=\"49\" height=\"25\"/>\
             <rect class=\"free\" x=\"150.5\" y=\".5\" width=\"49\" height=\"25\"/>\
             <rect class=\"slice arm-0\" x=\"0\" y=\"0\" width=\"50\" height=\"26\"/>\
             <rect class=\"slice arm-0\" x=\"100\" y=\"0\" width=\"50\" height=\"26\"/>\
             <g class=\"label\" text-anchor=\"middle\">\
             <text x=\"25\" y=\"17\">1&lt;</text><text x=\"125\" y=\"17\">later</text></g>"
        );
    }

    #[test]
    fn a_label_is_written_only_where_it_fits() {
        let written = |slices: &[Slice<'_>]| body(slices).matches("<text").count();
        assert_eq!(written(&[slice(0.0, 0.1, "control"), slice(0.1, 1.0, "the offer")]), 1);
        // The second covers most of the first.
        assert_eq!(written(&[slice(0.0, 1.0, "control"), slice(0.1, 1.0, "the offer")]), 1);
    }

    #[test]
    fn impossible_slices_are_left_out() {
        let none = body(&[]);
        assert_eq!(none.matches("class=\"free\"").count(), 1);
        assert_eq!(
            body(&[
                slice(0.5, 0.5, "a"),
                slice(f64::NAN, 1.0, "b"),
                slice(0.9, 0.1, "c"),
                slice(2.0, 3.0, "d")
            ]),
            none
        );
    }

    #[test]
    fn a_class_cannot_break_out() {
        let hostile = Slice { from: 0.0, to: 1.0, label: "</svg><script>", class: "x\" onload=\"y" };
        let svg = slice_bar("", &[hostile], 200.0);
        assert_sound(&svg);
        assert!(
            svg.contains("class=\"slice x&quot; onload=&quot;y\"") && svg.contains("&lt;/svg&gt;"),
            "{svg}"
        );
    }

    proptest! {
        #[test]
        fn any_slices_make_a_sound_picture(
            slices in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY, ".{0,12}"), 0..6),
            shares in prop::collection::vec((0.0..1.0, 0.0..1.0), 0..6),
            width in prop::num::f64::ANY,
        ) {
            let any = slices.iter().map(|(from, to, label)| slice(*from, *to, label));
            let plain = shares.iter().map(|(from, to)| slice(*from, *to, "a slice"));
            assert_sound(&slice_bar("", &any.chain(plain).collect::<Vec<_>>(), width));
        }
    }
}
