//! What the server tells its operator: lines on stderr and numbers to scrape, never keys, customer ids or
//! attributes.

mod assignments;
mod exposition;
mod log;
mod request_id;
mod requests;

pub use log::{LOG_FORMAT_VARIABLE, LOG_VARIABLE, LogError, log_to_stderr};

pub(crate) use assignments::Assignments;
pub(crate) use exposition::{Exposition, MEDIA_TYPE};
pub(crate) use request_id::{REQUEST_ID, RequestIds, TRACEPARENT, trace_of};
pub(crate) use requests::{NO_ROUTE, Requests};
