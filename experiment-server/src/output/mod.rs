//! A report as people and programs read it: a table for the terminal, JSON, CSV.

mod csv;
mod csv_daily;
mod csv_economics;
mod csv_layers;
mod csv_survival;
mod csv_weekly;
mod csv_whom;
mod exploratory;
mod interactions;
mod json;
mod kpis;
mod money;
pub(crate) mod number;
mod table;
mod text;
mod yaml;

pub use csv::{CSV_HEADER, write_csv};
pub use csv_daily::{DAILY_CSV_HEADER, write_daily_csv};
pub use csv_layers::{LAYERS_CSV_HEADER, write_layers_csv};
pub use csv_survival::{SURVIVAL_CSV_HEADER, write_survival_csv};
pub use csv_weekly::{WEEKLY_CSV_HEADER, write_weekly_csv};
pub use csv_whom::{WHOM_CSV_HEADER, write_whom_csv};
pub use json::write_json;
pub use kpis::{KPIS_CSV_HEADER, write_kpis_csv, write_kpis_table};
pub use table::{write_story, write_table};
pub use text::printable;
pub use yaml::yaml;
