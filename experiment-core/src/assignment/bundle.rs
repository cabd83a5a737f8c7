//! Everything that assigning needs, as one document: for services that assign in their own process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CompileError, CompiledExperiment, Placement, Snapshot};
use crate::definition::{Catalog, Experiment, InvalidDefinition, Status};
#[cfg(feature = "openapi")]
use crate::openapi::{catalog_reference, definition_reference};
use crate::time::Timestamp;

/// The form of bundles that this library writes and reads.
pub const BUNDLE_FORMAT: u32 = 1;

/// Experiments and what they share, as far as assigning needs them. Whoever compiles the same bundle gets the
/// same decisions as whoever made it, to the bit.
///
/// It holds override lists and saved groups, without which some customers would get something else: where
/// those name people, it is personal data.
///
/// # Examples
/// ```
/// use experiment_core::assignment::{Bundle, Customer, NoMemory, assign};
///
/// let text = br#"{"format": 1, "effective_at": null, "catalog": {}, "experiments": [{
///     "version": 1, "status": "running", "winner": null,
///     "placement": {"allocation": [[0, 9223372036854775807, 0], [9223372036854775808, 18446744073709551615, 1]]},
///     "definition": {"key": "winback", "variants": [{"key": "control"}, {"key": "discount"}]}}]}"#;
/// let snapshot = Bundle::read(text).unwrap().compile().unwrap();
/// let winback = snapshot.get("winback").unwrap();
/// assert!(assign(winback, Customer::new("c-42"), &NoMemory).variant().is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Bundle {
    /// [`BUNDLE_FORMAT`].
    pub format: u32,
    /// When the newest change came that is in it; none where nothing has been defined.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub effective_at: Option<Timestamp>,
    /// What experiments share, as [`Catalog::parse`] reads it: segments, layers, groups.
    #[cfg_attr(feature = "openapi", schema(schema_with = catalog_reference))]
    pub catalog: Value,
    /// The experiments, in the order of their keys.
    pub experiments: Vec<BundledExperiment>,
}

/// One experiment of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct BundledExperiment {
    /// Which version of the definition this is, counted from 1.
    pub version: u32,
    /// Where it stands.
    pub status: Status,
    /// The key of the variant that it was concluded with.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub winner: Option<String>,
    /// Which hashes get which variant, and its part of its layer.
    pub placement: Placement,
    /// The definition, override lists included, without what only measuring and deciding need.
    #[cfg_attr(feature = "openapi", schema(schema_with = definition_reference))]
    pub definition: Value,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Not the JSON that a bundle is.
    #[error("this is no bundle: {0}; mend: read what GET /v1/definitions answers")]
    Broken(#[from] serde_json::Error),
    /// Made by a later version.
    #[error(
        "the bundle has format {found}, this library reads {BUNDLE_FORMAT}; mend: use a library as new as the server"
    )]
    Format {
        /// What was found.
        found: u32,
    },
    /// Something in it is wrong.
    #[error("{what} of the bundle is not valid:\n{source}")]
    Invalid {
        /// Which experiment, or the catalog.
        what: String,
        /// What is wrong.
        source: InvalidDefinition,
    },
    /// The winner is none of its variants.
    #[error("experiment {key} of the bundle has no variant {winner}")]
    Winner {
        /// The experiment.
        key: String,
        /// What was given.
        winner: String,
    },
    /// Its experiments do not fit together.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Bundle {
    /// A bundle of these experiments, which must be in the order of their keys, with all that they require.
    #[must_use]
    pub fn new(
        catalog: &Catalog,
        effective_at: Option<Timestamp>,
        experiments: Vec<BundledExperiment>,
    ) -> Bundle {
        Bundle { format: BUNDLE_FORMAT, effective_at, catalog: catalog.document_with_groups(), experiments }
    }

    /// Reads one from JSON.
    ///
    /// # Errors
    /// [`BundleError::Broken`] and [`BundleError::Format`].
    pub fn read(text: &[u8]) -> Result<Bundle, BundleError> {
        /// Told first, since another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_slice(text)?;
        if format != BUNDLE_FORMAT {
            return Err(BundleError::Format { found: format });
        }
        Ok(serde_json::from_slice(text)?)
    }

    /// The experiments compiled: what [`assign`](super::assign) reads.
    ///
    /// # Errors
    /// [`BundleError`] for the first thing that is wrong.
    pub fn compile(self) -> Result<Snapshot, BundleError> {
        let invalid = |what: &str, source| BundleError::Invalid { what: what.to_owned(), source };
        let catalog = Catalog::parse(self.catalog).map_err(|source| invalid("the catalog", source))?;
        let compiled = self.experiments.into_iter().map(|bundled| bundled.compile(&catalog).map(Arc::new));
        Ok(Snapshot::linked(compiled.collect::<Result<Vec<_>, _>>()?)?)
    }
}

impl BundledExperiment {
    /// An experiment that has this place.
    #[must_use]
    pub fn of(compiled: &CompiledExperiment, placement: &Placement) -> BundledExperiment {
        let experiment = compiled.experiment();
        let winner = compiled.winner().and_then(|winner| experiment.variants.get(winner));
        let mut definition = experiment.for_assignment();
        if compiled.status() == Status::Archived
            && let Value::Object(fields) = &mut definition
        {
            // It answers nobody, so what it names may be gone.
            fields.retain(|name, _| !["audience", "layer", "requires"].contains(&name.as_str()));
        }
        BundledExperiment {
            version: compiled.version(),
            status: compiled.status(),
            winner: winner.map(|winner| winner.key.clone()),
            placement: placement.clone(),
            definition,
        }
    }

    fn compile(self, catalog: &Catalog) -> Result<CompiledExperiment, BundleError> {
        let key = self.definition.get("key").and_then(Value::as_str).unwrap_or("without a key").to_owned();
        let experiment = Experiment::parse(self.definition)
            .map_err(|source| BundleError::Invalid { what: format!("the experiment {key}"), source })?;
        let find = |winner: String| match experiment.variant_index(&winner) {
            Some(index) => Ok(index),
            None => Err(BundleError::Winner { key, winner }),
        };
        let winner = self.winner.map(find).transpose()?;
        Ok(CompiledExperiment::in_catalog(
            Arc::new(experiment),
            self.status,
            self.version,
            winner,
            &self.placement,
            catalog,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bundle(change: impl FnOnce(&mut Value)) -> Result<Snapshot, BundleError> {
        let mut bundle = json!({
            "format": 1,
            "effective_at": "2026-03-01T12:00:00Z",
            "catalog": {"segments": {"vip": {"plan": "gold"}}},
            "experiments": [{
                "version": 3,
                "status": "concluded",
                "winner": "b",
                "placement": {"allocation": [[0, u64::MAX, 0]]},
                "definition": {"key": "k", "audience": {"segment": "vip"}, "variants": [{"key": "a"}, {"key": "b"}]},
            }],
        });
        change(&mut bundle);
        Bundle::read(bundle.to_string().as_bytes())?.compile()
    }

    #[test]
    fn what_was_written_is_read() {
        let snapshot = bundle(|_| {}).unwrap();
        let compiled = snapshot.get("k").unwrap();
        assert_eq!(
            (compiled.version(), compiled.status(), compiled.winner()),
            (3, Status::Concluded, Some(1))
        );
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let told = |change: fn(&mut Value)| bundle(change).unwrap_err().to_string();
        assert_eq!(
            told(|it| it["format"] = json!(2)),
            "the bundle has format 2, this library reads 1; mend: use a library as new as the server"
        );
        assert!(told(|it| *it = json!([])).starts_with("this is no bundle: "));
        assert!(
            told(|it| it["experiments"][0]["status"] = json!("lost"))
                .starts_with("this is no bundle: unknown variant `lost`")
        );
        assert_eq!(
            told(|it| it["experiments"][0]["winner"] = json!("c")),
            "experiment k of the bundle has no variant c"
        );
        assert_eq!(
            told(|it| it["experiments"][0]["winner"] = Value::Null),
            "experiment k is concluded, and None is not the index of one of its variants"
        );
        assert!(
            told(|it| it["experiments"][0]["definition"]["variants"] = json!([]))
                .starts_with("the experiment k of the bundle is not valid:\nvariants: ")
        );
        assert!(
            told(|it| it["catalog"] = json!({"segment": 1}))
                .starts_with("the catalog of the bundle is not valid:\nsegment: unknown field")
        );
        assert!(told(|it| it["catalog"] = json!({})).starts_with("experiment k: "));
        assert_eq!(
            told(|it| it["experiments"][0]["definition"]["requires"] =
                json!({"experiment": "x", "variant": "y"})),
            "experiment k requires x, which is not there"
        );
    }
}
