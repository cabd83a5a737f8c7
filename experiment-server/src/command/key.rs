//! `experiment key`: makes, lists, revokes and rotates keys, on a running server or in a folder.

use std::path::PathBuf;

use anyhow::Context;
use experiment_core::time::Span;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::format::Format;
use super::objects::{write_csv, write_table};
use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::http::KeyView;
use crate::rate::Rate;
use crate::store::{Expires, KeyChanged, KeyError, KeyId, NewKey, Role, Rotation, Store, system_clock};

const EXAMPLES: &str = "\
Examples:
  # for an app: it may ask for variants and report facts; the key goes to stdout, once
  experiment key create shop --role client --expires 90d --rate 500/s --data ./data
  # which there are
  experiment key list --data ./data
  # a new key for the shop; the old one is in force for another day
  experiment key rotate 3f0c9a1b2d4e --overlap 24h --data ./data
  # from the next request on it opens nothing
  experiment key revoke 3f0c9a1b2d4e --data ./data

Where a server holds the folder, it is asked by DATA/server.json, whose start token opens these calls
whatever keys there are. As soon as there is one key, every call to the server needs one.";

/// The fields of a key, in the order of the table and the CSV.
const FIELDS: [&str; 8] = ["id", "name", "role", "status", "created_at", "expires_at", "revoked_at", "rate"];

/// Make, list, revoke and rotate keys for calls over HTTP
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and show it, once
    Create(Create),
    /// Every key, ended ones too, without their secrets
    List(List),
    /// Take a key back, from the next request on
    Revoke(Revoke),
    /// Make a key in the place of another, with its name, role and rate
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// Whose key it is, for people and the audit log
    name: String,
    /// client (assign, exposures, conversions), analyst (read) or admin (everything)
    #[arg(long)]
    role: Role,
    /// Until when: a span such as 90d, an RFC 3339 time, or never
    #[arg(long, value_name = "SPAN|TIME", default_value = "never")]
    expires: Expires,
    /// How many requests it may send, such as 500/s [default: what the server says for every key]
    #[arg(long, value_name = "N/s|m|h|d")]
    rate: Option<Rate>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    /// The key's id
    id: String,
    /// For how long the old key stays in force: 24h; 0s ends it at once
    #[arg(long, value_name = "SPAN")]
    overlap: Span,
    /// Until when the new key is in force [default: for as long as the old one was to last]
    #[arg(long, value_name = "SPAN|TIME")]
    expires: Option<Expires>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, clap::Args)]
struct Shown {
    #[command(flatten)]
    data: Data,
    /// Print all that is known of the key as JSON, instead of the key alone
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    data: Data,
    /// How the keys are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    /// The key's id
    id: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
struct Data {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    match args.action {
        Action::Create(args) => create(args, console),
        Action::List(args) => list(&args, console),
        Action::Revoke(args) => revoke(&args, console),
        Action::Rotate(args) => rotate(&args, console),
    }
}

fn create(args: Create, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let Create { name, role, expires, rate, shown } = args;
    let mut new = NewKey::new(name.as_str(), role).context("the name cannot be used")?;
    (new.expires, new.rate) = (expires, rate);
    // The first key may be made before the first start.
    let made = match Place::of_folder(&shown.data.data)? {
        Place::Live(client) => {
            let mut body = json!({"name": name, "role": role, "expires": expires.to_string()});
            if let Some(rate) = rate {
                body["rate"] = rate.to_string().into();
            }
            post(&client, "/v1/keys", &body)?
        }
        Place::Opened(store) => change(store, |store| store.create_key(new).wait())?,
    };
    show(&made, shown.json, console)
}

fn rotate(args: &Rotate, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let Rotate { id, overlap, expires, shown } = args;
    let made = match Place::of_existing_folder(&shown.data.data)? {
        Place::Live(client) => {
            let mut body = json!({"overlap": overlap});
            if let Some(expires) = expires {
                body["expires"] = expires.to_string().into();
            }
            post(&client, &format!("{}/rotate", path_of(id)), &body)?
        }
        Place::Opened(store) => change(store, |store| {
            let rotation = Rotation { old: KeyId::find(id)?, overlap: *overlap, expires: *expires };
            store.rotate_key(rotation).wait()
        })?,
    };
    show(&made, shown.json, console)
}

fn revoke(args: &Revoke, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let revoked = match Place::of_existing_folder(&args.data.data)? {
        Place::Live(client) => client.delete(&path_of(&args.id))?.success()?.body,
        Place::Opened(store) => change(store, |store| store.revoke_key(KeyId::find(&args.id)?).wait())?,
    };
    writeln!(console.stdout, "{} revoked at {}", named(&revoked), text(&revoked, "revoked_at"))?;
    Ok(Exit::Fine)
}

fn list(args: &List, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let body = match Place::of_existing_folder(&args.data.data)? {
        Place::Live(client) => client.get("/v1/keys")?.success()?.body,
        Place::Opened(store) => {
            let keys = serde_json::to_value(KeyView::of_all(&store.api_keys(), system_clock()()))?;
            store.shutdown()?;
            keys
        }
    };
    let keys = body.get("keys").and_then(Value::as_array);
    let keys = keys.context("the server's answer is of another version")?;
    match args.format {
        Format::Table => write_table(keys, &FIELDS, console.stdout)?,
        Format::Json => writeln!(console.stdout, "{}", serde_json::to_string_pretty(&body)?)?,
        Format::Csv => write_csv(keys, &FIELDS, console.stdout)?,
    }
    Ok(Exit::Fine)
}

/// Changes keys in a folder; the answer is that of a server.
fn change(
    store: Store,
    change: impl FnOnce(&Store) -> Result<KeyChanged, KeyError>,
) -> anyhow::Result<Value> {
    let changed = change(&store);
    store.shutdown()?;
    Ok(serde_json::to_value(KeyView::of_change(&changed?, system_clock()()))?)
}

fn post(client: &Client, path: &str, body: &Value) -> anyhow::Result<Value> {
    let answer = client.post(path, "application/json", body.to_string().as_bytes())?;
    Ok(answer.success()?.body)
}

/// The key to stdout, so that a script can take it; what else there is to say to stderr.
fn show(made: &Value, as_json: bool, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if as_json {
        writeln!(console.stdout, "{}", serde_json::to_string_pretty(made)?)?;
        return Ok(Exit::Fine);
    }
    let key = made.get("key").and_then(Value::as_str).context("the server's answer is of another version")?;
    writeln!(console.stdout, "{key}")?;
    let until = match made.get("expires_at").and_then(Value::as_str) {
        Some(end) => format!("in force until {end}"),
        None => "in force until it is revoked".to_owned(),
    };
    writeln!(
        console.stderr,
        "{}, role {}, {until}: keep it, it is not shown again",
        named(made),
        text(made, "role")
    )?;
    if let Some(old) = made.get("replaces") {
        writeln!(console.stderr, "{} is in force until {}", named(old), text(old, "expires_at"))?;
    }
    Ok(Exit::Fine)
}

fn named(key: &Value) -> String {
    format!("key {} ({})", text(key, "name"), text(key, "id"))
}

fn text<'a>(key: &'a Value, field: &str) -> &'a str {
    key.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn path_of(id: &str) -> String {
    format!("/v1/keys/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}
