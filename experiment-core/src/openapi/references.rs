//! References to what documents look like, which [`DOCUMENT_SCHEMA`](crate::definition::DOCUMENT_SCHEMA) says.

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};

/// Refers to what the definition of an experiment looks like.
#[must_use]
pub fn definition_reference() -> RefOr<Schema> {
    Ref::from_schema_name("Definition").into()
}

/// Refers to what the definition of a catalog looks like.
#[must_use]
pub fn catalog_reference() -> RefOr<Schema> {
    Ref::from_schema_name("CatalogDefinition").into()
}
