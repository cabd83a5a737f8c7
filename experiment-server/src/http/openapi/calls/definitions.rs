//! Experiments, their life cycles, and what they share.

use axum::http::StatusCode;
use experiment_core::assignment::Bundle;
use serde_json::json;

use crate::http::catalog::CatalogView;
use crate::http::experiments::{ExperimentView, ListView, VersionsView};
use crate::http::lifecycle::{conclude_schema, no_fields_schema};
use crate::http::openapi::call::{Call, JSON, YAML};
use crate::http::problem::Kind;

const DOCUMENT: [&str; 2] = [JSON, YAML];

pub(super) fn calls() -> Vec<Call> {
    let status = json!({"enum": ["draft", "running", "stopped", "concluded", "archived"]});
    let list = Call::new("GET", "/v1/experiments", "list_experiments", "All experiments")
        .explained("In the order of their keys, without documents.")
        .query("status", status, "Only those of this status.")
        .answers::<ListView<'_>>(StatusCode::OK, "The experiments.");
    let create = Call::new("POST", "/v1/experiments", "create_experiment", "Create a draft")
        .body("Definition", &DOCUMENT)
        .answers::<ExperimentView<'_>>(StatusCode::CREATED, "The experiment, a draft.")
        .answers::<ExperimentView<'_>>(StatusCode::OK, "It exists with the same content.")
        .with_etag()
        .with_header("Location", "The experiment's address.")
        .refuses(&[Kind::InvalidDefinition, Kind::Exists, Kind::LimitReached])
        .writes();
    let get = Call::new("GET", "/v1/experiments/{key}", "get_experiment", "One experiment")
        .experiment()
        .answers::<ExperimentView<'_>>(StatusCode::OK, "The experiment with its definition.")
        .with_etag();
    let put = Call::new("PUT", "/v1/experiments/{key}", "put_experiment", "Put a new version")
        .explained("While an experiment runs only some of it may change.")
        .experiment()
        .if_match()
        .body("Definition", &DOCUMENT)
        .answers::<ExperimentView<'_>>(StatusCode::OK, "The experiment with its new definition.")
        .with_etag()
        .refuses(&[Kind::InvalidDefinition, Kind::WrongStatus])
        .writes();
    let versions =
        Call::new("GET", "/v1/experiments/{key}/versions", "list_versions", "Every version of a definition")
            .experiment()
            .answers::<VersionsView<'_>>(StatusCode::OK, "The versions, the first one first.");
    let bundle = Call::new("GET", "/v1/definitions", "get_definitions", "All that assigning takes")
        .explained("For services that assign in their own process. Override lists and groups are in it.")
        .answers::<Bundle>(StatusCode::OK, "The bundle.")
        .unless_known();
    let mut calls = vec![list, create, get, put, versions, bundle];
    calls.extend(steps());
    calls.extend(catalog());
    calls
}

fn steps() -> [Call; 5] {
    let step = |address, id, summary| {
        Call::new("POST", address, id, summary)
            .experiment()
            .answers::<ExperimentView<'_>>(StatusCode::OK, "The experiment, without its definition.")
            .with_etag()
            .refuses(&[Kind::WrongStatus])
            .writes()
    };
    let bare = |call: Call| call.json_body("NoFields", no_fields_schema()).body_is_optional();
    [
        bare(step("/v1/experiments/{key}/start", "start_experiment", "Let customers enter"))
            .refuses(&[Kind::NotReadyToStart, Kind::InvalidDefinition]),
        bare(step("/v1/experiments/{key}/stop", "stop_experiment", "Let nobody enter any more")),
        step("/v1/experiments/{key}/conclude", "conclude_experiment", "Give everybody the winner")
            .explained("Refused while windows are open, since controls get the winner too, unless forced.")
            .json_body("ConcludeRequest", conclude_schema())
            .refuses(&[Kind::WindowsOpen]),
        bare(step("/v1/experiments/{key}/archive", "archive_experiment", "Put out of sight")),
        Call::new("POST", "/v1/experiments/{key}/phase", "begin_phase", "Not supported yet")
            .explained("New weights, variants or audience for a running experiment.")
            .experiment()
            .refuses(&[Kind::NotSupported]),
    ]
}

fn catalog() -> [Call; 2] {
    let get = Call::new("GET", "/v1/catalog", "get_catalog", "What experiments share")
        .answers::<CatalogView<'_>>(StatusCode::OK, "The catalog; which values its groups have is not told.")
        .with_etag();
    let put = Call::new("PUT", "/v1/catalog", "put_catalog", "Put a new catalog")
        .explained("One without `groups` leaves those there are.")
        .if_match()
        .body("CatalogDefinition", &DOCUMENT)
        .answers::<CatalogView<'_>>(StatusCode::OK, "The catalog.")
        .with_etag()
        .refuses(&[Kind::InvalidDefinition, Kind::WrongStatus])
        .writes();
    [get, put]
}
