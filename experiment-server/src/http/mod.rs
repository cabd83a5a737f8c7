//! The HTTP face: requests in, the store's answers out, one file a resource.
//!
//! Handlers parse, call and convert. Status codes are chosen here and nowhere else, and nothing here knows
//! how facts are stored. [`Server::start`] runs the whole server in this process; `experiment serve`, the
//! demo and the tests all use it.

mod admitted;
mod answer;
mod around;
mod assign;
mod audit;
mod auth;
mod backup;
mod batch;
mod body;
mod catalog;
mod compressed;
mod compression;
mod cors;
mod customers;
mod definition_body;
mod definitions;
mod docs_page;
mod erasures;
mod etag;
mod experiments;
mod export;
mod extract;
mod face;
mod fields;
mod head_timer;
mod idempotency;
mod intake;
mod intake_stream;
mod json;
mod keys;
mod kpis;
mod leftover;
mod lifecycle;
mod limits;
mod metrics;
mod nearest;
mod ofrep;
mod openapi;
mod origin;
mod pages;
mod power;
mod probes;
mod problem;
mod rate;
mod reply;
mod results;
mod router;
mod security_headers;
mod serve;
mod server;
mod session;
mod state;
mod store_problem;
mod stream;
mod verify;

pub use auth::Access;
#[doc(hidden)]
pub use face::{Face, START_TOKEN};
pub(crate) use keys::KeyView;
pub use router::{Route, routes};
pub use server::{Server, StartError, StopError};
