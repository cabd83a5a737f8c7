//! Layers: which experiment has which part of the customers.

use askama::Template;
use experiment_core::definition::Status;

use super::chart::{Slice, slice_bar};
use super::frame::Frame;
use super::number;
use super::text::{ENGLISH, fill};
use crate::store::{Catalog, LayerPart, LayerView};

/// How wide a layer is drawn on a desk, and in a hand; the style sheet shows one of them.
const WIDTHS: [f64; 2] = [1100.0, 320.0];
/// Colours of experiments, one after another; that of the control is for no experiment.
const COLOURS: [&str; 7] = ["arm-1", "arm-2", "arm-3", "arm-4", "arm-5", "arm-6", "arm-7"];

#[derive(Template)]
#[template(path = "layers.html")]
struct LayersPage<'a> {
    frame: &'a Frame,
    layers: Vec<Drawn>,
    /// Experiments that have no part of any, with their statuses.
    outside: Vec<(String, &'static str)>,
}

/// A layer as a picture and as a table.
struct Drawn {
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

/// The page.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn layers(frame: &Frame, catalog: &Catalog) -> Result<String, askama::Error> {
    let outside = catalog.iter().filter(|entry| entry.part_of_layer().is_none());
    let outside = outside.filter(|entry| entry.status != Status::Archived);
    let outside = outside.map(|entry| (entry.key.clone(), ENGLISH.status(entry.status))).collect();
    let layers = catalog.layers().iter().map(Drawn::of).collect();
    LayersPage { frame, layers, outside }.render()
}

impl Drawn {
    fn of(layer: &LayerView<'_>) -> Drawn {
        let mut experiments: Vec<&str> =
            layer.parts.iter().filter_map(|part| Some(part.entry?.key.as_str())).collect();
        experiments.sort_unstable();
        experiments.dedup();
        let colour = |key: &str| {
            let place = experiments.binary_search(&key).unwrap_or_default();
            COLOURS[place % COLOURS.len()]
        };
        let slices = layer.parts.iter().filter_map(|part| {
            let key = part.entry?.key.as_str();
            let (from, to) = (part.range.from.to_f64(), part.range.to.to_f64());
            Some(Slice { from, to, label: key, class: colour(key) })
        });
        let slices: Vec<Slice<'_>> = slices.collect();
        let free: f64 = 1.0 - slices.iter().map(|slice| slice.to - slice.from).sum::<f64>();
        let label = fill(ENGLISH.layer_picture, &[("layer", &layer.key)]);
        Drawn {
            key: layer.key.to_owned(),
            pictures: WIDTHS.map(|width| slice_bar(&label, &slices, width)),
            free: fill(ENGLISH.layer_free, &[("share", &number::percent(free.max(0.0)))]),
            parts: layer.parts.iter().map(|part| PartRow::of(part, colour)).collect(),
        }
    }
}

impl PartRow {
    fn of(part: &LayerPart<'_>, colour: impl Fn(&str) -> &'static str) -> PartRow {
        let (from, to) = (part.range.from.to_f64(), part.range.to.to_f64());
        PartRow {
            experiment: part.entry.map(|entry| entry.key.clone()),
            status: part.entry.map_or(ENGLISH.nothing, |entry| ENGLISH.status(entry.status)),
            colour: part.entry.map_or("", |entry| colour(&entry.key)),
            from: number::percent(from),
            to: number::percent(to),
            share: number::percent(to - from),
        }
    }
}
