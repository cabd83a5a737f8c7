//! What types look like when they are written, for a description of an interface (OpenAPI).
//!
//! Types that are written as their fields stand derive it. Those that write themselves say it with `written_as!`,
//! beside the code that writes them. Without the feature `openapi` nothing of this is compiled.

#[cfg(feature = "openapi")]
pub(crate) mod forms;

/// Says how a type is written, in the words of `forms`.
macro_rules! written_as {
    ($name:ty, $form:expr) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                #[allow(clippy::wildcard_imports, reason = "the words of the form")]
                use $crate::openapi::forms::*;
                $form.into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use written_as;
