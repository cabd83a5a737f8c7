//! `experiment demo`: a whole campaign through the real HTTP API, from definition to verdict.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use experiment_core::report::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::campaign::{self, DEFINITION, EXPERIMENT};
use super::place::admin_key;
use super::{Console, Exit};
use crate::client::Client;
use crate::http::Server;
use crate::output;
use crate::settings::{DEFAULT_LISTEN, Settings};
use crate::store::system_clock;

/// Players whose facts go into one request.
const BATCH: usize = 2_500;
const NDJSON: &str = "application/x-ndjson";

const EXAMPLES: &str = "\
Examples:
  # play the campaign, print the report, stay up to be looked at
  experiment demo
  # keep the data, and end when the report is printed
  experiment demo --data ./demo --exit";

/// Start a server, play a real retention campaign through its API, and print the report
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where to keep the data [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    listen: String,
    /// End when the report is printed
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
    let facts = play(&client, console)?;
    let took = start.elapsed();
    let report: Report = {
        let path = format!("/v1/experiments/{EXPERIMENT}/results?fresh=true");
        serde_json::from_value(client.get(&path)?.success()?.body).context("the report can't be read")?
    };
    output::write_table(&report, console.stdout)?;
    write_urls(server.url(), facts, took, console)?;
    if !args.exit {
        writeln!(console.stdout, "The server stays up; end it with Ctrl-C.")?;
        console.stdout.flush()?;
        server.wait()?;
        return Ok(Exit::Fine);
    }
    server.stop()?;
    Ok(Exit::Fine)
}

/// Applies the definition and sends every exposure and event; says how many facts were sent.
fn play(client: &Client, console: &mut Console<'_>) -> anyhow::Result<usize> {
    let applied = client.post("/v1/experiments", "application/yaml", DEFINITION.as_bytes())?;
    applied.success().context("the demo's experiment can't be made; name another folder with --data")?;
    let started =
        client.post(&format!("/v1/experiments/{EXPERIMENT}/start"), "application/json", b"")?.success()?;
    // Played again on another day, the same campaign is sent again, and every fact is known.
    let started_at = started.body.get("started_at").and_then(Value::as_str).and_then(|at| at.parse().ok());
    let players = campaign::players(started_at.unwrap_or_else(|| system_clock()()).day());
    let progress = progress(players.len(), console.progress);
    let mut facts = 0;
    for batch in players.chunks(BATCH) {
        let (mut exposures, mut sessions, mut returns) = (String::new(), String::new(), 0);
        for player in batch {
            player.write_exposure(&mut exposures);
            returns += player.write_sessions(&mut sessions);
        }
        send(client, "/v1/exposures", &exposures, batch.len())?;
        send(client, "/v1/conversions", &sessions, returns)?;
        facts += batch.len() + returns;
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

fn progress(players: usize, watched: bool) -> ProgressBar {
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(players as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} players, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn write_urls(url: &str, facts: usize, took: Duration, console: &mut Console<'_>) -> anyhow::Result<()> {
    let seconds = took.as_secs_f64();
    writeln!(console.stdout, "\n{facts} facts sent and on disk in {seconds:.1} s")?;
    writeln!(console.stdout, "  report      {url}/v1/experiments/{EXPERIMENT}/results")?;
    writeln!(console.stdout, "  as CSV      {url}/v1/experiments/{EXPERIMENT}/results?format=csv")?;
    writeln!(console.stdout, "  definition  {url}/v1/experiments/{EXPERIMENT}")?;
    writeln!(console.stdout, "  a customer  {url}/v1/experiments/{EXPERIMENT}/customers/player-00042")?;
    Ok(())
}
