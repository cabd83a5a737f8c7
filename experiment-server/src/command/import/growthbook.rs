//! `experiment import growthbook`: definitions from what another system stores.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use experiment_core::assignment::compat::growthbook as hashes;
use experiment_core::definition::read_document;
use experiment_core::json::DistinctKeys;
use serde::Serialize;
use serde::de::DeserializeSeed;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::super::{Console, Exit};
use crate::import::growthbook::{self, Imported};

/// Largest payload in bytes; saved groups may hold many customers' ids.
const MAX_PAYLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// The file of what the experiments share.
const CATALOG: &str = "catalog.yaml";
/// Fields of a definition in the order that a reader looks for them; the others follow.
const ORDER: &[&str] = &["key", "traffic", "audience", "requires", "hash", "variants"];

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
        if files.insert(name.clone(), text(definition)?).is_some() {
            bail!("two experiments would be in {name}");
        }
    }
    let shared = imported.catalog.as_object().is_some_and(|catalog| !catalog.is_empty());
    if shared {
        files.insert(CATALOG.to_owned(), text(&imported.catalog)?);
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

/// As YAML, for people who go on writing; as JSON, which is YAML too, where that would not be read back the same.
fn text(document: &Value) -> anyhow::Result<String> {
    let yaml = serde_saphyr::to_string(&Ordered(document))?;
    let is_same = read_document(&yaml).is_ok_and(|read| read == *document);
    Ok(if is_same { yaml } else { format!("{document:#}\n") })
}

/// A document with its outermost fields in the order of reading.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = self.0 else { return self.0.serialize(serializer) };
        let first = ORDER.iter().filter_map(|name| fields.get_key_value(*name));
        let others = fields.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in first.chain(others) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
