//! The HTTP face, called over a real connection, a module a resource.

mod assign;
mod auth;
mod bodies;
mod catalog;
mod conversions;
mod copies;
mod customers;
mod definitions;
mod erasures;
mod experiments;
mod exposures;
mod idempotency;
mod kpis;
mod lifecycle;
mod limits;
mod metrics;
mod ofrep;
mod power;
mod probes;
mod recompute;
mod results;
mod robustness;
mod routes;
mod server;
mod telemetry;
mod under_test;
