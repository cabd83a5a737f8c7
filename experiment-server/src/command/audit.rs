//! `experiment audit`: who changed what, and whether the log of it holds.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::format::Format;
use super::objects::{write_csv, write_table};
use super::place::Place;
use super::{Console, Exit};

const EXAMPLES: &str = "\
Examples:
  # every change with who and when; exit code 0 when the chain holds and says what the facts say, else 1
  experiment audit --data ./data

  # the answer alone
  experiment audit --data ./data --verify

A folder that a server holds is read by that server; set EXPERIMENT_ADMIN_KEY if it has keys.";

/// The fields of an entry, in the order of the CSV.
const FIELDS: [&str; 11] = [
    "number",
    "received_at",
    "who",
    "kind",
    "experiment",
    "version",
    "step",
    "count",
    "sequence",
    "content",
    "hash",
];
/// How many of them the table has.
const TABLE_FIELDS: usize = 8;

/// Who changed definitions, life cycles and the catalog and erased customers, and whether the log of it holds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How the entries are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print only whether the chain holds
    #[arg(long, conflicts_with = "format")]
    verify: bool,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let audit = match Place::of_existing_folder(&args.data)? {
        Place::Live(client) => client.get("/v1/audit")?.success()?.body,
        Place::Opened(store) => {
            let audit = store.audit();
            store.shutdown()?;
            serde_json::to_value(audit?)?
        }
    };
    let entries = audit.get("entries").and_then(Value::as_array);
    let entries = entries.context("the server's answer is of another version")?;
    match args.format {
        _ if args.verify => {}
        Format::Table => write_table(entries, &FIELDS[..TABLE_FIELDS], console.stdout)?,
        Format::Json => writeln!(console.stdout, "{}", serde_json::to_string_pretty(&audit)?)?,
        Format::Csv => write_csv(entries, &FIELDS, console.stdout)?,
    }
    match audit.get("broken").and_then(Value::as_str) {
        None => {
            let found = format!("{} entries: the chain holds and says what the facts say", entries.len());
            // Beside JSON and CSV, which are for programs, it would be in the way.
            let stream = if args.verify { &mut console.stdout } else { &mut console.stderr };
            writeln!(stream, "{found}")?;
            Ok(Exit::Fine)
        }
        Some(broken) => {
            let stream = if args.verify { &mut console.stdout } else { &mut console.stderr };
            writeln!(stream, "the audit log does not hold: {broken}")?;
            Ok(Exit::BadNews)
        }
    }
}
