//! Fills the corpora from the project's own data: `cargo run --release --bin seed`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

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
    write(&here.join("corpus/import"), lines.lines().map(str::to_owned))
}

/// All that is YAML or JSON in a folder.
fn documents(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|it| it == "yaml" || it == "json"));
    files.sort();
    Ok(files.iter().map(fs::read_to_string).collect::<Result<_, _>>()?)
}

fn write(folder: &Path, texts: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (index, text) in texts.enumerate() {
        fs::write(folder.join(format!("seed-{index:04}")), text)?;
    }
    Ok(())
}
