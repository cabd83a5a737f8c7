//! Layers: which experiment has which part of the customers.

use std::collections::BTreeMap;

use askama::Template;
use experiment_core::decimal::Decimal;
use experiment_core::definition::{LayerRange, Status};

use super::chart::{Slice, slice_bar};
use super::frame::Frame;
use super::number;
use super::text::{ENGLISH, fill};
use crate::store::Catalog;

/// How wide a layer is drawn on a desk, and in a hand; the style sheet shows one of them.
const WIDTHS: [f64; 2] = [1100.0, 320.0];
/// Colours of experiments, one after another; that of the control is for no experiment.
const COLOURS: [&str; 7] = ["arm-1", "arm-2", "arm-3", "arm-4", "arm-5", "arm-6", "arm-7"];

#[derive(Template)]
#[template(path = "layers.html")]
struct LayersPage<'a> {
    frame: &'a Frame,
    layers: Vec<LayerView>,
    /// Experiments that have no part of any, with their statuses.
    outside: Vec<(String, &'static str)>,
}

/// A layer as a picture and as a table.
struct LayerView {
    key: String,
    /// Wide and narrow.
    pictures: [String; 2],
    free: String,
    parts: Vec<PartRow>,
}

/// A part of it.
struct PartRow {
    /// Nothing for a part that is free.
    experiment: Option<String>,
    status: &'static str,
    colour: &'static str,
    from: String,
    to: String,
    share: String,
}

/// An experiment's part of a layer.
struct Part<'a> {
    experiment: &'a str,
    status: Status,
    colour: &'static str,
    range: LayerRange,
}

/// The page. A part belongs to an experiment until it is stopped.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn layers(frame: &Frame, catalog: &Catalog) -> Result<String, askama::Error> {
    let declared = catalog.shared().catalog.layers.keys();
    let mut layers: BTreeMap<&str, Vec<Part<'_>>> = declared.map(|key| (key.as_str(), Vec::new())).collect();
    let mut outside = Vec::new();
    for entry in catalog.iter() {
        let Some((layer, ranges)) = entry.part_of_layer() else {
            if entry.status != Status::Archived {
                outside.push((entry.key.clone(), ENGLISH.status(entry.status)));
            }
            continue;
        };
        let parts = layers.entry(layer).or_default();
        let others = parts.chunk_by(|a, b| a.experiment == b.experiment).count();
        let colour = COLOURS[others % COLOURS.len()];
        let part =
            |range: &LayerRange| Part { experiment: &entry.key, status: entry.status, colour, range: *range };
        parts.extend(ranges.iter().map(part));
    }
    let layers = layers.into_iter().map(|(key, parts)| LayerView::of(key, parts));
    LayersPage { frame, layers: layers.collect(), outside }.render()
}

impl LayerView {
    fn of(key: &str, mut parts: Vec<Part<'_>>) -> LayerView {
        parts.sort_by_key(|part| part.range.from);
        let slices = parts.iter().map(|part| Slice {
            from: part.range.from.to_f64(),
            to: part.range.to.to_f64(),
            label: part.experiment,
            class: part.colour,
        });
        let slices: Vec<Slice<'_>> = slices.collect();
        let rows = rows(&parts);
        let free: f64 = 1.0 - slices.iter().map(|slice| slice.to - slice.from).sum::<f64>();
        let label = fill(ENGLISH.layer_picture, &[("layer", &key)]);
        LayerView {
            key: key.to_owned(),
            pictures: WIDTHS.map(|width| slice_bar(&label, &slices, width)),
            free: fill(ENGLISH.layer_free, &[("share", &number::percent(free.max(0.0)))]),
            parts: rows,
        }
    }
}

/// Parts in their order, with what is free between them.
fn rows(parts: &[Part<'_>]) -> Vec<PartRow> {
    let (mut rows, mut end) = (Vec::new(), Decimal::ZERO);
    let free = |from, to| row(None, ENGLISH.nothing, "", LayerRange { from, to });
    for part in parts {
        if part.range.from > end {
            rows.push(free(end, part.range.from));
        }
        end = end.max(part.range.to);
        rows.push(row(Some(part.experiment), ENGLISH.status(part.status), part.colour, part.range));
    }
    if end < Decimal::ONE {
        rows.push(free(end, Decimal::ONE));
    }
    rows
}

fn row(experiment: Option<&str>, status: &'static str, colour: &'static str, range: LayerRange) -> PartRow {
    let (from, to) = (range.from.to_f64(), range.to.to_f64());
    PartRow {
        experiment: experiment.map(str::to_owned),
        status,
        colour,
        from: number::percent(from),
        to: number::percent(to),
        share: number::percent(to - from),
    }
}
