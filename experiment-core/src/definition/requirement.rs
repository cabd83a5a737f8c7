//! Prerequisites: an experiment only for customers in a variant of another one.

use serde_json::Value;

use super::name;
use super::reader::Field;

/// Most prerequisites of one experiment.
const MAX_REQUIREMENTS: usize = 10;

/// The variant of another experiment that a customer must be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The other experiment's key.
    pub experiment: String,
    /// The variant's key.
    pub variant: String,
}

/// One, or a list of which all must be met.
pub(super) fn requirements(field: &Field<'_>, own: Option<&str>) -> Option<Vec<Requirement>> {
    match field.value() {
        Value::Array(_) => field.list(MAX_REQUIREMENTS, |item| requirement(item, own)),
        _ => requirement(field, own).map(|one| vec![one]),
    }
}

fn requirement(field: &Field<'_>, own: Option<&str>) -> Option<Requirement> {
    field.object(&[], |fields| {
        let mend = "name the other experiment, such as experiment: welcome_2026";
        let experiment = fields.required("experiment", mend, |field| {
            let key = name::key(field)?;
            if own == Some(key.as_str()) {
                return field.problem("an experiment cannot require itself", "name another experiment");
            }
            Some(key)
        });
        let mend = "name the variant that the customer must be in, such as variant: discount";
        let variant = fields.required("variant", mend, name::key);
        Some(Requirement { experiment: experiment?, variant: variant? })
    })
}
