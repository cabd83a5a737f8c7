//! By what results are sliced: an attribute, or whether the customer is in a segment.

use std::borrow::Cow;

use serde_json::Value;

use super::name;
use super::reader::{Field, Taken};

/// What stands before a segment's name in the name of a dimension.
const SEGMENT_PREFIX: &str = "segment:";

/// Something known of a customer at first exposure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// The value of this attribute.
    Attribute(String),
    /// Whether the customer is in this segment: true or false.
    Segment(String),
}

impl Dimension {
    /// As reports name it: `plan`, `segment:at_risk`.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Dimension::Attribute(attribute) => Cow::Borrowed(attribute),
            Dimension::Segment(segment) => Cow::Owned(format!("{SEGMENT_PREFIX}{segment}")),
        }
    }
}

/// A name, or `{segment: NAME}`.
pub(super) fn dimension(field: &Field<'_>, taken: &mut Taken) -> Option<Dimension> {
    let dimension = match field.value() {
        Value::Object(_) => field.object(&[], |fields| {
            fields.required("segment", "name the segment: {segment: at_risk}", name::key)
        })?,
        _ => {
            let attribute = name::distinct(field, taken, name::label)?;
            if let Some(segment) = attribute.strip_prefix(SEGMENT_PREFIX) {
                let mend = format!("write {{segment: {segment}}}");
                return field.problem("names a segment as if it were an attribute", mend);
            }
            return Some(Dimension::Attribute(attribute));
        }
    };
    let dimension = Dimension::Segment(dimension);
    name::take(field, taken, &dimension.name())?;
    Some(dimension)
}
