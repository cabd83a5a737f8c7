//! `experiment erase`: a customer leaves facts, sums and both files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use experiment_core::time::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::store::{CustomerHash, Erasure, Erasures, Store};

const EXAMPLES: &str = "\
Examples:
  # facts, sums, override lists, saved groups; ends when the last byte is gone
  experiment erase c-42 --data ./data

  # after restoring an older backup: erase again whoever was erased in the store it was made of
  experiment erase --reapply ./data --data ./restored

A folder that a server holds is changed by that server; set EXPERIMENT_ADMIN_KEY if it has keys.
What was erased cannot be brought back, and nothing about the customer is taken in any more.";

/// How often a server is asked whether an erasure is done.
const POLL: Duration = Duration::from_millis(50);

/// Erase a customer: facts, sums, lists, and the last bytes in both files
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The customer's id
    #[arg(required_unless_present = "reapply", conflicts_with = "reapply")]
    customer: Option<String>,
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Erase whoever was erased in the store in FROM, of which DIR is a restored backup
    #[arg(long, value_name = "FROM")]
    reapply: Option<PathBuf>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    match (&args.reapply, &args.customer) {
        (Some(from), _) => reapply(from, &args.data, console),
        (None, Some(customer)) => erase(customer, &args.data, console),
        (None, None) => bail!("name a customer, or a store with --reapply"),
    }
}

fn erase(customer: &str, data: &Path, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (erased_at, named_in) = match Place::of_existing_folder(data)? {
        Place::Live(client) => ask(&client, customer)?,
        Place::Opened(store) => {
            let found = erase_in(&store, customer);
            store.shutdown()?;
            found?
        }
    };
    writeln!(console.stdout, "erased at {erased_at}: no byte of the customer is left in {}", data.display())?;
    for document in named_in {
        writeln!(console.stdout, "but the id stands in the text of {document}, which stays as it is")?;
    }
    Ok(Exit::Fine)
}

fn erase_in(store: &Store, customer: &str) -> anyhow::Result<(String, Vec<String>)> {
    experiment_core::definition::check_customer_id(customer)?;
    store.erase(customer).wait()?;
    store.wait_for_erasures_blocking()?;
    let erased_at = store.erasure(customer)?.and_then(|erasure| erasure.erased_at);
    let erased_at = erased_at.context("the erasure is not done")?;
    Ok((erased_at.to_string(), store.documents_naming(customer)?))
}

fn ask(client: &Client, customer: &str) -> anyhow::Result<(String, Vec<String>)> {
    let path = format!("/v1/customers/{}", utf8_percent_encode(customer, NON_ALPHANUMERIC));
    let mut body = client.delete(&path)?.success()?.body;
    loop {
        if let Some(erased_at) = body.get("erased_at").and_then(Value::as_str) {
            let named_in = body.get("named_in").cloned().unwrap_or(Value::Array(Vec::new()));
            return Ok((erased_at.to_owned(), serde_json::from_value(named_in)?));
        }
        std::thread::sleep(POLL);
        body = client.get(&format!("{path}/erasure"))?.success()?.body;
    }
}

fn reapply(from: &Path, data: &Path, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let erasures = match Place::of_existing_folder(from)? {
        Place::Live(client) => read(&client.get("/v1/erasures")?.success()?.body)?,
        Place::Opened(store) => {
            let erasures = store.erasures()?;
            store.shutdown()?;
            erasures
        }
    };
    let Place::Opened(store) = Place::of_existing_folder(data)? else {
        bail!("a server holds {}; stop it, and start it again afterwards", data.display());
    };
    let applied = store.reapply(&erasures);
    store.wait_for_erasures_blocking()?;
    store.shutdown()?;
    let (new, of) = (applied?, erasures.erasures.len());
    writeln!(console.stdout, "{of} erasures in {}, {new} of them new in {}", from.display(), data.display())?;
    Ok(Exit::Fine)
}

/// The erasures as a server tells them.
fn read(body: &Value) -> anyhow::Result<Erasures> {
    let other = "the server's answer is of another version";
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = body.get("erasures").and_then(Value::as_array).context(other)?;
    let erasures = list.iter().enumerate().map(|(index, erasure)| {
        let customer =
            text(erasure, "customer").and_then(|hash| CustomerHash::parse(&hash)).context(other)?;
        let requested_at: Timestamp = text(erasure, "requested_at").context(other)?.parse()?;
        // Only who and in which order is asked for.
        Ok(Erasure { customer, sequence: index as u64, requested_at, erased_at: None })
    });
    Ok(Erasures {
        key_id: text(body, "key_id").context(other)?,
        erasures: erasures.collect::<anyhow::Result<_>>()?,
    })
}
