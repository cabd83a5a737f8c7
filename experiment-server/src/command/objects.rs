//! Lists of JSON objects, as the server answers them, for people and for spreadsheets: a row an object, a column a
//! field.

use std::io::Write;

use serde_json::Value;

use crate::output::printable;

/// Writes columns as wide as what is in them.
pub(super) fn write_table(objects: &[Value], fields: &[&str], out: &mut dyn Write) -> anyhow::Result<()> {
    let head = fields.iter().map(|field| (*field).to_owned()).collect();
    let rows =
        objects.iter().map(|object| fields.iter().map(|field| printable(&cell(object, field))).collect());
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let widths: Vec<usize> = (0..fields.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes RFC 4180, with a header.
pub(super) fn write_csv(objects: &[Value], fields: &[&str], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(fields)?;
    for object in objects {
        writer.write_record(fields.iter().map(|field| cell(object, field)))?;
    }
    writer.flush()?;
    Ok(())
}

fn cell(object: &Value, field: &str) -> String {
    match object.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
