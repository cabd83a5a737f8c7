//! `experiment serve`: the HTTP server on one folder.

use std::path::{Path, PathBuf};

use super::{Console, Exit};
use crate::http::{Server, StartError};
use crate::rate::Rate;
use crate::running::RunningServer;
use crate::settings::{DEFAULT_LISTEN, Settings};
use crate::store::StoreError;
use crate::telemetry;
use crate::web_origin::WebOrigin;

const EXAMPLES: &str = "\
Examples:
  # for this machine only, no key needed
  experiment serve --data ./data

  # on a free port; the address is printed, and kept in ./data/server.json
  experiment serve --data ./data --listen 127.0.0.1:0

  # for other machines: every call needs a key
  experiment key create me --role admin --data ./data
  experiment serve --data ./data --listen 0.0.0.0:8016

  # a shop's pages may call, and no key may send more than 500 requests a second
  experiment serve --data ./data --cors-origin https://shop.example --rate-limit 500/s

Environment:
  EXPERIMENT_ADMIN_KEY     an admin key beside those of `experiment key`, of 32 characters or more
  EXPERIMENT_CORS_ORIGINS  as --cors-origin, with commas between
  EXPERIMENT_RATE_LIMIT    as --rate-limit
  EXPERIMENT_LOG           what goes to stderr: error, warn, info (default), debug, trace
  EXPERIMENT_LOG_FORMAT    how: text (default) or json

As soon as there is a key, every call needs one: Authorization: Bearer KEY, or X-API-Key: KEY.

SIGTERM and SIGINT stop it: requests in progress end, what was acknowledged is on disk.";

/// Answer assignments, take in facts and report results over HTTP
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Folder that holds everything; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    listen: String,
    /// Bytes of the disk that stay free: below, facts are refused; below twice as many, sums wait [default: a fiftieth
    /// of the disk, from 4 MiB to 1 GiB]
    #[arg(long, value_name = "BYTES")]
    disk_reserve: Option<u64>,
    /// Origin whose web pages may call, such as https://shop.example; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    cors_origin: Vec<WebOrigin>,
    /// How many requests each key may send, such as 500/s [default: as many as it likes]
    #[arg(long, value_name = "N/s|m|h|d")]
    rate_limit: Option<Rate>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    telemetry::log_to_stderr()?;
    let mut settings = Settings::from_environment(args.data, &args.listen)?;
    settings.catch_signals = true;
    settings.disk_reserve = args.disk_reserve;
    settings.cors_origins.extend(args.cors_origin);
    settings.rate_limit = args.rate_limit.or(settings.rate_limit);
    let data = settings.data.clone();
    let server = Server::start(settings).map_err(|error| with_holder(error, &data))?;
    writeln!(console.stdout, "listening on {}", server.url())?;
    if server.needs_key() {
        writeln!(
            console.stdout,
            "every call needs a key; see `experiment key list --data {}`",
            data.display()
        )?;
    } else {
        writeln!(
            console.stdout,
            "open to this machine only; X-Start-Token for what cannot be undone: {}",
            server.running().start_token
        )?;
    }
    console.stdout.flush()?;
    server.wait()?;
    Ok(Exit::Fine)
}

/// Says which server holds a folder that is in use.
fn with_holder(error: StartError, data: &Path) -> anyhow::Error {
    let in_use = matches!(error, StartError::Store(StoreError::InUse { .. }));
    match RunningServer::read(data) {
        Ok(Some(server)) if in_use => {
            anyhow::anyhow!("{error} ({}, process {})", server.url, server.pid)
        }
        _ => error.into(),
    }
}
