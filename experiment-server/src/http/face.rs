//! The HTTP face without a connection: a request in, its answer out.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};

use super::around::around;
use super::state::AppState;
use crate::settings::Settings;
use crate::store::{Store, system_clock};

/// The start token of every [`Face`].
#[doc(hidden)]
pub const START_TOKEN: &str = "the start token of a face";

/// Everything that answers requests, on a folder, without keys; for a fuzzer.
#[doc(hidden)]
pub struct Face {
    runtime: Runtime,
    app: AppState,
}

impl Face {
    /// On a folder of its own.
    ///
    /// # Errors
    /// The folder can't be used, or the system gives no threads or random bytes.
    pub fn new(data: &Path) -> Result<Face, Box<dyn std::error::Error>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let store = Arc::new(Store::open(data, system_clock())?);
        store.wait_for_blocking(store.ready().of)?;
        let app = AppState::new(store, Settings::new(data), START_TOKEN.to_owned())?;
        Ok(Face { runtime, app })
    }

    /// Status and body of the answer; `None` for what is no request.
    #[must_use]
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).ok()?;
        self.runtime.block_on(async {
            let Ok(response) = around(self.app.clone(), request).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.ok()?;
            Some((status, body.to_bytes().to_vec()))
        })
    }
}
