//! What every picture must be, for tests: well formed, of numbers, inside its viewBox, harmless on a page.

use experiment_core::stats::Interval;
use proptest::prelude::*;
use roxmltree::{Document, Node};

/// Asserts all of it; what callers wrote as text may be anything.
pub(super) fn assert_sound(svg: &str) {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let root = document.root_element();
    let view: Vec<f64> = root.attribute("viewBox").unwrap().split(' ').map(number).collect();
    assert!(root.has_tag_name("svg") && root.attribute("role") == Some("img"), "{svg}");
    assert!(root.attribute("aria-label").is_some(), "{svg}");
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(["svg", "g", "path", "rect", "circle", "text"].contains(&name), "{name} in {svg}");
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(name != "style" && name != "id" && !name.starts_with("on"), "{name} in {svg}");
        }
        for (x, y) in corners(node) {
            // Sums of tenths are off by a few last bits.
            let within = |at: f64, length: f64| (-1e-6..=length + 1e-6).contains(&at);
            let within = within(x, view[2]) && within(y, view[3]);
            assert!(within, "{x},{y} of {node:?} in {svg}");
        }
    }
}

/// The outermost places that an element draws at.
fn corners(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let of = |name| number(node.attribute(name).unwrap());
    match node.tag_name().name() {
        "path" => path_corners(node.attribute("d").unwrap()),
        "rect" => {
            assert!(of("width") >= 0.0 && of("height") >= 0.0);
            vec![(of("x"), of("y")), (of("x") + of("width"), of("y") + of("height"))]
        }
        "circle" => vec![(of("cx") - of("r"), of("cy") - of("r")), (of("cx") + of("r"), of("cy") + of("r"))],
        "text" => vec![(of("x"), of("y"))],
        _ => Vec::new(),
    }
}

/// The points of a path of the commands that are used: `M l h v z`.
fn path_corners(data: &str) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let mut points = Vec::new();
    for (start, command) in data.char_indices().filter(|(_, c)| c.is_alphabetic()) {
        let arguments = data[start + 1..].split(char::is_alphabetic).next().unwrap().replace('-', " -");
        let numbers: Vec<f64> = arguments.split_whitespace().map(number).collect();
        let size = match command {
            'M' | 'l' => 2,
            _ => 1,
        };
        assert!(numbers.is_empty() == (command == 'z') && numbers.len().is_multiple_of(size), "{data}");
        for step in numbers.chunks(size) {
            (x, y) = match command {
                'M' => (step[0], step[1]),
                'l' => (x + step[0], y + step[1]),
                'h' => (x + step[0], y),
                'v' => (x, y + step[0]),
                _ => panic!("{command} in {data}"),
            };
            points.push((x, y));
        }
    }
    points
}

/// A number of digits, a sign and at most one place after the point: never `NaN` or `inf`.
fn number(text: &str) -> f64 {
    assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'), "{text}");
    assert!(text.split_once('.').is_none_or(|(_, places)| places.len() == 1), "{text}");
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// Any double, often one of a usual size.
pub(super) fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![prop::num::f64::ANY, -2.0..2.0, Just(0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
}

/// Any two ends, also in the wrong order.
pub(super) fn any_interval() -> impl Strategy<Value = Interval> {
    (any_number(), any_number()).prop_map(|(lower, upper)| Interval { lower, upper })
}
