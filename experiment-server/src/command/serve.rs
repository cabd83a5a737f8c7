//! `experiment serve`: the HTTP server on one folder.

use std::path::{Path, PathBuf};

use super::{Console, Exit};
use crate::http::{Server, StartError};
use crate::running::RunningServer;
use crate::settings::{ADMIN_KEY_VARIABLE, DEFAULT_LISTEN, Settings};
use crate::store::StoreError;
use crate::telemetry;

const EXAMPLES: &str = "\
Examples:
  # for this machine only, no key needed
  experiment serve --data ./data

  # on a free port; the address is printed, and kept in ./data/server.json
  experiment serve --data ./data --listen 127.0.0.1:0

  # for other machines: every call needs the key
  EXPERIMENT_ADMIN_KEY=$(openssl rand -hex 32) experiment serve --data ./data --listen 0.0.0.0:8016

Environment:
  EXPERIMENT_ADMIN_KEY  a key of 32 characters or more; with it, every call to /v1 needs it:
                        Authorization: Bearer KEY, or X-API-Key: KEY
  EXPERIMENT_LOG        what goes to stderr: error, warn, info (default), debug
  EXPERIMENT_LOG_FORMAT how: text (default) or json

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
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    telemetry::log_to_stderr()?;
    let mut settings = Settings::from_environment(args.data, &args.listen)?;
    settings.catch_signals = true;
    settings.disk_reserve = args.disk_reserve;
    let has_key = settings.admin_key.is_some();
    let data = settings.data.clone();
    let server = Server::start(settings).map_err(|error| with_holder(error, &data))?;
    writeln!(console.stdout, "listening on {}", server.url())?;
    if has_key {
        writeln!(console.stdout, "every call to /v1 needs a key ({ADMIN_KEY_VARIABLE} is set)")?;
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
