//! Layers, whole: who has which part, and what is free.

use std::collections::BTreeMap;

use experiment_core::decimal::Decimal;
use experiment_core::definition::LayerRange;

use super::catalog::{Catalog, Entry};

/// A layer from 0 to 1.
#[derive(Debug)]
pub struct LayerView<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its parts in order, what is free included.
    pub parts: Vec<LayerPart<'a>>,
}

/// A part of a layer.
#[derive(Debug, Clone, Copy)]
pub struct LayerPart<'a> {
    /// Whose it is; `None` where it is free.
    pub entry: Option<&'a Entry>,
    /// From where to where.
    pub range: LayerRange,
}

impl Catalog {
    /// Every layer that is declared or has a part taken, in the order of their keys. A part belongs to an experiment until
    /// it is stopped.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerView<'_>> {
        let declared = self.shared().catalog.layers.keys();
        let mut taken: BTreeMap<&str, Vec<LayerPart<'_>>> =
            declared.map(|key| (key.as_str(), Vec::new())).collect();
        for entry in self.iter() {
            let Some((layer, ranges)) = entry.part_of_layer() else { continue };
            let part = |range: &LayerRange| LayerPart { entry: Some(entry), range: *range };
            taken.entry(layer).or_default().extend(ranges.iter().map(part));
        }
        taken.into_iter().map(|(key, parts)| LayerView { key, parts: with_free(parts) }).collect()
    }
}

fn with_free(mut taken: Vec<LayerPart<'_>>) -> Vec<LayerPart<'_>> {
    taken.sort_by_key(|part| part.range.from);
    let (mut parts, mut end) = (Vec::new(), Decimal::ZERO);
    let free = |from, to| LayerPart { entry: None, range: LayerRange { from, to } };
    for part in taken {
        if part.range.from > end {
            parts.push(free(end, part.range.from));
        }
        end = end.max(part.range.to);
        parts.push(part);
    }
    if end < Decimal::ONE {
        parts.push(free(end, Decimal::ONE));
    }
    parts
}
