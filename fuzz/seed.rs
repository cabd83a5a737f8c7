//! Fills the corpora from the project's own data: `cargo run --release --bin seed`.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use experiment_core::time::Timestamp;
use experiment_server::store::{ExportFormat, Store, Stored};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::{Value, json};
use tempfile::TempDir;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = here.join("../tests/data");
    let cases: Value = serde_json::from_str(&fs::read_to_string(data.join("growthbook_cases.json"))?)?;
    let conditions = cases["evalCondition"].as_array().ok_or("no cases of conditions")?;
    let condition = |case: &Value| json!([case[1], case[2], case[4]]).to_string();
    write(&here.join("corpus/condition"), conditions.iter().map(condition))?;

    let mut definitions = documents(&data.join("definition"))?;
    definitions.extend(documents(&here.join("../examples"))?);
    definitions.extend(documents(&here.join("seeds"))?);
    let audience = |case: &Value| {
        let experiment =
            json!({"key": "k", "audience": case[1], "variants": [{"key": "a"}, {"key": "b", "weight": 0.5}]});
        json!({"experiment": experiment, "catalog": {"groups": case[4], "segments": {"s": case[1]}}})
            .to_string()
    };
    definitions.extend(conditions.iter().map(audience));
    write(&here.join("corpus/definition"), definitions.into_iter())?;

    let lines = fs::read_to_string(here.join("seeds/export.ndjson"))?;
    write(&here.join("corpus/import"), lines.lines().map(str::to_owned))?;

    let bodies =
        |bodies: &[&str]| bodies.iter().map(|body| (*body).to_owned()).collect::<Vec<_>>().into_iter();
    let assign = r#"{"experiment": "winback", "customer": {"id": "c-1", "attributes": {"plan": "pro"}}, "record": true}"#;
    write(
        &here.join("corpus/assign_body"),
        bodies(&[assign, r#"{"experiments": ["winback"], "customer": {"id": "c"}}"#]),
    )?;
    write(
        &here.join("corpus/flag_body"),
        bodies(&[r#"{"context": {"targetingKey": "c-1", "plan": "pro"}}"#]),
    )?;
    let fact =
        r#"{"id": "1", "customer": "c", "event": "order", "value": 12.5, "at": "2026-03-01T00:00:00Z"}"#;
    let shown = r#"{"events": [{"customer": "c", "experiment": "winback", "variant": "control", "attributes": {"plan": "pro"}}]}"#;
    write(&here.join("corpus/facts_body"), bodies(&[fact, shown]))?;
    let facts = [fact, shown].join("\n");
    let mut gzip = GzEncoder::new(facts.as_bytes(), Compression::fast());
    let mut packed = vec![zstd::encode_all(facts.as_bytes(), 1)?, Vec::new()];
    gzip.read_to_end(&mut packed[1])?;
    write(&here.join("corpus/compressed_body"), packed.into_iter())?;
    let plan = r#"{"metric": "proportion", "baseline": 0.2, "effect": {"absolute": 0.02}, "power": 0.8, "alpha": 0.05, "sides": 2}"#;
    write(&here.join("corpus/plan_body"), bodies(&[plan]))?;
    let change = r#"{"key": "winback", "variants": [{"key": "a"}, {"key": "b"}], "variant": "b", "force": true, "overlap": "24h"}"#;
    write(&here.join("corpus/change_body"), bodies(&[change]))?;

    let mut files = vec![lines];
    let (mut records, mut stored) = (Vec::new(), Vec::new());
    for fixture in fs::read_dir(data.join("format"))? {
        let fixture = fixture?.path();
        if fixture.is_dir() {
            let folder = unpacked(&fixture)?;
            rows(folder.path(), &mut records, &mut stored)?;
            exports(folder.path(), &mut files)?;
        }
    }
    write(&here.join("corpus/record"), records.into_iter())?;
    write(&here.join("corpus/stored"), stored.into_iter())?;
    write(&here.join("corpus/import_file"), files.into_iter())
}

/// The files of a store that a version wrote.
fn unpacked(fixture: &Path) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for file in ["log.redb", "state.redb"] {
        let mut packed = GzDecoder::new(File::open(fixture.join(format!("{file}.gz")))?);
        io::copy(&mut packed, &mut File::create(folder.path().join(file))?)?;
    }
    Ok(folder)
}

/// Most rows of a table that are taken.
const ROWS: usize = 100;

/// What stands in the two files: records, and everything else after the number of its place.
fn rows(folder: &Path, records: &mut Vec<Vec<u8>>, stored: &mut Vec<Vec<u8>>) -> Result<(), Box<dyn Error>> {
    let mut put = |place: Stored, bytes: &[u8]| {
        let place = Stored::ALL.iter().position(|known| *known == place).unwrap_or_default() as u8;
        stored.push([&[place], bytes].concat());
    };
    let log = Database::open(folder.join("log.redb"))?;
    let log = log.begin_read()?;
    for row in log.open_table(TableDefinition::<u64, &[u8]>::new("facts"))?.iter()? {
        records.push(row?.1.value().to_vec());
    }
    let meta = log.open_table(META)?;
    for (row, place) in [("identity", Stored::Identity), ("audit_tail", Stored::AuditTail)] {
        if let Some(row) = meta.get(row)? {
            put(place, row.value());
        }
    }
    if let Ok(audit) = log.open_table(TableDefinition::<u64, &[u8]>::new("audit")) {
        for row in audit.iter()? {
            put(Stored::AuditEntry, row?.1.value());
        }
        put(Stored::Erasure, &[7; 32]);
    }
    if let Ok(keys) = log.open_table(TableDefinition::<u64, &[u8]>::new("keys")) {
        for row in keys.iter()? {
            put(Stored::Key, row?.1.value());
        }
    }

    let state = Database::open(folder.join("state.redb"))?;
    let state = state.begin_read()?;
    let meta = state.open_table(META)?;
    for (row, place) in [("position", Stored::Position), ("walk", Stored::Walk)] {
        if let Some(row) = meta.get(row)? {
            put(place, row.value());
        }
    }
    for row in state.open_table(TableDefinition::<&[u8], &[u8]>::new("customers"))?.iter()?.take(ROWS) {
        put(Stored::Row, row?.1.value());
    }
    for (table, key) in [("aggregates", Stored::SumsKey), ("deltas", Stored::DailySumsKey)] {
        for row in
            state.open_table(TableDefinition::<&[u8], &[u8]>::new(table))?.iter()?.step_by(7).take(ROWS)
        {
            let row = row?;
            put(key, row.0.value());
            put(Stored::Sums, row.1.value());
        }
    }
    for (table, key) in [("counts", Stored::CountKey), ("count_deltas", Stored::DailyCountKey)] {
        for row in state.open_table(TableDefinition::<&[u8], i64>::new(table))?.iter()?.take(ROWS) {
            put(key, row?.0.value());
        }
    }
    Ok(())
}

/// What a store exports of each of its experiments.
fn exports(folder: &Path, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let store = Store::open(folder, Arc::new(|| Timestamp(0)))?;
    let keys: Vec<String> = store.catalog().iter().map(|entry| entry.key.clone()).collect();
    for key in keys {
        let mut file = Vec::new();
        store.export(Some(&key), ExportFormat::Ndjson, &mut file, &mut |_, _| ())?;
        files.push(String::from_utf8(file)?);
    }
    Ok(())
}

/// All that is YAML or JSON in a folder.
fn documents(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|it| it == "yaml" || it == "json"));
    files.sort();
    Ok(files.iter().map(fs::read_to_string).collect::<Result<_, _>>()?)
}

fn write(folder: &Path, texts: impl Iterator<Item = impl AsRef<[u8]>>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (index, text) in texts.enumerate() {
        fs::write(folder.join(format!("seed-{index:04}")), text)?;
    }
    Ok(())
}
