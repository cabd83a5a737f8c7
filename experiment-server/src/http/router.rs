//! Every address on one page, with who may call it.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post, put};
use experiment_core::spelling::nearest;

use super::auth::Access::{Destroy, Ingest, Maintain, Read, Write};
use super::auth::{allow, authenticate};
use super::idempotency::once;
use super::leftover::discard_leftover;
use super::origin::refuse_foreign;
use super::problem::{Kind, Problem, method_not_allowed};
use super::state::AppState;
use super::{
    assign, audit, backup, catalog, customers, definitions, erasures, experiments, export, intake, kpis,
    layers, lifecycle, metrics, ofrep, power, probes, results, verify,
};

/// The addresses, for whoever mistypes one.
pub(crate) const ADDRESSES: [&str; 29] = [
    "/v1/assign",
    "/v1/exposures",
    "/v1/conversions",
    "/v1/experiments",
    "/v1/experiments/{key}",
    "/v1/experiments/{key}/start",
    "/v1/experiments/{key}/stop",
    "/v1/experiments/{key}/conclude",
    "/v1/experiments/{key}/archive",
    "/v1/experiments/{key}/phase",
    "/v1/experiments/{key}/versions",
    "/v1/experiments/{key}/results",
    "/v1/experiments/{key}/customers/{id}",
    "/v1/customers/{id}",
    "/v1/customers/{id}/erasure",
    "/v1/erasures",
    "/v1/audit",
    "/v1/catalog",
    "/v1/definitions",
    "/v1/kpis",
    "/v1/power",
    "/v1/verify",
    "/v1/backup",
    "/v1/export",
    "/ofrep/v1/evaluate/flags",
    "/ofrep/v1/evaluate/flags/{key}",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// The whole HTTP face over one state.
pub(crate) fn router(state: AppState) -> Router {
    use experiments::{create_experiment, get_experiment, list_experiments, list_versions, put_experiment};
    use lifecycle::{
        archive_experiment, begin_phase, conclude_experiment, start_experiment, stop_experiment,
    };
    // A change of a definition may be sent again under a name of its own.
    let change = |access, methods: MethodRouter<AppState>| {
        allow(access, methods.route_layer(from_fn_with_state(state.clone(), once)))
    };
    let get_or_create = allow(Read, get(list_experiments)).merge(change(Write, post(create_experiment)));
    let get_or_put = allow(Read, get(get_experiment)).merge(change(Write, put(put_experiment)));
    let get_or_put_catalog =
        allow(Read, get(catalog::get_catalog)).merge(change(Write, put(catalog::put_catalog)));
    Router::new()
        .route("/v1/assign", allow(Ingest, post(assign::assign_customer)))
        .route("/v1/exposures", allow(Ingest, post(intake::report_exposures)))
        .route("/v1/conversions", allow(Ingest, post(intake::report_conversions)))
        .route("/v1/experiments", get_or_create)
        .route("/v1/experiments/{key}", get_or_put)
        .route("/v1/experiments/{key}/start", change(Write, post(start_experiment)))
        .route("/v1/experiments/{key}/stop", change(Write, post(stop_experiment)))
        .route("/v1/experiments/{key}/conclude", change(Write, post(conclude_experiment)))
        .route("/v1/experiments/{key}/archive", change(Destroy, post(archive_experiment)))
        .route("/v1/experiments/{key}/phase", change(Write, post(begin_phase)))
        .route("/v1/experiments/{key}/versions", allow(Read, get(list_versions)))
        .route("/v1/experiments/{key}/results", allow(Read, get(results::get_results)))
        .route("/v1/experiments/{key}/customers/{id}", allow(Read, get(customers::explain_customer)))
        .route("/v1/customers/{id}", allow(Destroy, axum::routing::delete(erasures::erase_customer)))
        .route("/v1/customers/{id}/erasure", allow(Maintain, get(erasures::get_erasure)))
        .route("/v1/erasures", allow(Maintain, get(erasures::list_erasures)))
        .route("/v1/audit", allow(Maintain, get(audit::get_audit)))
        .route("/v1/catalog", get_or_put_catalog)
        .route("/v1/definitions", allow(Ingest, get(definitions::get_definitions)))
        .route("/v1/kpis", allow(Read, get(kpis::get_kpis)))
        .route("/v1/power", allow(Read, post(power::plan_size)))
        .route("/v1/verify", allow(Maintain, post(verify::verify_store)))
        .route("/v1/backup", allow(Maintain, post(backup::back_up)))
        .route("/v1/export", allow(Maintain, post(export::export)))
        .route("/ofrep/v1/evaluate/flags", allow(Ingest, post(ofrep::evaluate_flags)))
        .route("/ofrep/v1/evaluate/flags/{key}", allow(Ingest, post(ofrep::evaluate_flag)))
        .route("/healthz", get(probes::get_health))
        .route("/readyz", get(probes::get_readiness))
        .route("/metrics", get(metrics::get_metrics))
        .method_not_allowed_fallback(async |request: Request| method_not_allowed(request.method()))
        .fallback(unknown_address)
        // From the inside out: a request meets the last of these first.
        .layer(from_fn_with_state(state.clone(), authenticate))
        .layer(from_fn_with_state(state.clone(), refuse_foreign))
        .layer(from_fn_with_state(state.clone(), layers::bound))
        .layer(from_fn_with_state(state.clone(), discard_leftover))
        .layer(from_fn(layers::catch_panic))
        .layer(from_fn(ofrep::in_its_own_form))
        .layer(from_fn_with_state(state.clone(), layers::finish))
        .with_state(state)
}

async fn unknown_address(uri: Uri) -> Problem {
    let shown: String = uri.path().chars().take(200).collect();
    let mend = nearest_address(uri.path())
        .map_or("see docs/http.md for those there are".to_owned(), |near| format!("did you mean {near}?"));
    Problem::new(Kind::UnknownRoute, format!("nothing is at {shown}; mend: {mend}"))
}

/// The address whose fixed parts are nearest; what varies is taken over as it came.
fn nearest_address(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let filled = ADDRESSES.iter().map(|address| {
        let fill = |(index, part): (usize, &'static str)| match part.starts_with('{') {
            true => parts.get(index).copied().unwrap_or(part),
            false => part,
        };
        let filled: Vec<&str> = address[1..].split('/').enumerate().map(fill).collect();
        format!("/{}", filled.join("/"))
    });
    let filled: Vec<String> = filled.collect();
    nearest(path, filled.iter().map(String::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{ADDRESSES, nearest_address};

    #[test]
    fn the_docs_have_every_address() {
        let docs = include_str!("../../../docs/http.md");
        for address in ADDRESSES {
            assert!(docs.contains(&format!(" {address}`")), "docs/http.md lacks {address}");
        }
    }

    #[test]
    fn finds_the_address_meant() {
        assert_eq!(nearest_address("/v1/asign").as_deref(), Some("/v1/assign"));
        assert_eq!(nearest_address("/v1/assign/").as_deref(), Some("/v1/assign"));
        assert_eq!(
            nearest_address("/v1/experiments/winback/result").as_deref(),
            Some("/v1/experiments/winback/results")
        );
        assert_eq!(nearest_address("/v1/experiment").as_deref(), Some("/v1/experiments"));
        assert_eq!(nearest_address("/").as_deref(), None);
    }
}
