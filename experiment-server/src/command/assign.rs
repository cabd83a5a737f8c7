//! `experiment assign`: who would get what, and why.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use experiment_core::assignment::{CompiledExperiment, Customer, Memory, NoMemory, Snapshot, explain};
use experiment_core::definition::{Catalog, Experiment, Status, check_customer_id, read_document};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::format::Format;
use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::output::printable;
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  # what a customer would get of all that runs on the server of this machine; nothing is recorded
  experiment assign --customer c-42 --attributes '{\"plan\": \"basic\"}'
  # why, step by step, and what would change the answer
  experiment assign --experiment winback_2026 --customer c-42 --explain
  # with definition files alone, as if they ran: no server needed
  experiment assign --file winback.yaml --file catalog.yaml --customer c-42 --customer c-43 --explain";

/// Say which variants customers get, and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Whom; may be repeated
    #[arg(long = "customer", required = true, value_name = "ID")]
    customers: Vec<String>,
    /// Of which experiment; may be repeated; all that run if left out
    #[arg(long = "experiment", value_name = "KEY")]
    experiments: Vec<String>,
    /// What is known of the customers, for audiences: a JSON object
    #[arg(long, value_name = "JSON")]
    attributes: Option<String>,
    /// Each step of the decision in words, and what would change it
    #[arg(long)]
    explain: bool,
    /// Record the exposures, as an app's call does; needs a server
    #[arg(long, conflicts_with_all = ["files", "data", "explain"])]
    record: bool,
    /// Definitions (and the catalog) to assign from, as if they ran; may be repeated
    #[arg(long = "file", value_name = "FILE", conflicts_with_all = ["data", "url"])]
    files: Vec<PathBuf>,
    /// The folder to read, instead of a server's address
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    /// The server to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8016")]
    url: String,
    /// How the answer is printed; the CSV leaves out the steps
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// One decision.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    #[serde(default)]
    customer: String,
    experiment: String,
    variant: Option<String>,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exposure: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<AnsweredStep>,
}

#[derive(Debug, Serialize, Deserialize)]
struct AnsweredStep {
    step: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    limits: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    for id in &args.customers {
        check_customer_id(id).map_err(|error| {
            anyhow::anyhow!("--customer: {:?} {error}; mend: use 1 to 256 bytes", printable(id))
        })?;
    }
    let attributes = args.attributes.as_deref().map(read_attributes).transpose()?;
    let answers = match (&args.data, args.files.as_slice()) {
        (None, []) => {
            ask(&Client::new(&args.url, super::place::admin_key(), None), &args, attributes.as_ref())
        }
        (None, files) => {
            let snapshot = snapshot_of(files)?;
            decide_all(&snapshot, &args, attributes.as_ref(), |_| NoMemory, |_| Ok(()))
        }
        (Some(data), _) => match Place::of_existing_folder(data)? {
            Place::Live(client) => ask(&client, &args, attributes.as_ref()),
            Place::Opened(store) => {
                let answers = decide_in(&store, &args, attributes.as_ref());
                store.shutdown()?;
                answers
            }
        },
    }?;
    print(&answers, args.format, console)?;
    Ok(Exit::Fine)
}

fn read_attributes(text: &str) -> anyhow::Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(attributes)) => Ok(attributes),
        Ok(_) => bail!("--attributes: it is no object; mend: write {{\"plan\": \"basic\"}}"),
        Err(error) => bail!("--attributes: it is no JSON: {error}; mend: write {{\"plan\": \"basic\"}}"),
    }
}

/// The definitions of files, as if they ran.
fn snapshot_of(files: &[PathBuf]) -> anyhow::Result<Snapshot> {
    let (mut experiments, mut catalog) = (Vec::new(), Catalog::default());
    for file in files {
        let of_file = || format!("{} cannot be used", file.display());
        let document = std::fs::read_to_string(file).map_err(anyhow::Error::from);
        let document = document.and_then(|text| Ok(read_document(&text)?)).with_context(of_file)?;
        if Catalog::is_one(&document) {
            catalog = Catalog::parse(document).with_context(of_file)?;
        } else {
            let experiment = Experiment::parse(document).with_context(of_file)?;
            experiments.push((Arc::new(experiment), Status::Running, 1, None));
        }
    }
    Ok(Snapshot::in_catalog(&experiments, &catalog)?)
}

fn decide_in(
    store: &Store,
    args: &Args,
    attributes: Option<&Map<String, Value>>,
) -> anyhow::Result<Vec<Answer>> {
    let catalog = store.catalog();
    decide_all(catalog.snapshot(), args, attributes, |id| store.memory_of(id), |memory| Ok(memory.check()?))
}

/// Decides for each customer and experiment; `remember` gives the memory of a customer, `check` says whether
/// it could be read.
fn decide_all<'a, M: Memory>(
    snapshot: &'a Snapshot,
    args: &'a Args,
    attributes: Option<&Map<String, Value>>,
    remember: impl Fn(&'a str) -> M,
    check: impl Fn(&M) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Answer>> {
    let chosen: Vec<&CompiledExperiment> = match args.experiments.as_slice() {
        [] => snapshot.running().collect(),
        keys => keys.iter().map(|key| find(snapshot, key)).collect::<anyhow::Result<_>>()?,
    };
    let mut answers = Vec::new();
    for id in &args.customers {
        let memory = remember(id);
        let mut customer = Customer::new(id);
        customer.attributes = attributes;
        for experiment in &chosen {
            answers.push(answer(experiment, customer, &memory, args.explain)?);
        }
        check(&memory)?;
    }
    Ok(answers)
}

fn find<'a>(snapshot: &'a Snapshot, key: &str) -> anyhow::Result<&'a CompiledExperiment> {
    snapshot.get(key).with_context(|| {
        let known: Vec<&str> = snapshot.iter().map(|known| known.experiment().key.as_str()).collect();
        format!("--experiment: there is no {:?}; mend: use one of {}", printable(key), known.join(", "))
    })
}

fn answer(
    experiment: &CompiledExperiment,
    customer: Customer<'_>,
    memory: &impl Memory,
    with_steps: bool,
) -> anyhow::Result<Answer> {
    let (decision, explanation) = explain(experiment, customer, memory);
    let variant = decision.variant().and_then(|index| experiment.experiment().variants.get(index));
    let steps = if with_steps { serde_json::from_value(json!(explanation.steps))? } else { Vec::new() };
    Ok(Answer {
        customer: customer.id.to_owned(),
        experiment: experiment.experiment().key.clone(),
        variant: variant.map(|variant| variant.key.clone()),
        reason: decision.reason().to_owned(),
        exposure: None,
        steps,
    })
}

/// Asks a server.
fn ask(client: &Client, args: &Args, attributes: Option<&Map<String, Value>>) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for id in &args.customers {
        let assigned = assigned(client, id, args, attributes)?;
        if !args.explain {
            answers.extend(assigned);
            continue;
        }
        for Answer { experiment, .. } in assigned {
            let path = format!(
                "/v1/experiments/{experiment}/customers/{}",
                utf8_percent_encode(id, NON_ALPHANUMERIC)
            );
            let query = attributes.map(|attributes| {
                let text = Value::Object(attributes.clone()).to_string();
                format!("?attributes={}", utf8_percent_encode(&text, NON_ALPHANUMERIC))
            });
            let path = format!("{path}{}", query.unwrap_or_default());
            answers.push(serde_json::from_value(client.get(&path)?.success()?.body)?);
        }
    }
    Ok(answers)
}

fn assigned(
    client: &Client,
    id: &str,
    args: &Args,
    attributes: Option<&Map<String, Value>>,
) -> anyhow::Result<Vec<Answer>> {
    let mut body = json!({"customer": {"id": id}, "record": args.record});
    if let Some(attributes) = attributes {
        body["customer"]["attributes"] = Value::Object(attributes.clone());
    }
    if !args.experiments.is_empty() {
        body["experiments"] = json!(args.experiments);
    }
    let answer = client.post("/v1/assign", "application/json", body.to_string().as_bytes())?.success()?;
    let list = answer.body.get("assignments").cloned().unwrap_or_default();
    let mut answers: Vec<Answer> = serde_json::from_value(list)?;
    answers.iter_mut().for_each(|answer| id.clone_into(&mut answer.customer));
    Ok(answers)
}

fn print(answers: &[Answer], format: Format, console: &mut Console<'_>) -> anyhow::Result<()> {
    let none = "-".to_owned();
    match format {
        Format::Json => writeln!(console.stdout, "{}", serde_json::to_string_pretty(answers)?)?,
        Format::Csv => {
            let mut out = csv::Writer::from_writer(&mut *console.stdout);
            out.write_record(["customer", "experiment", "variant", "reason"])?;
            for Answer { customer, experiment, variant, reason, .. } in answers {
                out.write_record([customer, experiment, variant.as_deref().unwrap_or_default(), reason])?;
            }
            out.flush()?;
        }
        Format::Table => {
            let width = |of: fn(&Answer) -> &str| answers.iter().map(|it| of(it).chars().count()).max();
            let customers = width(|answer| &answer.customer).unwrap_or(0);
            let experiments = width(|answer| &answer.experiment).unwrap_or(0);
            for answer in answers {
                let variant = answer.variant.as_ref().unwrap_or(&none);
                let exposure = answer.exposure.as_ref().map_or(String::new(), |it| format!(", {it}"));
                writeln!(
                    console.stdout,
                    "{:customers$}  {:experiments$}  {variant}  ({}{exposure})",
                    printable(&answer.customer),
                    answer.experiment,
                    answer.reason,
                )?;
                write_steps(&answer.steps, console)?;
            }
        }
    }
    Ok(())
}

fn write_steps(steps: &[AnsweredStep], console: &mut Console<'_>) -> anyhow::Result<()> {
    for AnsweredStep { step, detail, change, .. } in steps {
        writeln!(console.stdout, "  {step:10} {}", printable(detail))?;
        if let Some(change) = change {
            writeln!(console.stdout, "  {:10} would change it: {}", "", printable(change))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn files_are_assigned_from_as_if_they_ran() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = [
            write("w.yaml", "{key: w, audience: {segment: new}, variants: [{key: a}, {key: b}]}"),
            write("c.yaml", "{segments: {new: {orders: 0}}}"),
        ];
        let snapshot = snapshot_of(&files).unwrap();
        assert!(snapshot.get("w").is_some());
        assert!(snapshot_of(&files[..1]).unwrap_err().to_string().contains("there is no segment"));
        assert!(snapshot_of(&[Path::new("nowhere").to_owned()]).is_err());
    }
}
