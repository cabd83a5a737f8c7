//! Types that write themselves say how, beside the code that does it, for whoever describes an interface.

/// Says how a type is written, in the words of `openapi::forms`. Without the feature `openapi` it is nothing.
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
