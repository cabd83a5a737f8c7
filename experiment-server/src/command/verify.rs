//! `experiment verify`: recount everything from the log and compare bit for bit.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::place::Place;
use super::{Console, Exit};

const EXAMPLES: &str = "\
Examples:
  # exit code 0 when every row agrees, 1 when one differs
  experiment verify --data ./data

A folder that a server holds is verified by that server; set EXPERIMENT_ADMIN_KEY if it has keys.";

/// Recount every sum from the raw log and compare it, bit for bit, with what results are made from
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (facts, rows, differences) = match Place::of_existing_folder(&args.data)? {
        Place::Live(client) => {
            let body = client.post("/v1/verify", "application/json", b"{}")?.success()?.body;
            let number = |name: &str| body.get(name).and_then(Value::as_u64);
            let differences = body.get("differences").cloned().unwrap_or_default();
            let rows = number("rows_compared").context("the server's answer lacks rows_compared")?;
            (number("facts"), rows, serde_json::from_value(differences)?)
        }
        Place::Opened(store) => {
            let verification = store.verify()?;
            store.shutdown()?;
            (Some(verification.facts), verification.rows_compared, verification.differences)
        }
    };
    if let Some(facts) = facts {
        writeln!(console.stdout, "{facts} facts recounted")?;
    }
    writeln!(console.stdout, "{rows} rows compared, {} differ", differences.len())?;
    let differences: Vec<String> = differences;
    for difference in &differences {
        writeln!(console.stdout, "  {difference}")?;
    }
    Ok(if differences.is_empty() { Exit::Fine } else { Exit::BadNews })
}
