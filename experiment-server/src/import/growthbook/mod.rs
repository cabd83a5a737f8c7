//! From a GrowthBook SDK payload to definitions.
//!
//! Each rule that has variations becomes an experiment with GrowthBook's own hash. Rules of a feature are
//! tried in order, so a rule only sees whom those before it leave: that is said in the audience or as a
//! filter where it can be, and where it cannot the rule is not imported. What differs for nobody's arm but
//! must be known (the attribute that is hashed, sticky buckets, changed keys) is listed, and the experiment
//! is there.
//!
//! # References
//! GrowthBook (2024), "Build Your Own SDK", <https://docs.growthbook.io/lib/build-your-own>, and the order of
//! decisions of its SDK for JavaScript.

mod condition;
mod definition;
mod draw;
mod importer;
mod keys;
mod parent;
mod payload;
mod rule;
mod saved_groups;

pub use payload::PayloadError;

use experiment_core::assignment::compat::growthbook::Units;
use serde_json::{Map, Value, json};

use importer::Importer;
use payload::Payload;

/// What became of a payload.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Imported {
    /// Definitions, each of which [`Experiment::parse`](experiment_core::definition::Experiment::parse) takes.
    pub experiments: Vec<Value>,
    /// What they share, as [`Catalog::parse`](experiment_core::definition::Catalog::parse) takes it; an empty
    /// object where they share nothing.
    pub catalog: Value,
    /// All that has no counterpart, or not quite.
    pub not_imported: Vec<NotImported>,
}

/// Something that has no counterpart here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct NotImported {
    /// Its path in the payload.
    #[serde(rename = "where")]
    pub place: String,
    /// Why, and what to do about it.
    pub why: String,
}

/// Translates a payload; `units` says which SDKs drew the arms so far, which differ for ids beyond ASCII.
///
/// # Errors
/// [`PayloadError`] when it is none, or is encrypted.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::growthbook::Units;
/// use experiment_server::import::growthbook::import;
/// use serde_json::json;
///
/// let rule = json!({"variations": ["blue", "green"], "weights": [0.5, 0.5], "hashVersion": 2});
/// let payload = json!({"features": {"button": {"defaultValue": "blue", "rules": [rule]}}});
/// let imported = import(&payload, Units::Utf16).unwrap();
/// assert_eq!(imported.experiments[0]["hash"]["seed"], "button");
/// ```
pub fn import(payload: &Value, units: Units) -> Result<Imported, PayloadError> {
    let payload = Payload::read(payload)?;
    let mut importer = Importer::new(&payload, units);
    importer.run();
    let (experiments, groups, mut not_imported) = importer.finish();
    not_imported.extend(payload.not_read());
    let catalog = if groups.is_empty() { Value::Object(Map::new()) } else { json!({"groups": groups}) };
    Ok(Imported { experiments, catalog, not_imported })
}

/// The path of a member.
fn member(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (plain, path.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}
