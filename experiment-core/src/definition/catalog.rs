//! What experiments share: segments, layers, saved groups; one document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::InvalidDefinition;
use super::audience;
use super::experiment::MAX_SALT_BYTES;
use super::name;
use super::reader::{Field, Problems};
use super::unsupported;
use crate::condition::{Groups, Scope};

/// Most segments.
pub const MAX_SEGMENTS: usize = 1_000;
/// Most layers.
pub const MAX_LAYERS: usize = 1_000;
/// Most groups.
pub const MAX_GROUPS: usize = 1_000;
/// Most values of one group.
pub const MAX_GROUP_VALUES: usize = 100_000;

/// The shared part of all definitions. Made only by parsing, so whoever holds one may rely on it.
///
/// Groups may hold customers' ids, so they are no part of a version: they stand beside
/// [`Catalog::document`], as override lists do.
///
/// # Examples
/// ```
/// use experiment_core::definition::{Catalog, read_document};
///
/// let document = read_document("segments: {at_risk: {days_since_order: {$gt: 60}}}").unwrap();
/// let catalog = Catalog::parse(document).unwrap();
/// assert!(catalog.scope().segment_names().eq(["at_risk"]));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Catalog {
    /// Segments by name: their conditions, as written.
    pub segments: BTreeMap<String, Value>,
    /// Layers by key. Where none is listed, any experiment may name any.
    pub layers: BTreeMap<String, Layer>,
    /// Saved groups by name.
    pub groups: BTreeMap<String, Vec<Value>>,
    /// Whether the document has groups, be they none; one without leaves those there are alone.
    pub states_groups: bool,
    /// The document as written, as JSON, without the groups: what a version stores and hashes.
    pub document: Value,
    scope: Scope,
}

/// A layer as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What the hash is salted with; the layer's key unless said otherwise.
    pub salt: String,
}

/// Nothing is shared.
impl Default for Catalog {
    fn default() -> Catalog {
        Catalog {
            segments: BTreeMap::new(),
            layers: BTreeMap::new(),
            groups: BTreeMap::new(),
            states_groups: false,
            document: Value::Object(Map::new()),
            scope: Scope::default(),
        }
    }
}

impl Catalog {
    /// Reads a catalog from a document and checks all of it.
    ///
    /// # Errors
    /// [`InvalidDefinition`] with every problem, each with its path and its mend. A group that a segment
    /// names must be in the same document.
    pub fn parse(document: Value) -> Result<Catalog, InvalidDefinition> {
        Catalog::parse_with_groups(document, &BTreeMap::new())
    }

    /// As [`Catalog::parse`]; `groups` are those there are, for a document that states none.
    ///
    /// # Errors
    /// Likewise.
    pub fn parse_with_groups(
        mut document: Value,
        groups: &BTreeMap<String, Vec<Value>>,
    ) -> Result<Catalog, InvalidDefinition> {
        document.sort_all_objects();
        let problems = Problems::default();
        let parsed = catalog(&Field::root(&document, &problems), groups);
        match parsed {
            Some(mut catalog) if problems.is_empty() => {
                if let Value::Object(fields) = &mut document {
                    catalog.states_groups = fields.remove("groups").is_some_and(|groups| !groups.is_null());
                }
                catalog.document = document;
                Ok(catalog)
            }
            _ => Err(InvalidDefinition { problems: problems.into_vec() }),
        }
    }

    /// Whether a document looks like a catalog rather than an experiment.
    #[must_use]
    pub fn is_one(document: &Value) -> bool {
        let has = |names: &[&str]| names.iter().any(|name| document.get(name).is_some());
        has(&["segments", "layers", "holdouts", "groups"]) && !has(&["key", "variants"])
    }

    /// Groups and segments, for conditions.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What a layer's hash is salted with; the key of one that is not listed.
    #[must_use]
    pub fn layer_salt<'a>(&'a self, layer: &'a str) -> &'a str {
        self.layers.get(layer).map_or(layer, |layer| &layer.salt)
    }

    /// The document with the groups: what [`Catalog::parse`] makes this catalog of.
    #[must_use]
    pub fn document_with_groups(&self) -> Value {
        let mut document = self.document.clone();
        if let Value::Object(fields) = &mut document
            && !self.groups.is_empty()
        {
            let groups =
                self.groups.iter().map(|(name, values)| (name.clone(), Value::from(values.as_slice())));
            fields.insert("groups".to_owned(), groups.collect());
        }
        document
    }

    /// XXH3-64 of [`Catalog::document`] as compact JSON with sorted keys.
    #[must_use]
    pub fn version_hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.document.to_string().as_bytes())
    }
}

fn catalog(field: &Field<'_>, present: &BTreeMap<String, Vec<Value>>) -> Option<Catalog> {
    field.object(unsupported::CATALOG_FIELDS, |fields| {
        let groups = fields.optional("groups", groups);
        let layers = fields.or("layers", BTreeMap::new(), layers);
        let Some(groups) = groups else {
            // Without sound groups nothing sound can be said of segments.
            fields.optional("segments", |_| Some(()));
            return None;
        };
        let groups = groups.unwrap_or_else(|| present.clone());
        let mut scope = Scope::new(
            groups.iter().map(|(name, values)| (name.as_str(), values.clone())).collect::<Groups>(),
        );
        let segments = fields.or("segments", BTreeMap::new(), |field| segments(field, &mut scope));
        Some(Catalog {
            segments: segments?,
            layers: layers?,
            groups,
            states_groups: false,
            document: Value::Null,
            scope,
        })
    })
}

fn groups(field: &Field<'_>) -> Option<BTreeMap<String, Vec<Value>>> {
    named(field, MAX_GROUPS, |_, list| {
        list.list(MAX_GROUP_VALUES, |item| match item.value() {
            Value::Array(_) | Value::Object(_) => {
                item.problem("a list or an object is never equal to another", "list texts or numbers")
            }
            value => Some(value.clone()),
        })
    })
}

fn layers(field: &Field<'_>) -> Option<BTreeMap<String, Layer>> {
    named(field, MAX_LAYERS, |key, layer| {
        let salt = match layer.value() {
            // `winback:` alone.
            Value::Null => None,
            _ => layer
                .object(&[], |fields| fields.optional("salt", |salt| name::text(salt, MAX_SALT_BYTES)))?,
        };
        Some(Layer { salt: salt.unwrap_or_else(|| key.to_owned()) })
    })
}

fn segments(field: &Field<'_>, scope: &mut Scope) -> Option<BTreeMap<String, Value>> {
    named(field, MAX_SEGMENTS, |key, segment| match scope.define_segment(key, segment.value()) {
        Ok(()) => Some(segment.value().clone()),
        Err(problems) => {
            problems.into_iter().for_each(|problem| segment.note(audience::at(segment.path(), problem)));
            None
        }
    })
}

/// An object whose names are keys.
fn named<T>(
    field: &Field<'_>,
    most: usize,
    mut parse: impl FnMut(&str, &Field<'_>) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let entries = field.entries()?;
    if entries.len() > most {
        let detail = format!("{} entries are too many", entries.len());
        return field.problem(detail, format!("keep to at most {most}"));
    }
    let mut sound = true;
    let mut read = BTreeMap::new();
    for (key, value) in entries {
        let parsed = match name::check_key(key) {
            Ok(()) => parse(key, &value),
            Err(error) => value.problem(format!("its name {error}"), "use 1 to 128 of A-Z a-z 0-9 . _ -"),
        };
        sound &= parsed.is_some();
        read.extend(parsed.map(|parsed| (key.to_owned(), parsed)));
    }
    sound.then_some(read)
}
