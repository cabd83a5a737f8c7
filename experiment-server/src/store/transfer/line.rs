//! What a line of an export says: one JSON object, `record` first. `docs/operations.md` lists the fields.

use std::borrow::Cow;
use std::fmt;

use experiment_core::time::Timestamp;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Version of the lines.
pub(super) const EXPORT_FORMAT: u32 = 1;

/// Why a line is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineError(pub(super) String);

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The beginning.
    Export,
    /// A saved group.
    Group,
    /// A customer on an override list.
    Override,
    /// A version of a definition.
    Definition,
    /// A step of a life cycle.
    Lifecycle,
    /// A version of what experiments share.
    Catalog,
    /// A customer met a variant.
    Exposure,
    /// A customer did something.
    Event,
    /// The end.
    End,
}

/// A time as RFC 3339, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map(Time).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportLine<'a> {
    pub(super) record: Kind,
    /// [`EXPORT_FORMAT`].
    pub(super) format: u32,
    /// The one experiment that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) experiment: Option<Cow<'a, str>>,
    /// The last version of what experiments share; 0 when there is none in the file.
    pub(super) catalog: u32,
}

/// A saved group, as it is now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupLine<'a> {
    pub(super) record: Kind,
    #[serde(borrow)]
    pub(super) group: Cow<'a, str>,
    /// Its values, a list.
    #[serde(borrow)]
    pub(super) values: &'a RawValue,
    /// It is no more; earlier versions of something name it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) gone: bool,
}

/// A customer on an override list, as it is now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideLine<'a> {
    pub(super) record: Kind,
    #[serde(borrow)]
    pub(super) experiment: Cow<'a, str>,
    /// The version of its definition that is in force.
    pub(super) version: u32,
    #[serde(borrow)]
    pub(super) customer: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) variant: Cow<'a, str>,
}

/// A version of a definition.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefinitionLine<'a> {
    pub(super) record: Kind,
    pub(super) received_at: Time,
    #[serde(borrow)]
    pub(super) experiment: Cow<'a, str>,
    pub(super) version: u32,
    /// How many customers were on override lists.
    pub(super) overrides: u32,
    #[serde(borrow)]
    pub(super) document: &'a RawValue,
    #[serde(borrow)]
    pub(super) placement: &'a RawValue,
}

/// A step of a life cycle.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifecycleLine<'a> {
    pub(super) record: Kind,
    pub(super) received_at: Time,
    #[serde(borrow)]
    pub(super) experiment: Cow<'a, str>,
    /// start, stop, conclude or archive.
    #[serde(borrow)]
    pub(super) step: Cow<'a, str>,
    /// conclude: the winner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variant: Option<Cow<'a, str>>,
}

/// A version of what experiments share.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogLine<'a> {
    pub(super) record: Kind,
    pub(super) received_at: Time,
    pub(super) version: u32,
    /// How many values were in groups.
    pub(super) group_values: u32,
    #[serde(borrow)]
    pub(super) document: &'a RawValue,
}

/// A customer met a variant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExposureLine<'a> {
    pub(super) record: Kind,
    pub(super) received_at: Time,
    /// As kept.
    pub(super) at: Time,
    /// As sent, where that was too far ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent_at: Option<Time>,
    /// No time was sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) undated: bool,
    #[serde(borrow)]
    pub(super) customer: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    /// The server made the id.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) id_made: bool,
    #[serde(borrow)]
    pub(super) experiment: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) variant: Cow<'a, str>,
    /// Recorded by `assign`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) assigned: bool,
    /// The customer was on an override list.
    #[serde(default, skip_serializing_if = "is_false", rename = "override")]
    pub(super) overridden: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<&'a RawValue>,
    /// In which segments the customer was.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) segments: Option<&'a RawValue>,
}

/// A customer did something.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine<'a> {
    pub(super) record: Kind,
    pub(super) received_at: Time,
    /// As kept.
    pub(super) at: Time,
    /// As sent, where that was too far ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent_at: Option<Time>,
    /// No time was sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) undated: bool,
    #[serde(borrow)]
    pub(super) customer: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    /// The server made the id.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) id_made: bool,
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<f64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<&'a RawValue>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) record: Kind,
    /// How many lines there are between the first and this one.
    pub(super) records: u64,
}
