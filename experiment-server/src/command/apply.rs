//! `experiment apply`: definitions from files, created or brought up to date.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use experiment_core::definition::{Experiment, LifecycleStep, read_document};
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
  # from a pipe
  cat winback.yaml | experiment apply -";

/// Create experiments from definition files, or bring them up to date
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Definitions in YAML or JSON, one experiment a file; `-` reads stdin
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

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    // All files are read before the first is applied: one bad file changes nothing.
    let mut experiments = Vec::new();
    for file in &args.files {
        experiments.push(read(file, console).with_context(|| format!("{} is not applied", file.display()))?);
    }
    let place = match &args.data {
        Some(data) => Place::of_folder(data)?,
        None => Place::of_url(&args.url),
    };
    match place {
        Place::Live(client) => {
            for (document, experiment) in &experiments {
                let line = apply_over_http(&client, document, &experiment.key, args.start)?;
                writeln!(console.stdout, "{line}")?;
            }
        }
        Place::Opened(store) => {
            for (_, experiment) in experiments {
                let line = apply_to_store(&store, experiment, args.start)?;
                writeln!(console.stdout, "{line}")?;
            }
            store.shutdown()?;
        }
    }
    Ok(Exit::Fine)
}

fn read(file: &Path, console: &mut Console<'_>) -> anyhow::Result<(Value, Experiment)> {
    let mut text = String::new();
    if file == Path::new("-") {
        console.stdin.read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.read_to_string(&mut text)?;
    }
    let document = read_document(&text)?;
    let experiment = Experiment::parse(document.clone())?;
    Ok((document, experiment))
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
    let done = match defined.change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Unchanged => "unchanged",
    };
    Ok(line(&key, done, u64::from(defined.version), start))
}

fn line(key: &str, done: &str, version: u64, started: bool) -> String {
    let started = if started { ", running" } else { "" };
    format!("{key}: {done}, version {version}{started}")
}
