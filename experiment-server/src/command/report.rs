//! `experiment report`: the results of a stored experiment, as text or as a page that stands alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use experiment_core::definition::{Experiment, Status};
use experiment_core::report::Report;
use experiment_core::spelling::nearest;
use experiment_core::time::{Day, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::format::Format;
use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::decision::Decisions;
use crate::output::{printable, write_csv, write_json, write_table};
use crate::page::{self, Frame, Subject, Wish};
use crate::reporting::report_of;
use crate::store::{Store, system_clock};

const EXAMPLES: &str = "\
Examples:
  # what to do, and why
  experiment report winback_2026 --data ./data
  # one file to send around: the page with its pictures and tables, which needs no server
  experiment report winback_2026 --data ./data --html winback_2026.html
  # from a running server, as it was at the end of a day, for a spreadsheet
  experiment report winback_2026 --url http://127.0.0.1:8016 --as-of 2026-03-01 --format csv";

/// The results of an experiment: verdict, health, money, metrics
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The experiment's key
    key: String,
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR", conflicts_with = "url", required_unless_present = "url")]
    data: Option<PathBuf>,
    /// The server to ask, instead of a folder
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Read as it was at the end of this UTC day [default: now]
    #[arg(long, value_name = "DAY")]
    as_of: Option<Day>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Table, conflicts_with = "html")]
    format: Format,
    /// Write the page into this file instead; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let place = match (&args.data, &args.url) {
        (Some(data), _) => Place::of_existing_folder(data)?,
        (None, Some(url)) => Place::of_url(url),
        (None, None) => anyhow::bail!("name a folder with --data or a server with --url"),
    };
    let (subject, report) = match place {
        Place::Live(client) => ask(&client, &args.key, args.as_of)?,
        Place::Opened(store) => {
            let found = read(&store, &args.key, args.as_of);
            store.shutdown()?;
            found?
        }
    };
    match (&args.html, args.format) {
        (Some(file), _) => write_page(file, &subject, &report, args.as_of, console)?,
        (None, Format::Table) => write_table(&report, console.stdout)?,
        (None, Format::Json) => write_json(&report, console.stdout)?,
        (None, Format::Csv) => write_csv(&report, console.stdout)?,
    }
    Ok(Exit::Fine)
}

fn read(store: &Store, key: &str, day: Option<Day>) -> anyhow::Result<(Subject, Report)> {
    let catalog = store.catalog();
    let Some(entry) = catalog.get(key) else {
        let mend = match nearest(key, catalog.iter().map(|entry| entry.key.as_str())) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {} experiments", catalog.len()),
        };
        anyhow::bail!("no experiment has the key {}; {mend}", printable(key));
    };
    let now = system_clock()();
    if let Some(day) = day.filter(|day| *day > now.day()) {
        anyhow::bail!("--as-of {day} is in the future; name {} or an earlier day", now.day());
    }
    let report = report_of(store, &Decisions::default(), key, now, day, false)?;
    Ok((Subject::of(entry), report))
}

/// What a server tells of an experiment, as far as the page needs it.
#[derive(Deserialize)]
struct Told {
    status: Status,
    version: u32,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    stopped_at: Option<Timestamp>,
    #[serde(default)]
    winner: Option<String>,
    document: Value,
}

fn ask(client: &Client, key: &str, day: Option<Day>) -> anyhow::Result<(Subject, Report)> {
    let another = || "the server's answer is of another version";
    let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
    let told = client.get(&format!("/v1/experiments/{key}"))?.success()?;
    let told: Told = serde_json::from_value(told.body).with_context(another)?;
    let as_of = day.map(|day| format!("&as_of={day}")).unwrap_or_default();
    let report = client.get(&format!("/v1/experiments/{key}/results?fresh=true{as_of}"))?.success()?;
    let report = serde_json::from_value(report.body).with_context(another)?;
    let subject = Subject {
        status: told.status,
        version: told.version,
        experiment: Arc::new(Experiment::parse(told.document).with_context(another)?),
        started_at: told.started_at,
        stopped_at: told.stopped_at,
        winner: told.winner,
    };
    Ok((subject, report))
}

fn write_page(
    file: &Path,
    subject: &Subject,
    report: &Report,
    as_of: Option<Day>,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let wish = Wish { as_of, ..Wish::default() };
    let page = page::results(&Frame::of_file(), subject, report, &wish)?;
    std::fs::write(file, &page).with_context(|| format!("writing {}", printable(&file.to_string_lossy())))?;
    let name = printable(&file.to_string_lossy());
    writeln!(console.stdout, "{name} written, {} bytes; open it in a browser", page.len())?;
    Ok(())
}
