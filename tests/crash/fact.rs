//! One fact as it is sent.

use experiment_core::time::Timestamp;
use serde_json::{Map, Value, json};

/// The experiment that clients expose customers to.
pub(crate) const MET: &str = "met";
/// The experiment that `assign` draws for.
pub(crate) const DRAWN: &str = "drawn";
/// The variants of both.
pub(crate) const VARIANTS: [&str; 2] = ["control", "discount"];

/// Where facts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Exposures,
    Conversions,
}

impl Resource {
    pub(crate) const BOTH: [Resource; 2] = [Resource::Exposures, Resource::Conversions];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Resource::Exposures => "/v1/exposures",
            Resource::Conversions => "/v1/conversions",
        }
    }
}

/// What a customer met or did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// An exposure to [`MET`].
    Met {
        variant: String,
    },
    Did {
        event: &'static str,
        value: Option<f64>,
    },
}

/// A fact. Its mark stands in its attributes, so that it is found again without an id.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) mark: u64,
    pub(crate) customer: String,
    pub(crate) id: Option<String>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) content: Content,
}

impl Fact {
    pub(crate) fn resource(&self) -> Resource {
        match self.content {
            Content::Met { .. } => Resource::Exposures,
            Content::Did { .. } => Resource::Conversions,
        }
    }

    /// One line of NDJSON, the same whenever it is sent.
    pub(crate) fn line(&self) -> String {
        let mut line = Map::new();
        line.insert("customer".to_owned(), json!(self.customer));
        line.insert("attributes".to_owned(), json!({"mark": self.mark}));
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        if let Some(id) = &self.id {
            put("id", json!(id));
        }
        if let Some(at) = self.at {
            put("at", json!(at.to_string()));
        }
        match &self.content {
            Content::Met { variant } => {
                put("experiment", json!(MET));
                put("variant", json!(variant));
            }
            Content::Did { event, value } => {
                put("event", json!(event));
                if let Some(value) = value {
                    put("value", json!(value));
                }
            }
        }
        Value::Object(line).to_string()
    }
}
