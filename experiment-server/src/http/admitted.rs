//! What a handler is given beside the request.

use std::pin::Pin;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;

use super::auth::Caller;
use super::problem::Problem;
use super::state::AppState;

/// What a handler gives.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Somebody who was let in, and where to.
pub(crate) struct Admitted {
    /// What handlers share.
    pub(crate) app: AppState,
    /// Who asks; `None` where nobody was asked.
    pub(crate) caller: Option<Caller>,
}

impl FromRef<Admitted> for AppState {
    fn from_ref(admitted: &Admitted) -> AppState {
        admitted.app.clone()
    }
}

impl FromRequestParts<Admitted> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, admitted: &Admitted) -> Result<Caller, Problem> {
        admitted.caller()
    }
}

impl Admitted {
    /// Who asks.
    ///
    /// # Errors
    /// A fault of ours: nobody was asked.
    pub(crate) fn caller(&self) -> Result<Caller, Problem> {
        let caller = self.caller.clone();
        caller.ok_or_else(|| Problem::internal("a call that is open asks who the caller is"))
    }
}
