//! A report as people and programs read it: a table for the terminal, JSON, CSV.

mod csv;
mod csv_economics;
mod exploratory;
mod interactions;
mod json;
mod kpis;
mod money;
pub(crate) mod number;
mod table;
mod text;

pub use csv::{CSV_HEADER, write_csv};
pub use json::write_json;
pub use kpis::{KPIS_CSV_HEADER, write_kpis_csv, write_kpis_table};
pub use table::{write_story, write_table};
pub use text::printable;
