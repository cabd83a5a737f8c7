//! Named segments and saved groups.

use askama::Template;
use experiment_core::definition::Dimension;

use super::frame::Frame;
use super::number;
use super::text::ENGLISH;
use crate::output::yaml;
use crate::store::{Catalog, Entry};

#[derive(Template)]
#[template(path = "segments.html")]
struct SegmentsPage<'a> {
    frame: &'a Frame,
    segments: Vec<SegmentRow>,
    /// Names of groups and how many values each has.
    groups: Vec<(&'a str, String)>,
}

/// A segment with who uses it.
struct SegmentRow {
    name: String,
    condition: String,
    /// Ways to use it, with the experiments that do.
    uses: [(&'static str, Vec<String>); 2],
}

/// The page. Groups may hold customers' ids, so their values are not shown.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn segments(frame: &Frame, catalog: &Catalog) -> Result<String, askama::Error> {
    let shared = &catalog.shared().catalog;
    let using = |uses: &dyn Fn(&Entry) -> bool| {
        let users = catalog.iter().filter(|entry| uses(entry));
        users.map(|entry| entry.key.clone()).collect()
    };
    let segments = shared.segments.iter().map(|(name, condition)| SegmentRow {
        name: name.clone(),
        condition: yaml(condition),
        uses: [
            (ENGLISH.column_audience_of, using(&|entry| is_audience(entry, name))),
            (ENGLISH.column_slices, using(&|entry| is_dimension(entry, name))),
        ],
    });
    let groups = shared.groups.iter();
    let groups = groups.map(|(name, values)| (name.as_str(), number::count(values.len() as u64)));
    SegmentsPage { frame, segments: segments.collect(), groups: groups.collect() }.render()
}

fn is_audience(entry: &Entry, segment: &str) -> bool {
    let audience = &entry.current().experiment.audience;
    audience.as_ref().is_some_and(|audience| audience.references.segments.contains(segment))
}

fn is_dimension(entry: &Entry, segment: &str) -> bool {
    let dimensions = &entry.current().experiment.dimensions;
    dimensions.iter().any(|dimension| matches!(dimension, Dimension::Segment(name) if name == segment))
}
