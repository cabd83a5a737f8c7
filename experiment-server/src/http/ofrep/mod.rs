//! `/ofrep`: experiments as flags, by the OpenFeature Remote Evaluation Protocol 0.3.
//!
//! A flag's key is an experiment's, its variant the customer's, its value the variant's payload; the whole
//! mapping is in `docs/openfeature.md`. The protocol is read generously and answered strictly, as the
//! clients there are need it: bodies whatever they call themselves, keys that nobody encoded, and in every
//! evaluation all the fields that some client fails without.
//!
//! # References
//! OpenFeature (2025), *OpenFeature Remote Evaluation Protocol*, version 0.3.0, `service/openapi.yaml`.

mod bulk;
mod context;
mod evaluation;
mod failure;
mod single;

pub(crate) use bulk::{EvaluationsView, evaluate_flags};
pub(crate) use context::request_schema;
pub(crate) use evaluation::Evaluation;
pub(crate) use failure::{FailureView, OwnForm};
pub(crate) use single::evaluate_flag;
