//! `experiment apply`: definitions and the catalog from files, created or brought up to date.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use experiment_core::definition::{Catalog, Experiment, LifecycleStep, read_document};
use serde_json::Value;

use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::store::{Change, Expected, Store};

const EXAMPLES: &str = "\
Examples:
  # to the server on this machine
  experiment apply winback.yaml
  # and let customers in
  experiment apply winback.yaml tier.yaml --start
  # to a folder: through the server that holds it, or directly when none does
  experiment apply winback.yaml --data ./data
  # segments, layers and groups, and an experiment that names them, in any order
  experiment apply catalog.yaml winback.yaml
  # from a pipe
  cat winback.yaml | experiment apply -";

/// Create experiments and the catalog from files, or bring them up to date
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Definitions in YAML or JSON, one experiment or the catalog (segments, layers, groups) a file; `-` reads
    /// stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Also start them
    #[arg(long)]
    start: bool,
    /// The folder to write to, instead of a server's address
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    /// The server to write to
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8016")]
    url: String,
}

/// What a file holds.
enum Content {
    Experiment(Value, Box<Experiment>),
    /// Read when it is applied: the groups it leaves out are where it goes.
    Catalog(Value),
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    // All files are read before the first is applied: one bad file changes nothing.
    let mut contents = Vec::new();
    for file in &args.files {
        contents.push(read(file, console).with_context(|| format!("{} is not applied", file.display()))?);
    }
    // Experiments name what the catalog has.
    contents.sort_by_key(|content| matches!(content, Content::Experiment(..)));
    let place = match &args.data {
        Some(data) => Place::of_folder(data)?,
        None => Place::of_url(&args.url),
    };
    for content in contents {
        let line = match (&place, content) {
            (Place::Live(client), Content::Experiment(document, experiment)) => {
                apply_over_http(client, &document, &experiment.key, args.start)?
            }
            (Place::Live(client), Content::Catalog(document)) => share_over_http(client, &document)?,
            (Place::Opened(store), Content::Experiment(_, experiment)) => {
                apply_to_store(store, *experiment, args.start)?
            }
            (Place::Opened(store), Content::Catalog(document)) => share_in_store(store, document)?,
        };
        writeln!(console.stdout, "{line}")?;
    }
    if let Place::Opened(store) = place {
        store.shutdown()?;
    }
    Ok(Exit::Fine)
}

fn read(file: &Path, console: &mut Console<'_>) -> anyhow::Result<Content> {
    let mut text = String::new();
    if file == Path::new("-") {
        console.stdin.read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.read_to_string(&mut text)?;
    }
    let document = read_document(&text)?;
    if Catalog::is_one(&document) {
        return Ok(Content::Catalog(document));
    }
    let experiment = Experiment::parse(document.clone())?;
    Ok(Content::Experiment(document, Box::new(experiment)))
}

fn share_over_http(client: &Client, document: &Value) -> anyhow::Result<String> {
    let current = client.get("/v1/catalog")?.success()?;
    let Some(etag) = current.etag else { bail!("the server gave no ETag for the catalog") };
    let body = document.to_string().into_bytes();
    let answer = client.put("/v1/catalog", &etag, &body)?.success();
    let answer = answer.context("the catalog is not applied")?;
    let version = |body: &Value| body.get("version").and_then(Value::as_u64).unwrap_or(0);
    let (before, after) = (version(&current.body), version(&answer.body));
    let done = match before {
        _ if before == after => "unchanged",
        0 => "created",
        _ => "updated",
    };
    Ok(line("catalog", done, after, false))
}

fn share_in_store(store: &Store, document: Value) -> anyhow::Result<String> {
    let present = store.catalog();
    let catalog = Catalog::parse_with_groups(document, &present.shared().catalog.groups);
    let defined = catalog
        .map_err(anyhow::Error::from)
        .and_then(|catalog| Ok(store.share(catalog, Expected::Any).wait()?));
    let defined = defined.context("the catalog is not applied")?;
    Ok(line("catalog", word(defined.change), u64::from(defined.version), false))
}

fn apply_over_http(client: &Client, document: &Value, key: &str, start: bool) -> anyhow::Result<String> {
    let body = document.to_string().into_bytes();
    let mut answer = client.post("/v1/experiments", "application/json", &body)?;
    let mut done = if answer.status == 201 { "created" } else { "unchanged" };
    if answer.status == 409 {
        let path = format!("/v1/experiments/{key}");
        let current = client.get(&path)?.success()?;
        let Some(etag) = current.etag else { bail!("the server gave no ETag for {key}") };
        answer = client.put(&path, &etag, &body)?;
        done = "updated";
    }
    let answer = answer.success().with_context(|| format!("{key} is not applied"))?;
    let version = answer.body.get("version").and_then(Value::as_u64).unwrap_or(1);
    if start {
        let path = format!("/v1/experiments/{key}/start");
        client
            .post(&path, "application/json", b"")?
            .success()
            .with_context(|| format!("{key} is not started"))?;
    }
    Ok(line(key, done, version, start))
}

fn apply_to_store(store: &Store, experiment: Experiment, start: bool) -> anyhow::Result<String> {
    let key = experiment.key.clone();
    let defined =
        store.define(experiment, Expected::Any).wait().with_context(|| format!("{key} is not applied"))?;
    if start {
        store.step(&key, LifecycleStep::Start).wait().with_context(|| format!("{key} is not started"))?;
    }
    Ok(line(&key, word(defined.change), u64::from(defined.version), start))
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Unchanged => "unchanged",
    }
}

fn line(key: &str, done: &str, version: u64, started: bool) -> String {
    let started = if started { ", running" } else { "" };
    format!("{key}: {done}, version {version}{started}")
}
