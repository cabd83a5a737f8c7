//! The parts of a payload.

use serde_json::{Map, Value};

use super::{NotImported, member};

/// Fields that say nothing about who gets what.
const LABELS: &[&str] = &["status", "dateUpdated"];
const READ: &[&str] = &["features", "experiments", "savedGroups"];
const ENCRYPTED: &[&str] = &["encryptedFeatures", "encryptedExperiments", "encryptedSavedGroups"];

/// Why a document is no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Something has another type than GrowthBook writes.
    #[error("{}: expected {expected}; mend: give the SDK payload, or its object of features", shown(.path))]
    Unexpected {
        /// Where; empty for the whole document.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// It has to be decrypted first.
    #[error("{field} is encrypted; mend: decrypt the payload with its SDK connection's key first")]
    Encrypted {
        /// The encrypted field.
        field: &'static str,
    },
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the document" } else { path }
}

/// The parts, checked as far as they must be to be walked through.
pub(super) struct Payload<'a> {
    pub(super) features: Vec<Feature<'a>>,
    pub(super) experiments: Vec<&'a Map<String, Value>>,
    pub(super) saved_groups: Vec<(&'a str, &'a [Value])>,
    others: Vec<&'a str>,
}

pub(super) struct Feature<'a> {
    pub(super) id: &'a str,
    pub(super) path: String,
    pub(super) default: &'a Value,
    pub(super) rules: Vec<&'a Map<String, Value>>,
    others: Vec<&'a str>,
}

impl<'a> Payload<'a> {
    pub(super) fn read(document: &'a Value) -> Result<Payload<'a>, PayloadError> {
        let root = object(document, "")?;
        if let Some(field) = ENCRYPTED.iter().find(|field| root.get(**field).is_some_and(|it| !it.is_null()))
        {
            return Err(PayloadError::Encrypted { field });
        }
        let is_wrapped =
            root.keys().any(|name| READ.contains(&name.as_str()) && !looks_like_feature(&root[name]));
        let part = |name: &str| root.get(name).filter(|part| is_wrapped && !part.is_null());
        let (features, prefix) = match part("features") {
            Some(features) => (Some(object(features, "features")?), "features"),
            None => ((!is_wrapped).then_some(root), ""),
        };
        let features = features.into_iter().flatten();
        let features = features.map(|(id, value)| Feature::read(id, value, member(prefix, id)));
        let experiments = part("experiments").map(|list| list_of_objects(list, "experiments"));
        let groups = part("savedGroups").map(|groups| object(groups, "savedGroups")).transpose()?;
        let group = |(name, values): (&'a String, &'a Value)| {
            let path = member("savedGroups", name);
            values
                .as_array()
                .map(|values| (name.as_str(), values.as_slice()))
                .ok_or_else(|| unexpected(&path, "a list"))
        };
        let known = |name: &&str| READ.contains(name) || LABELS.contains(name);
        Ok(Payload {
            features: features.collect::<Result<_, _>>()?,
            experiments: experiments.transpose()?.unwrap_or_default(),
            saved_groups: groups.into_iter().flatten().map(group).collect::<Result<_, _>>()?,
            others: root.keys().map(String::as_str).filter(|name| is_wrapped && !known(name)).collect(),
        })
    }

    pub(super) fn feature(&self, id: &str) -> Option<&Feature<'a>> {
        self.features.iter().find(|feature| feature.id == id)
    }

    /// Fields that nobody here knows.
    pub(super) fn not_read(&self) -> Vec<NotImported> {
        let unknown = |place| NotImported { place, why: "is not known here".to_owned() };
        let of_root = self.others.iter().map(|name| unknown(member("", name)));
        let of_features = self
            .features
            .iter()
            .flat_map(|feature| feature.others.iter().map(|name| unknown(member(&feature.path, name))));
        of_root.chain(of_features).collect()
    }
}

impl<'a> Feature<'a> {
    fn read(id: &'a str, value: &'a Value, path: String) -> Result<Feature<'a>, PayloadError> {
        let fields = object(value, &path)?;
        let rules = fields.get("rules").filter(|rules| !rules.is_null());
        let rules = rules.map(|rules| list_of_objects(rules, &member(&path, "rules"))).transpose()?;
        let known = |name: &&str| ["defaultValue", "rules", "id"].contains(name);
        Ok(Feature {
            id,
            path,
            default: fields.get("defaultValue").unwrap_or(&Value::Null),
            rules: rules.unwrap_or_default(),
            others: fields.keys().map(String::as_str).filter(|name| !known(name)).collect(),
        })
    }
}

fn looks_like_feature(value: &Value) -> bool {
    value.get("defaultValue").is_some() || value.get("rules").is_some_and(Value::is_array)
}

fn unexpected(path: &str, expected: &'static str) -> PayloadError {
    PayloadError::Unexpected { path: path.to_owned(), expected }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, PayloadError> {
    value.as_object().ok_or_else(|| unexpected(path, "an object"))
}

fn list_of_objects<'a>(value: &'a Value, path: &str) -> Result<Vec<&'a Map<String, Value>>, PayloadError> {
    let items = value.as_array().ok_or_else(|| unexpected(path, "a list"))?;
    items.iter().enumerate().map(|(index, item)| object(item, &format!("{path}[{index}]"))).collect()
}
