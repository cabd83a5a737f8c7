//! Forms that a written value can have.

use utoipa::openapi::schema::{
    Array, ArrayBuilder, ArrayItems, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};

/// A text of a format that JSON Schema names.
pub(crate) fn text(format: &str, description: &str, example: &str) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = text.format(Some(SchemaFormat::Custom(format.to_owned())));
    text.description(Some(description)).examples([example]).into()
}

/// A text that looks like `pattern`.
pub(crate) fn pattern(pattern: &str, description: &str, example: &str) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    text.description(Some(description)).examples([example]).into()
}

/// A number.
pub(crate) fn number(description: &str) -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Double))).description(Some(description)).into()
}

/// A whole number within ±2^53.
pub(crate) fn integer() -> Schema {
    let integer = ObjectBuilder::new().schema_type(Type::Integer);
    integer.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).into()
}

/// A whole number from 0 on, below 2^64.
pub(crate) fn unsigned() -> Schema {
    let integer = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    integer.format(Some(SchemaFormat::Custom("uint64".to_owned()))).into()
}

/// A list of exactly these.
pub(crate) fn tuple(items: Vec<Schema>, description: &str) -> Schema {
    let length = Some(items.len());
    let tuple = ArrayBuilder::new().prefix_items(items).items(ArrayItems::False);
    tuple.min_items(length).max_items(length).description(Some(description)).into()
}

/// A list of any number of these.
pub(crate) fn list(items: Schema) -> Schema {
    Array::new(items).into()
}

/// One of the two.
pub(crate) fn either(one: Schema, other: Schema, description: &str) -> Schema {
    OneOfBuilder::new().item(one).item(other).description(Some(description)).into()
}
