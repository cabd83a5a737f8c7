//! Every address on one page, with who may call it.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use experiment_core::spelling::nearest;

use super::auth::Access;
use super::auth::Access::{Destroy, Ingest, Maintain, Open, Read, Write};
use super::cors::cors;
use super::idempotency::once;
use super::problem::{Kind, Problem, method_not_allowed};
use super::state::AppState;
use super::{
    assign, audit, backup, catalog, customers, definitions, docs_page, erasures, experiments, export, intake,
    keys, kpis, layers, lifecycle, metrics, ofrep, openapi, pages, power, probes, results, verify,
};

/// One call of the HTTP face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Such as `GET`, which answers `HEAD` too.
    pub method: &'static str,
    /// The address, with `{…}` where it varies.
    pub address: &'static str,
    /// What the caller must be allowed.
    pub access: Access,
    /// Whether it makes a change that may be sent again under a name of its own.
    pub once: bool,
    /// Whether people read its answers: refusals are pages too, and who signed in needs no header.
    pub page: bool,
}

/// Every call there is.
#[must_use]
pub fn routes() -> Vec<Route> {
    table(&|methods| methods).list
}

/// Every call on one page, with who may make it. `once` wraps changes that may be sent again under a name of their
/// own.
fn table(once: &dyn Fn(Methods) -> Methods) -> Routes<'_> {
    use experiments::{create_experiment, get_experiment, list_experiments, list_versions, put_experiment};
    use keys::{create_key, list_keys, revoke_key, rotate_key};
    use lifecycle::{
        archive_experiment, begin_phase, conclude_experiment, start_experiment, stop_experiment,
    };
    Routes { router: Router::new(), list: Vec::new(), once }
        .post(Ingest, "/v1/assign", assign::assign_customer)
        .post(Ingest, "/v1/exposures", intake::report_exposures)
        .post(Ingest, "/v1/conversions", intake::report_conversions)
        .get(Read, "/v1/experiments", list_experiments)
        .post_once(Write, "/v1/experiments", create_experiment)
        .get(Read, "/v1/experiments/{key}", get_experiment)
        .put_once(Write, "/v1/experiments/{key}", put_experiment)
        .post_once(Write, "/v1/experiments/{key}/start", start_experiment)
        .post_once(Write, "/v1/experiments/{key}/stop", stop_experiment)
        .post_once(Write, "/v1/experiments/{key}/conclude", conclude_experiment)
        .post_once(Destroy, "/v1/experiments/{key}/archive", archive_experiment)
        .post_once(Write, "/v1/experiments/{key}/phase", begin_phase)
        .get(Read, "/v1/experiments/{key}/versions", list_versions)
        .get(Read, "/v1/experiments/{key}/results", results::get_results)
        .get(Read, "/v1/experiments/{key}/customers/{id}", customers::explain_customer)
        .delete(Destroy, "/v1/customers/{id}", erasures::erase_customer)
        .get(Maintain, "/v1/customers/{id}/erasure", erasures::get_erasure)
        .get(Maintain, "/v1/erasures", erasures::list_erasures)
        .get(Maintain, "/v1/keys", list_keys)
        .post(Maintain, "/v1/keys", create_key)
        .delete(Maintain, "/v1/keys/{id}", revoke_key)
        .post(Maintain, "/v1/keys/{id}/rotate", rotate_key)
        .get(Maintain, "/v1/audit", audit::get_audit)
        .get(Read, "/v1/catalog", catalog::get_catalog)
        .put_once(Write, "/v1/catalog", catalog::put_catalog)
        .get(Ingest, "/v1/definitions", definitions::get_definitions)
        .get(Read, "/v1/kpis", kpis::get_kpis)
        .post(Read, "/v1/power", power::plan_size)
        .post(Maintain, "/v1/verify", verify::verify_store)
        .post(Maintain, "/v1/backup", backup::back_up)
        .post(Maintain, "/v1/export", export::export)
        .post(Ingest, "/ofrep/v1/evaluate/flags", ofrep::evaluate_flags)
        .post(Ingest, "/ofrep/v1/evaluate/flags/{key}", ofrep::evaluate_flag)
        .get(Open, "/healthz", probes::get_health)
        .get(Open, "/readyz", probes::get_readiness)
        // What it tells depends on the caller.
        .get(Open, "/metrics", metrics::get_metrics)
        .get(Open, "/openapi.json", openapi::get_openapi)
        .get(Open, "/docs", docs_page::get_docs)
        .get(Open, "/docs/swagger-ui.css", docs_page::get_docs_style)
        .get(Open, "/docs/swagger-ui-bundle.js", docs_page::get_docs_script)
        .get(Open, "/docs/start.js", docs_page::get_docs_start)
        .page(Read, "/", pages::list_experiments)
        .page(Read, "/experiments/{key}", pages::show_results)
        .page(Read, "/experiments/{key}/results.csv", pages::get_results_csv)
        .page(Read, "/experiments/{key}/results.json", pages::get_results_json)
        .page(Read, "/experiments/{key}/daily.csv", pages::get_daily_csv)
        .page(Read, "/experiments/{key}/weekly.csv", pages::get_weekly_csv)
        .page(Read, "/experiments/{key}/survival.csv", pages::get_survival_csv)
        .page(Read, "/experiments/{key}/definition", pages::show_definition)
        .page(Read, "/experiments/{key}/customer", pages::show_customer)
        .page(Read, "/company", pages::show_company)
        .page(Read, "/company.csv", pages::get_company_csv)
        .page(Read, "/segments", pages::show_segments)
        .page(Read, "/layers", pages::show_layers)
        .page(Open, "/sign-in", pages::show_sign_in)
        .submit(Open, "/sign-in", pages::sign_in)
        .submit(Open, "/sign-out", pages::sign_out)
        .page(Open, "/assets/{name}", pages::get_asset)
}

type Methods = MethodRouter<AppState>;

/// Calls, and what is known of each.
struct Routes<'a> {
    router: Router<AppState>,
    list: Vec<Route>,
    once: &'a dyn Fn(Methods) -> Methods,
}

/// Ways to add a call: its name, the method, whether it makes a change that may be sent again under a name, and whether
/// people read the answer.
macro_rules! methods {
    ($($name:ident: $method:ident, once $once:literal, page $page:literal;)*) => {$(
        fn $name<H, T>(self, access: Access, address: &'static str, handler: H) -> Self
        where
            H: Handler<T, AppState>,
            T: 'static,
        {
            let methods = on(MethodFilter::$method, handler);
            let methods = if $once { (self.once)(methods) } else { methods };
            let route = Route { method: stringify!($method), address, access, once: $once, page: $page };
            self.call(route, methods)
        }
    )*};
}

impl Routes<'_> {
    methods! {
        get: GET, once false, page false;
        post: POST, once false, page false;
        delete: DELETE, once false, page false;
        post_once: POST, once true, page false;
        put_once: PUT, once true, page false;
        page: GET, once false, page true;
        submit: POST, once false, page true;
    }

    /// No call is added but here, so none is missing in the list, by which callers are let in.
    fn call(mut self, route: Route, methods: Methods) -> Self {
        self.list.push(route);
        self.router = self.router.route(route.address, methods);
        self
    }
}

/// The addresses, for whoever mistypes one.
static ADDRESSES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut addresses: Vec<&str> = routes().iter().map(|route| route.address).collect();
    // The calls of one address stand together.
    addresses.dedup();
    addresses
});

/// The addresses there are, each once.
pub(crate) fn addresses() -> &'static [&'static str] {
    &ADDRESSES
}

/// Every call by its address and method.
static BY_ADDRESS: LazyLock<HashMap<(&'static str, &'static str), Route>> =
    LazyLock::new(|| routes().into_iter().map(|route| ((route.address, route.method), route)).collect());

/// The call at an address; `None` where it has no such method.
fn route_at(address: &str, method: &Method) -> Option<Route> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    BY_ADDRESS.get(&(address, method)).copied()
}

/// The call that a request is for. Of an open address anybody learns too which methods it has not.
pub(crate) fn route_of(request: &Request) -> Option<Route> {
    let address = request.extensions().get().map(MatchedPath::as_str)?;
    let open = || route_at(address, &Method::GET).filter(|route| route.access == Open);
    route_at(address, request.method()).or_else(open)
}

/// The whole HTTP face over one state.
pub(crate) fn router(state: AppState) -> Router {
    let once = |methods: Methods| methods.route_layer(from_fn_with_state(state.clone(), once));
    let router = table(&once)
        .router
        .method_not_allowed_fallback(async |request: Request| method_not_allowed(request.method()))
        .fallback(unknown_address);
    let router = match cors(&state.settings.cors_origins) {
        // One layer around everything: each is another copy and another box for every request.
        None => router.layer(from_fn_with_state(state.clone(), layers::around)),
        // From the inside out: a request meets the last of these first.
        Some(cors) => (router.layer(from_fn_with_state(state.clone(), layers::guard)).layer(cors))
            .layer(from_fn_with_state(state.clone(), layers::finish)),
    };
    router.with_state(state)
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
    // Whatever is short is near the first page, and that is not what was meant.
    let filled = ADDRESSES.iter().filter(|address| **address != "/").map(|address| {
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
    use super::{Access, Method, nearest_address, route_at, routes};

    #[test]
    fn the_docs_have_every_call() {
        let docs = include_str!("../../../docs/http.md");
        for route in routes() {
            let call = format!("`{} {}`", route.method, route.address);
            assert!(docs.contains(&call), "docs/http.md lacks {call}");
        }
    }

    #[test]
    fn nothing_is_open_but_what_says_so() {
        let open: Vec<&str> =
            routes().iter().filter(|route| route.access == Access::Open).map(|route| route.address).collect();
        let probes = ["/healthz", "/readyz", "/metrics"];
        let description = [
            "/openapi.json",
            "/docs",
            "/docs/swagger-ui.css",
            "/docs/swagger-ui-bundle.js",
            "/docs/start.js",
        ];
        let pages = ["/sign-in", "/sign-in", "/sign-out", "/assets/{name}"];
        assert_eq!(open, [&probes[..], &description, &pages].concat());
        let access = |address, method| route_at(address, method).map(|route| route.access);
        assert_eq!(access("/healthz", &Method::HEAD), Some(Access::Open));
        assert_eq!(access("/v1/keys", &Method::GET), Some(Access::Maintain));
        assert_eq!(access("/v1/keys", &Method::PUT), None);
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
