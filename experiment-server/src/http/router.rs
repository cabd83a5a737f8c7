//! Every address on one page, with who may call it.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use experiment_core::spelling::nearest;

use super::admitted::{Admitted, Answering};
use super::auth::Access;
use super::auth::Access::{Destroy, Ingest, Maintain, Open, Read, Write};
use super::idempotency::once;
use super::problem::{Kind, Problem, method_not_allowed};
use super::{
    assign, audit, backup, catalog, customers, definitions, docs_page, erasures, experiments, export, intake,
    keys, kpis, lifecycle, metrics, ofrep, openapi, pages, power, probes, results, verify,
};
use crate::output::{write_csv, write_daily_csv, write_survival_csv, write_weekly_csv, write_whom_csv};

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
    TABLE.places.iter().flat_map(|place| &place.calls).map(|call| call.route).collect()
}

/// Every call on one page, with who may make it.
fn table() -> Table {
    use experiments::{create_experiment, get_experiment, list_experiments, list_versions, put_experiment};
    use keys::{create_key, list_keys, revoke_key, rotate_key};
    use lifecycle::{
        archive_experiment, begin_phase, conclude_experiment, start_experiment, stop_experiment,
    };
    Table::default()
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
        .page(Read, "/experiments/{key}/results.csv", pages::file("", write_csv))
        .page(Read, "/experiments/{key}/results.json", pages::get_results_json)
        .page(Read, "/experiments/{key}/daily.csv", pages::file("-daily", write_daily_csv))
        .page(Read, "/experiments/{key}/weekly.csv", pages::file("-weekly", write_weekly_csv))
        .page(Read, "/experiments/{key}/survival.csv", pages::file("-survival", write_survival_csv))
        .page(Read, "/experiments/{key}/whom.csv", pages::file("-whom", write_whom_csv))
        .page(Read, "/experiments/{key}/definition", pages::show_definition)
        .page(Read, "/experiments/{key}/customer", pages::show_customer)
        .page(Read, "/company", pages::show_company)
        .page(Read, "/company.csv", pages::get_company_csv)
        .page(Read, "/segments", pages::show_segments)
        .page(Read, "/layers", pages::show_layers)
        .page(Read, "/layers.csv", pages::get_layers_csv)
        .page(Open, "/sign-in", pages::show_sign_in)
        .submit(Open, "/sign-in", pages::sign_in)
        .submit(Open, "/sign-out", pages::sign_out)
        .page(Open, "/assets/{name}", pages::get_asset)
}

/// One call, and what answers it.
pub(crate) struct Call {
    route: Route,
    answer: Box<dyn Fn(Request, Admitted) -> Answering + Send + Sync>,
}

/// The calls of one address.
struct Place {
    address: &'static str,
    calls: Vec<Call>,
    /// The methods there are.
    allow: String,
}

/// Every call by its address.
#[derive(Default)]
struct Table {
    places: Vec<Place>,
    by_address: matchit::Router<usize>,
}

/// Ways to add a call: its name, the method, whether it makes a change that may be sent again under a name, and whether
/// people read the answer.
macro_rules! methods {
    ($($name:ident: $method:literal, once $once:literal, page $page:literal;)*) => {$(
        fn $name<H, T>(self, access: Access, address: &'static str, handler: H) -> Self
        where
            H: Handler<T, Admitted, Future = Answering> + Sync,
        {
            let route = Route { method: $method, address, access, once: $once, page: $page };
            let answer = Box::new(move |request, admitted| handler.clone().call(request, admitted));
            self.call(Call { route, answer })
        }
    )*};
}

impl Table {
    methods! {
        get: "GET", once false, page false;
        post: "POST", once false, page false;
        delete: "DELETE", once false, page false;
        post_once: "POST", once true, page false;
        put_once: "PUT", once true, page false;
        page: "GET", once false, page true;
        submit: "POST", once false, page true;
    }

    fn call(mut self, call: Call) -> Self {
        let Route { method, address, .. } = call.route;
        let methods = if method == "GET" { "GET,HEAD" } else { method };
        match self.places.iter_mut().find(|place| place.address == address) {
            Some(place) => {
                place.allow = [&place.allow, ",", methods].concat();
                place.calls.push(call);
            }
            None => {
                // The list is this file's, and a test asks for each of its addresses.
                let _ = self.by_address.insert(address, self.places.len());
                self.places.push(Place { address, calls: vec![call], allow: methods.to_owned() });
            }
        }
        self
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(table);

/// The addresses there are, each once.
pub(crate) fn addresses() -> impl Iterator<Item = &'static str> + Clone {
    TABLE.places.iter().map(|place| place.address)
}

/// The parts of a path that vary, each with its name, as they were sent.
pub(crate) fn in_path(path: &str) -> Vec<(&'static str, &str)> {
    TABLE.by_address.at(path).map_or_else(|_| Vec::new(), |found| found.params.iter().collect())
}

/// What a request is for.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// The number of its address in [`addresses`], if it is one.
    pub(crate) place: Option<usize>,
    call: Option<&'static Call>,
}

impl Target {
    /// Of a method and a path.
    pub(crate) fn of(method: &Method, path: &str) -> Target {
        let place = TABLE.by_address.at(path).ok().map(|found| *found.value);
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let mut calls = place.map_or_else(|| [].iter(), |place| TABLE.places[place].calls.iter());
        Target { place, call: calls.find(|call| call.route.method == method) }
    }

    /// The address, if it is one.
    pub(crate) fn address(self) -> Option<&'static str> {
        self.place.map(|place| TABLE.places[place].address)
    }

    /// What is known of the call. Of an open address anybody learns too which methods it has not.
    pub(crate) fn route(self) -> Option<Route> {
        let open = || {
            let mut calls = TABLE.places[self.place?].calls.iter();
            calls.find(|call| call.route.method == "GET" && call.route.access == Open)
        };
        self.call.or_else(open).map(|call| call.route)
    }

    /// The answer to whoever was let in.
    pub(crate) async fn answer(self, request: Request, admitted: Admitted) -> Response {
        match (self.call, self.place) {
            (Some(call), _) if call.route.once => {
                // Seldom, so it takes no room in every request.
                let answered = Box::pin(once(request, admitted, &call.answer));
                answered.await.unwrap_or_else(Problem::into_response)
            }
            (Some(call), _) => (call.answer)(request, admitted).await,
            (None, Some(place)) => {
                let mut response = method_not_allowed(request.method()).into_response();
                let allow = HeaderValue::from_static(&TABLE.places[place].allow);
                response.headers_mut().insert(ALLOW, allow);
                response
            }
            (None, None) => unknown_address(request.uri()).into_response(),
        }
    }
}

fn unknown_address(uri: &Uri) -> Problem {
    let shown: String = uri.path().chars().take(200).collect();
    let mend = nearest_address(uri.path())
        .map_or("see docs/http.md for those there are".to_owned(), |near| format!("did you mean {near}?"));
    Problem::new(Kind::UnknownRoute, format!("nothing is at {shown}; mend: {mend}"))
}

/// The address whose fixed parts are nearest; what varies is taken over as it came.
fn nearest_address(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // Whatever is short is near the first page, and that is not what was meant.
    let filled = addresses().filter(|address| *address != "/").map(|address| {
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
    use super::{Access, Method, Target, in_path, nearest_address, routes};

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
        let access = |path, method| Target::of(method, path).route().map(|route| route.access);
        assert_eq!(access("/healthz", &Method::HEAD), Some(Access::Open));
        assert_eq!(access("/v1/keys", &Method::GET), Some(Access::Maintain));
        assert_eq!(access("/v1/keys", &Method::PUT), None);
        assert_eq!(access("/healthz", &Method::PUT), Some(Access::Open));
    }

    #[test]
    fn every_call_is_found() {
        for route in routes() {
            let found = Target::of(&route.method.parse().unwrap(), route.address);
            assert_eq!((found.route(), found.address()), (Some(route), Some(route.address)));
        }
        assert_eq!(in_path("/v1/experiments/a/customers/b%20c"), [("key", "a"), ("id", "b%20c")]);
        assert_eq!(Target::of(&Method::GET, "/v1").place, None);
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
