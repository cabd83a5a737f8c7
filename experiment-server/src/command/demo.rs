//! `experiment demo`: whole campaigns through the real HTTP API, from definition to verdict.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use experiment_core::report::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::campaign::{Campaign, CookieCats, Winback};
use super::place::admin_key;
use super::{Console, Exit};
use crate::client::Client;
use crate::http::Server;
use crate::output;
use crate::settings::{DEFAULT_LISTEN, Settings};
use crate::store::system_clock;

/// Customers whose facts go into one request.
const BATCH: usize = 2_500;
const NDJSON: &str = "application/x-ndjson";

const EXAMPLES: &str = "\
Examples:
  # play the campaigns, print the reports, stay up to be looked at
  experiment demo
  # keep the data, and end when the reports are printed
  experiment demo --data ./demo --exit";

/// Start a server, play two retention campaigns through its API, and print the reports
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where to keep the data [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    listen: String,
    /// End when the reports are printed
    #[arg(long)]
    exit: bool,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let temporary = args.data.is_none().then(tempfile::tempdir).transpose()?;
    let data = match (&args.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(folder)) => folder.path().to_owned(),
        (None, None) => bail!("there is no folder for the data"),
    };
    let server = {
        let mut settings = Settings::from_environment(data, &args.listen)?;
        settings.catch_signals = true;
        Server::start(settings)?
    };
    let client = Client::new(server.url(), admin_key(), None);
    let start = Instant::now();
    let facts = play::<CookieCats>(&client, console)? + play::<Winback>(&client, console)?;
    let took = start.elapsed();
    output::write_table(&report::<CookieCats>(&client)?, console.stdout)?;
    writeln!(console.stdout, "\n{}\n", "─".repeat(100))?;
    output::write_story(&report::<Winback>(&client)?, console.stdout)?;
    writeln!(console.stdout, "\n{facts} facts sent and on disk in {:.1} s", took.as_secs_f64())?;
    write_urls::<CookieCats>(server.url(), console)?;
    write_urls::<Winback>(server.url(), console)?;
    if !args.exit {
        writeln!(console.stdout, "The server stays up; end it with Ctrl-C.")?;
        console.stdout.flush()?;
        server.wait()?;
        return Ok(Exit::Fine);
    }
    server.stop()?;
    Ok(Exit::Fine)
}

fn report<C: Campaign>(client: &Client) -> anyhow::Result<Report> {
    let path = format!("/v1/experiments/{}/results?fresh=true", C::EXPERIMENT);
    serde_json::from_value(client.get(&path)?.success()?.body).context("the report can't be read")
}

/// Applies the definition and sends every exposure and event; says how many facts were sent.
fn play<C: Campaign>(client: &Client, console: &mut Console<'_>) -> anyhow::Result<usize> {
    let applied = client.post("/v1/experiments", "application/yaml", C::DEFINITION.as_bytes())?;
    applied.success().context("the demo's experiment can't be made; name another folder with --data")?;
    let start = format!("/v1/experiments/{}/start", C::EXPERIMENT);
    let started = client.post(&start, "application/json", b"")?.success()?;
    // Played again on another day, the same campaign is sent again, and every fact is known.
    let started_at = started.body.get("started_at").and_then(Value::as_str).and_then(|at| at.parse().ok());
    let customers = C::customers(started_at.unwrap_or_else(|| system_clock()()).day());
    let progress = progress(customers.len(), console.progress);
    let mut facts = 0;
    for batch in customers.chunks(BATCH) {
        let (mut exposures, mut events, mut count) = (String::new(), String::new(), 0);
        for customer in batch {
            customer.write_exposure(&mut exposures);
            count += customer.write_events(&mut events);
        }
        send(client, "/v1/exposures", &exposures, batch.len())?;
        send(client, "/v1/conversions", &events, count)?;
        facts += batch.len() + count;
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
    Ok(facts)
}

/// Sends a batch, again while the server asks to wait, and makes sure that all of it is kept.
fn send(client: &Client, path: &str, lines: &str, count: usize) -> anyhow::Result<()> {
    let mut answer = client.post(path, NDJSON, lines.as_bytes())?;
    while answer.status == 503 {
        std::thread::sleep(Duration::from_millis(200));
        answer = client.post(path, NDJSON, lines.as_bytes())?;
    }
    let body = answer.success()?.body;
    let number = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or(0);
    let kept = number("accepted") + number("duplicates");
    if kept != count as u64 {
        bail!("{path} kept {kept} of {count} facts: {}", body["errors"]);
    }
    Ok(())
}

fn progress(customers: usize, watched: bool) -> ProgressBar {
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(customers as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} customers, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn write_urls<C: Campaign>(url: &str, console: &mut Console<'_>) -> anyhow::Result<()> {
    let at = format!("{url}/v1/experiments/{}", C::EXPERIMENT);
    writeln!(console.stdout, "  report      {at}/results")?;
    writeln!(console.stdout, "  as CSV      {at}/results?format=csv")?;
    writeln!(console.stdout, "  definition  {at}")?;
    writeln!(console.stdout, "  a customer  {at}/customers/{}", C::CUSTOMER)?;
    Ok(())
}
