//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::HeaderMap;
use experiment_core::time::Timestamp;
use tokio::sync::Semaphore;
use tower_http::cors::CorsLayer;

use super::auth::{Caller, Gate};
use super::cors::cors;
use super::definitions::Written;
use super::idempotency::Answers;
use super::limits::{FRESH_TIMEOUT, MAX_SCANS, MAX_STREAMS};
use super::pages::Rows;
use super::problem::{Kind, Problem};
use super::rate::Rates;
use super::router::addresses;
use super::session::Sessions;
use crate::decision::Decisions;
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry::{Assignments, RequestIds, Requests};

/// What handlers share; clones are the same.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The one thing behind every [`AppState`].
pub(crate) struct Shared {
    /// The facts.
    pub(crate) store: Arc<Store>,
    /// What the server was started with.
    pub(crate) settings: Settings,
    /// Who may ask.
    pub(crate) gate: Gate,
    /// Who signed in to read pages.
    pub(crate) sessions: Sessions,
    /// Which web pages may read answers, where any are named.
    pub(crate) cors: Option<CorsLayer>,
    /// How often.
    pub(crate) rates: Rates,
    /// When it was started.
    pub(crate) started: Timestamp,
    /// What requests are called.
    pub(crate) request_ids: RequestIds,
    /// Requests by route.
    pub(crate) answered: Requests,
    /// Assignments by experiment.
    pub(crate) assignments: Assignments,
    /// Answers for changes that are sent again.
    pub(crate) idempotent: Answers,
    /// Connections that are open.
    pub(crate) connections: AtomicUsize,
    /// One permit a request in progress.
    pub(crate) requests: Semaphore,
    /// What fixed plans have decided.
    pub(crate) decisions: Decisions,
    /// The list of experiments as last made.
    pub(crate) rows: Rows,
    /// The bundle as last written.
    pub(crate) bundle: Written,
    /// Whether a recount is under way: one at a time.
    pub(crate) verifying: AtomicBool,
    /// One permit for a copy of the log: one at a time.
    pub(crate) copies: Arc<Semaphore>,
    /// One permit a stream of facts.
    pub(crate) streams: Arc<Semaphore>,
    /// One permit a reading of all customers.
    pub(crate) scans: Arc<Semaphore>,
}

impl AppState {
    /// The state of a server over `store`.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new(
        store: Arc<Store>,
        settings: Settings,
        start_token: String,
    ) -> Result<AppState, getrandom::Error> {
        let (started, request_ids) = ((settings.clock)(), RequestIds::new()?);
        let gate = Gate { admin_key: settings.admin_key.clone(), start_token };
        let cors = cors(&settings.cors_origins);
        let rates = Rates::new(settings.rate_limit);
        let requests = Semaphore::new(settings.max_requests.clamp(1, Semaphore::MAX_PERMITS));
        let verifying = AtomicBool::new(false);
        let copies = Arc::new(Semaphore::new(1));
        let scans = Arc::new(Semaphore::new(MAX_SCANS));
        Ok(AppState(Arc::new(Shared {
            store,
            settings,
            gate,
            sessions: Sessions::default(),
            cors,
            rates,
            started,
            request_ids,
            answered: Requests::of(addresses()),
            assignments: Assignments::default(),
            idempotent: Answers::default(),
            connections: AtomicUsize::new(0),
            requests,
            decisions: Decisions::default(),
            rows: Rows::default(),
            bundle: Written::default(),
            verifying,
            copies,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            scans,
        })))
    }

    /// Whether the sums are whole: while they are rebuilt, what there is of them would mislead.
    ///
    /// # Errors
    /// 503 with the progress.
    pub(crate) fn check_rebuilt(&self) -> Result<(), Problem> {
        let readiness = self.store.ready();
        if readiness.ready || readiness.failed.is_some() {
            return Ok(());
        }
        let (folded, of) = (readiness.folded, readiness.of);
        let detail = format!("the state is being rebuilt from the log: {folded} of {of} facts");
        Err(Problem::new(
            Kind::NotReady,
            match self.store.shortage() {
                Some(shortage) => format!("{detail}; {shortage}"),
                None => format!("{detail}; mend: wait, nothing is lost"),
            },
        ))
    }

    /// Waits until everything acknowledged so far is in the sums.
    ///
    /// # Errors
    /// 503 when that takes longer than [`FRESH_TIMEOUT`].
    pub(crate) async fn fold_all(&self) -> Result<(), Problem> {
        let wait = self.store.wait_for(self.store.log_position());
        match tokio::time::timeout(FRESH_TIMEOUT, wait).await {
            Ok(folded) => Ok(folded?),
            Err(_) => Err(Problem::busy("the sums are far behind the log; mend: try again in a moment")),
        }
    }

    /// Whether most of the connections that there may be are taken.
    pub(crate) fn is_crowded(&self) -> bool {
        let open = self.connections.load(Ordering::Relaxed);
        open > self.settings.max_connections / 4 * 3
    }

    /// Who sent these headers.
    ///
    /// # Errors
    /// 401 for a wrong key, or none where one is needed; 403 for a wrong start token.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.gate.caller(headers, &self.store.api_keys(), || self.now())
    }

    /// Whether a caller who was let in is so still, and may send one request more.
    ///
    /// # Errors
    /// 401 when not; 429 when it is one too many.
    pub(crate) fn admit_again(&self, caller: &Caller) -> Result<(), Problem> {
        let keys = self.store.api_keys();
        self.gate.check_again(caller, &keys, self.now())?;
        self.rates.count(caller, &keys).map(drop)
    }

    /// Whether callers need a key.
    pub(crate) fn needs_key(&self) -> bool {
        self.gate.needs_key(&self.store.api_keys())
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
