//! Layers as a table.

use std::io::{self, Write};

use super::csv::{Row, Table};
use crate::store::Catalog;

/// The columns; a public contract.
pub const LAYERS_CSV_HEADER: [&str; 5] = ["layer", "from", "to", "experiment", "status"];

/// Writes one row per part of a layer under [`LAYERS_CSV_HEADER`], from 0 to 1 (RFC 4180, exact). A part that is free has
/// no experiment.
///
/// # Errors
/// What `out` fails with.
pub fn write_layers_csv(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &LAYERS_CSV_HEADER)?;
    for layer in catalog.layers() {
        for part in layer.parts {
            let mut row = Row::default();
            row.text(layer.key);
            row.plain(Some(part.range.from.to_string()));
            row.plain(Some(part.range.to.to_string()));
            row.text(part.entry.map_or("", |entry| &entry.key));
            row.word(part.entry.map(|entry| entry.status));
            table.row(&row.0)?;
        }
    }
    table.end()
}
