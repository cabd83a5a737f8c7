//! `experiment import growthbook`: definitions from what another system stores.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use experiment_core::assignment::compat::growthbook as hashes;
use experiment_core::json::DistinctKeys;
use serde::de::DeserializeSeed;
use serde_json::Value;

use super::super::{Console, Exit};
use crate::import::growthbook::{self, Imported};
use crate::output::yaml;

/// Largest payload in bytes; saved groups may hold many customers' ids.
const MAX_PAYLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// The file of what the experiments share.
const CATALOG: &str = "catalog.yaml";

const EXAMPLES: &str = "\
Examples:
  # see what would come of it: one JSON document on stdout
  experiment import growthbook payload.json
  # a file an experiment, to complete with metrics and a plan, and then to apply
  experiment import growthbook payload.json --out definitions
  # the arms were drawn by an SDK that hashes bytes of UTF-8, such as those for Go, Python or Rust
  experiment import growthbook payload.json --units bytes
  # straight from the API that the SDKs read
  curl -s https://cdn.growthbook.io/api/features/sdk-abc123 | experiment import growthbook -

What the SDKs decide by names and phases is nothing, so those are left out; all else that has no counterpart
is listed with its place and the reason.";

/// Read a GrowthBook SDK payload, or its object of features
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The payload in JSON; `-` reads stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder for a file an experiment; without it all goes to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long, requires = "out")]
    force: bool,
    /// What the SDKs so far hashed of an id; it matters beyond ASCII
    #[arg(long, value_enum, default_value_t = Units::Js)]
    units: Units,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Units {
    /// UTF-16 code units: JavaScript, Java, Kotlin, C#, Dart
    Js,
    /// Bytes of UTF-8: Go, Python, Ruby, PHP, Rust, Elixir
    Bytes,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let units = match args.units {
        Units::Js => hashes::Units::Utf16,
        Units::Bytes => hashes::Units::Utf8,
    };
    let imported = read(&args.file, console)
        .and_then(|payload| Ok(growthbook::import(&payload, units)?))
        .with_context(|| format!("{} is not imported", args.file.display()))?;
    match &args.out {
        Some(folder) => write(&imported, folder, args.force, console)?,
        None => {
            serde_json::to_writer_pretty(&mut *console.stdout, &imported)?;
            writeln!(console.stdout)?;
        }
    }
    Ok(Exit::Fine)
}

fn read(file: &Path, console: &mut Console<'_>) -> anyhow::Result<Value> {
    let mut text = String::new();
    let bounded =
        |reader: &mut dyn Read, text: &mut String| reader.take(MAX_PAYLOAD_BYTES + 1).read_to_string(text);
    if file == Path::new("-") {
        bounded(console.stdin, &mut text)?;
    } else {
        bounded(&mut std::fs::File::open(file)?, &mut text)?;
    }
    if text.len() as u64 > MAX_PAYLOAD_BYTES {
        bail!("it has more than {MAX_PAYLOAD_BYTES} bytes");
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut json = serde_json::Deserializer::from_str(text);
    let payload = DistinctKeys::default().deserialize(&mut json)?;
    json.end()?;
    Ok(payload)
}

/// All files or, where one is in the way, none.
fn write(imported: &Imported, folder: &Path, force: bool, console: &mut Console<'_>) -> anyhow::Result<()> {
    let mut files = BTreeMap::new();
    for definition in &imported.experiments {
        let key = definition["key"].as_str().unwrap_or_default();
        let name =
            if key == "catalog" { "catalog.experiment.yaml".to_owned() } else { format!("{key}.yaml") };
        if files.insert(name.clone(), yaml(definition)).is_some() {
            bail!("two experiments would be in {name}");
        }
    }
    let shared = imported.catalog.as_object().is_some_and(|catalog| !catalog.is_empty());
    if shared {
        files.insert(CATALOG.to_owned(), yaml(&imported.catalog));
    }
    let there: Vec<&str> =
        files.keys().map(String::as_str).filter(|name| folder.join(name).exists()).collect();
    if !there.is_empty() && !force {
        bail!("{} has {} already; --force overwrites", folder.display(), there.join(", "));
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, text) in &files {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        writeln!(console.stdout, "{}", path.display())?;
    }
    let (experiments, listed) = (imported.experiments.len(), imported.not_imported.len());
    writeln!(console.stdout, "{experiments} imported, {listed} without a counterpart")?;
    for entry in &imported.not_imported {
        writeln!(console.stdout, "  {}: {}", entry.place, entry.why)?;
    }
    Ok(())
}
