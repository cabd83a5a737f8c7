//! What types look like when they are written, for a description of an interface by OpenAPI.
//!
//! Types that are written as their fields stand derive `utoipa::ToSchema`; those that write themselves say it by hand.

pub(crate) mod forms;
mod references;

pub use references::{catalog_reference, definition_reference};
